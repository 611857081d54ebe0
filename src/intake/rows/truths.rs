//! What expressions take for true because something stands in it, where what stands there says yes or no.

use std::collections::BTreeMap;

use super::super::campaign_file::CampaignFile;
use super::super::columns::fold;
use super::super::consent::Consent;
use super::super::expression::{self, Place};
use super::first::FirstRows;
use crate::domain::problem::Problem;

/// Of the values that are sent: a condition on a column alone, as in `{{ 'con ayuno' if ayuno else 'sin ayuno' }}`, tells whoever
/// has a no in it the contrary. Where the column holds other texts it asks whether there is one. `names` are the columns' by their
/// folded names.
pub(super) fn turned_round(
    campaign: &CampaignFile,
    (names, vars): (&BTreeMap<String, usize>, &BTreeMap<String, String>),
    first: &FirstRows<'_>,
) -> Vec<Problem> {
    let says_no = |name: &str| match names.get(name).or_else(|| names.get(&fold(name))) {
        Some(place) => first.said(*place).has_a_no(),
        None => vars.get(name).is_some_and(|text| text.trim() == "0" || Consent::is_yes_or_no(text)),
    };
    let mut problems = Vec::new();
    for (section, entry, source) in values(campaign) {
        let wrong = expression::taken_for_true(source).into_iter().find(|name| says_no(name));
        let at = campaign.places.get(&(section, entry.clone())).copied();
        problems.extend(wrong.map(|name| Place::of(section, &entry, at).takes_for_true(&name)));
    }
    problems
}

/// The expressions of what is sent: section, entry and source.
fn values(campaign: &CampaignFile) -> impl Iterator<Item = (&'static str, String, &str)> {
    let variables = campaign.variables.iter().map(|(name, source)| ("variables", name.clone(), source.as_str()));
    let buttons = campaign.template.buttons.iter();
    let buttons = buttons.map(|(index, takes)| ("template.buttons", index.to_string(), takes.source()));
    let slots = campaign.template.slots.iter();
    let slots = slots.map(|(slot, source)| ("template", slot.to_string(), source.as_str()));
    let header = campaign.template.header_text.iter().map(|source| ("template", "header".to_owned(), source.as_str()));
    variables.chain(buttons).chain(slots).chain(header)
}
