//! The campaign's variables, header and buttons against the template's, both ways.

use crate::domain::problem::Problem;
use crate::domain::template::parts::Takes;
use crate::domain::template::{Header, ParameterFormat, Template};

use super::super::campaign_file::{CampaignFile, LinkKind};
use super::super::columns::nearest;

/// Everything in which campaign and template do not match.
pub(super) fn compare(campaign: &CampaignFile, template: &Template) -> Vec<Problem> {
    let mut problems = variables(campaign, template);
    problems.extend(header(campaign, template));
    problems.extend(buttons(campaign, template));
    problems.extend(slots(campaign, template));
    problems
}

fn variables(campaign: &CampaignFile, template: &Template) -> Vec<Problem> {
    let mut wanted = template.body_parameters();
    let in_header = template.header_parameters();
    let mut problems = Vec::new();
    let own = campaign.template.header_text.is_some();
    if template.format == ParameterFormat::Positional && !in_header.is_empty() && !own {
        // Numbers count anew in a header, so its value has a key of its own.
        problems.push(Problem::new("header_parameter", &[]));
    } else if own && in_header.is_empty() {
        problems.push(Problem::new("header_text_extra", &[]));
    } else if template.format == ParameterFormat::Named && !own {
        wanted.extend(in_header);
    }
    problems.extend(by_number(campaign, template, &wanted));
    for name in wanted.iter().filter(|name| campaign.variables.iter().all(|(given, _)| given != *name)) {
        problems.push(Problem::new("missing_variable", &[("name", name)]));
    }
    for (name, _) in campaign.variables.iter().filter(|(given, _)| !wanted.contains(given)) {
        problems.push(match nearest(name, wanted.iter().map(String::as_str)) {
            Some(meant) => Problem::new("extra_variable_meant", &[("name", name), ("meant", meant)]),
            None => Problem::new("extra_variable", &[("name", name)]),
        });
    }
    problems
}

/// Names where the template counts: the campaign was written for the same template at a provider that names.
fn by_number(campaign: &CampaignFile, template: &Template, wanted: &[String]) -> Option<Problem> {
    let is_name = |name: &str| name.parse::<u32>().is_err();
    let named: Vec<&str> = campaign.variables.iter().map(|(name, _)| name.as_str()).filter(|n| is_name(n)).collect();
    let counts = template.format == ParameterFormat::Positional && !wanted.is_empty();
    (counts && !named.is_empty()).then(|| {
        let args = [("names", named.join(", ")), ("numbers", wanted.join(", "))];
        let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Problem::new("variables_by_number", &args)
    })
}

fn header(campaign: &CampaignFile, template: &Template) -> Vec<Problem> {
    let given = campaign.template.header_link.as_ref().and(campaign.template.header_kind);
    let wanted = match &template.header {
        Some(Header::Image) => Some(LinkKind::Image),
        Some(Header::Video) => Some(LinkKind::Video),
        Some(Header::Document) => Some(LinkKind::Document),
        Some(Header::Gif) => Some(LinkKind::Gif),
        // Places and products are compared with the other places of the template.
        Some(Header::Text { .. } | Header::Location | Header::Product) | None => None,
    };
    match (wanted, given) {
        (Some(wanted), None) => vec![Problem::new("header_missing", &[("kind", word(wanted))])],
        (Some(wanted), Some(given)) if wanted != given => {
            vec![Problem::new("header_kind", &[("kind", word(wanted)), ("given", word(given))])]
        }
        (None, Some(given)) => vec![Problem::new("header_extra", &[("given", word(given))])],
        _ => Vec::new(),
    }
}

/// The key of the campaign file.
const fn word(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Image => "image",
        LinkKind::Video => "video",
        LinkKind::Document => "document",
        LinkKind::Gif => "gif",
    }
}

fn buttons(campaign: &CampaignFile, template: &Template) -> Vec<Problem> {
    let given = &campaign.template.buttons;
    let mut problems = Vec::new();
    for (index, button) in template.buttons.iter().enumerate() {
        let takes = button.takes();
        let entry = given.iter().find(|(i, _)| usize::try_from(*i).is_ok_and(|i| i == index)).map(|(_, takes)| takes);
        let place = index.to_string();
        match entry {
            Some(_) if takes == Takes::Nothing => problems.push(Problem::new("extra_button", &[("index", &place)])),
            Some(entry) if entry.fits(takes) => {}
            None if !takes.is_needed() => {}
            Some(_) | None => {
                let args = [("index", &*place), ("label", button.text()), ("key", takes.key())];
                problems.push(Problem::new("missing_button", &args));
            }
        }
    }
    for (index, _) in given {
        let button = usize::try_from(*index).ok().and_then(|i| template.buttons.get(i));
        if button.is_none() {
            problems.push(Problem::new("extra_button", &[("index", &index.to_string())]));
        }
    }
    problems
}

/// Places, offers, products, flows and cards.
fn slots(campaign: &CampaignFile, template: &Template) -> Vec<Problem> {
    let given = &campaign.template.slots;
    let wanted = template.slots();
    let missing = wanted.iter().filter(|slot| given.iter().all(|(given, _)| given != *slot));
    let mut problems: Vec<Problem> =
        missing.map(|slot| Problem::new("missing_slot", &[("slot", &slot.to_string())])).collect();
    let extra = given.iter().filter(|(slot, _)| !template.has_slot(slot));
    problems.extend(extra.map(|(slot, _)| Problem::new("extra_slot", &[("slot", &slot.to_string())])));
    problems
}
