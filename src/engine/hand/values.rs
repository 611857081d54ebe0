//! The values a template by hand needs, each within the provider's limits.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::domain::fill::{ButtonFill, Fill, HeaderFill, Value};
use crate::domain::problem::Problem;
use crate::domain::template::parts::Takes;
use crate::domain::template::slot::{self, Slot};
use crate::domain::template::{Header, Template, parameters};

/// Meta's limit of one parameter, in characters.
const LONGEST: usize = 1_024;

/// What `values` put into a template, and what is missing, too long or too many among them. A parameter without a value
/// stays as the template has it.
pub(super) fn fill(template: &Template, values: &[(String, String)], zone: &TimeZone) -> (Fill, Vec<Problem>) {
    let (mut problems, mut taken) = (Vec::new(), BTreeSet::new());
    let mut value = |name: &str| {
        taken.insert(name.to_owned());
        let given = values.iter().find(|(n, _)| n == name).map(|(_, text)| one_line(text)).unwrap_or_default();
        if given.is_empty() {
            problems.push(Problem::new("value_missing", &[("name", name)]));
        } else if given.chars().count() > LONGEST {
            problems.push(Problem::new("value_long", &[("name", name), ("limit", &LONGEST.to_string())]));
        }
        Some(given).filter(|given| !given.is_empty())
    };
    let header = match &template.header {
        Some(Header::Text { text }) => parameters(text)
            .into_iter()
            .next()
            .and_then(|name| Some(HeaderFill::Text(Value { text: value("header")?, name }))),
        Some(Header::Image | Header::Video | Header::Document | Header::Gif) => {
            value("header").map(|link| HeaderFill::Link { link })
        }
        Some(Header::Location | Header::Product) | None => None,
    };
    let body = template.body_parameters().into_iter();
    let body = body.filter_map(|name| Some(Value { text: value(&name)?, name })).collect();
    let buttons = template.buttons.iter().enumerate().filter(|(i, button)| match button.takes() {
        Takes::Nothing => false,
        takes => takes.is_needed() || is_given(values, &format!("button.{i}")),
    });
    let buttons = buttons
        .filter_map(|(i, _)| Some(ButtonFill { index: i as i64, text: value(&format!("button.{i}"))? }))
        .collect();
    let mut slots: Vec<(Slot, String)> = Vec::new();
    let told = values.iter().filter_map(|(name, _)| Slot::parse(name)).filter(|slot| template.has_slot(slot));
    let told: Vec<Slot> = told.filter(|slot| matches!(slot, Slot::FlowData(_))).collect();
    for slot in template.slots().into_iter().chain(told) {
        slots.extend(value(&slot.to_string()).map(|text| (slot, text)));
    }
    let extra = values.iter().filter(|(name, _)| !taken.contains(name));
    problems.extend(extra.map(|(name, _)| Problem::new("value_unknown", &[("name", name)])));
    let mut fill = Fill { header, body, buttons, ..Fill::default() };
    if let Err((slot, misfit)) = slot::put(&mut fill, slots, (zone, &[])) {
        let word = format!("slot_misfit.{}", misfit.as_str());
        problems.push(Problem::new("value_misfit", &[("name", &slot.to_string()), ("why_key", &word)]));
    }
    (fill, problems)
}

fn is_given(values: &[(String, String)], name: &str) -> bool {
    values.iter().any(|(given, text)| given == name && !text.trim().is_empty())
}

/// Parameters take no line breaks, tabs or runs of spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\0', "")
}
