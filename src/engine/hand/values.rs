//! The values a template by hand needs, each within the provider's limits.

use std::collections::BTreeSet;

use crate::domain::fill::{ButtonFill, Fill, HeaderFill, Value};
use crate::domain::problem::Problem;
use crate::domain::template::{Button, Header, Template, parameters};

/// Meta's limit of one parameter, in characters.
const LONGEST: usize = 1_024;

/// What `values` put into a template, and what is missing, too long or too many among them. A parameter without a value
/// stays as the template has it.
pub(super) fn fill(template: &Template, values: &[(String, String)]) -> (Fill, Vec<Problem>) {
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
        Some(Header::Image | Header::Video | Header::Document) => value("header").map(|link| HeaderFill::Link { link }),
        Some(Header::Location) | None => None,
    };
    let body = template.body_parameters().into_iter();
    let body = body.filter_map(|name| Some(Value { text: value(&name)?, name })).collect();
    let buttons = template.buttons.iter().enumerate().filter(|(_, button)| takes_one(button));
    let buttons = buttons
        .filter_map(|(i, _)| Some(ButtonFill { index: i as i64, text: value(&format!("button.{i}"))? }))
        .collect();
    let extra = values.iter().filter(|(name, _)| !taken.contains(name));
    problems.extend(extra.map(|(name, _)| Problem::new("value_unknown", &[("name", name)])));
    (Fill { header, body, buttons, ..Fill::default() }, problems)
}

fn takes_one(button: &Button) -> bool {
    match button {
        Button::Url { url, .. } => !parameters(url).is_empty(),
        Button::CopyCode { .. } => true,
        Button::QuickReply { .. } | Button::OneTimeCode { .. } | Button::Other { .. } => false,
    }
}

/// Parameters take no line breaks, tabs or runs of spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\0', "")
}
