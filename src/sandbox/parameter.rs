//! Whether the parameters of a send fit the template.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::Refusal;
use super::template_shape::{ButtonShape, HeaderShape, Shape, placeholders, text, word};

mod special;

/// Checks the `components` of a send against `shape`; `has_media` says which media ids exist.
pub(super) fn check(shape: &Shape, components: &Value, has_media: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    let parts = Parts::read(components)?;
    check_header((shape.header.as_ref(), shape.is_named), parts.header, has_media)?;
    special::check_offer(shape, parts.offer)?;
    special::check_cards(shape, parts.cards, has_media)?;
    let body = parts.body.map(parameters).unwrap_or_default();
    let filled = check_texts("body", shape.is_named, &shape.body, body)?;
    let longest = if shape.offer.is_some() { 600 } else { 1024 };
    if filled.chars().count() > longest {
        return Err(Refusal::new(
            132_005,
            format!("body: the text with its parameters has more than {longest} characters"),
        ));
    }
    check_buttons(&shape.buttons, &parts.buttons)
}

fn check_buttons(buttons: &[ButtonShape], sent: &BTreeMap<usize, &Value>) -> Result<(), Refusal> {
    for (index, button) in buttons.iter().enumerate() {
        check_button(index, button, sent.get(&index).copied())?;
    }
    match sent.keys().find(|index| **index >= buttons.len()) {
        Some(index) => Err(Refusal::new(132_000, format!("buttons: the template has no button at index {index}"))),
        None => Ok(()),
    }
}

/// Checks what can be checked without knowing the template: the texts.
pub(super) fn check_unknown(components: &Value) -> Result<(), Refusal> {
    let parts = Parts::read(components)?;
    let all = parts.header.into_iter().chain(parts.body).chain(parts.buttons.into_values());
    for parameter in all.flat_map(parameters) {
        if word(parameter, "type") == "text" {
            check_text("component", text(parameter, "text"))?;
        }
    }
    Ok(())
}

struct Parts<'a> {
    header: Option<&'a Value>,
    body: Option<&'a Value>,
    buttons: BTreeMap<usize, &'a Value>,
    offer: Option<&'a Value>,
    cards: Option<&'a Value>,
}

impl<'a> Parts<'a> {
    fn read(components: &'a Value) -> Result<Self, Refusal> {
        let mut parts = Self { header: None, body: None, buttons: BTreeMap::new(), offer: None, cards: None };
        let list = match components {
            Value::Null => return Ok(parts),
            Value::Array(list) => list,
            _ => return Err(Refusal::new(100, "template['components'] must be an array")),
        };
        for component in list {
            match word(component, "type").as_str() {
                "header" => parts.header = Some(component),
                "body" => parts.body = Some(component),
                "limited_time_offer" => parts.offer = Some(component),
                "carousel" => parts.cards = Some(component),
                "button" => {
                    let index = index_of(component).ok_or_else(|| {
                        Refusal::new(131_008, "template['components']: a button needs an index from 0 to 9")
                    })?;
                    parts.buttons.insert(index, component);
                }
                other => return Err(Refusal::new(100, format!("template['components']: unknown type '{other}'"))),
            }
        }
        Ok(parts)
    }
}

/// A string or a number, 0 to 9.
fn index_of(button: &Value) -> Option<usize> {
    let index = match &button["index"] {
        Value::String(digits) => digits.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    index.filter(|i| *i <= 9).map(|i| i as usize)
}

fn parameters(component: &Value) -> &[Value] {
    component["parameters"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn check_header(
    (header, is_named): (Option<&HeaderShape>, bool),
    sent: Option<&Value>,
    has_media: &dyn Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let sent = sent.map(parameters).unwrap_or_default();
    match header {
        None if sent.is_empty() => Ok(()),
        None => Err(Refusal::new(132_000, "header: the template has no header, parameters were given")),
        Some(HeaderShape::Text(text)) => {
            let filled = check_texts("header", is_named, text, sent)?;
            let fits = filled.chars().count() <= 60;
            let too_long = || Refusal::new(132_005, "header: the text with its parameter is longer than 60 characters");
            fits.then_some(()).ok_or_else(too_long)
        }
        Some(HeaderShape::Media(kind)) => check_media(kind, sent, has_media),
    }
}

fn check_media(kind: &str, sent: &[Value], has_media: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    let [parameter] = sent else {
        return Err(Refusal::new(132_012, format!("header: Format mismatch, expected {kind}, received nothing")));
    };
    if word(parameter, "type") != kind {
        let got = word(parameter, "type");
        return Err(Refusal::new(132_012, format!("header: Format mismatch, expected {kind}, received {got}")));
    }
    if let Some(special) = special::check_header(kind, &parameter[kind]) {
        return special;
    }
    let media = &parameter[kind];
    match (text(media, "id"), text(media, "link")) {
        ("", "") => Err(Refusal::new(131_008, format!("header: {kind} needs an id or a link"))),
        ("", link) if link.starts_with("https://") || link.starts_with("http://") => Ok(()),
        ("", _) => Err(Refusal::new(131_009, format!("header: {kind}.link is not a URL"))),
        (id, "") if has_media(id) => Ok(()),
        (id, "") => Err(Refusal::new(131_053, format!("header: no media with id {id}"))),
        _ => Err(Refusal::new(100, format!("header: {kind} takes an id or a link, not both"))),
    }
}

/// Checks count, names, kinds and texts of `sent` against the placeholders of `template`; the filled-in text.
fn check_texts(place: &str, is_named: bool, template: &str, sent: &[Value]) -> Result<String, Refusal> {
    let expected = placeholders(template);
    if sent.len() != expected.len() {
        let counts = format!(
            "number of localizable_params ({}) does not match the expected number of params ({})",
            sent.len(),
            expected.len()
        );
        return Err(Refusal::new(132_000, format!("{place}: {counts}")));
    }
    let mut filled = template.to_owned();
    for (no, parameter) in sent.iter().enumerate() {
        let name = name_of(place, is_named, &expected, no, parameter)?;
        let value = value_of(place, parameter)?;
        for spelling in [format!("{{{{{name}}}}}"), format!("{{{{ {name} }}}}")] {
            filled = filled.replace(&spelling, value);
        }
    }
    Ok(filled)
}

fn name_of<'a>(
    place: &str,
    is_named: bool,
    expected: &[&'a str],
    no: usize,
    parameter: &Value,
) -> Result<&'a str, Refusal> {
    let given = text(parameter, "parameter_name");
    if !is_named {
        let numbered = (no + 1).to_string();
        let found = expected.iter().find(|name| **name == numbered).copied();
        let mixed = || Refusal::new(132_012, format!("{place}: a named parameter in a positional template"));
        return found.filter(|_| given.is_empty()).ok_or_else(mixed);
    }
    if given.is_empty() {
        return Err(Refusal::new(132_012, format!("{place}: Parameter name is missing or empty")));
    }
    let unknown = || Refusal::new(132_000, format!("{place}: the template has no parameter '{given}'"));
    expected.iter().find(|name| **name == given).copied().ok_or_else(unknown)
}

/// The text a parameter stands for. Currency and date parameters are old, and still taken.
fn value_of<'a>(place: &str, parameter: &'a Value) -> Result<&'a str, Refusal> {
    let value = match word(parameter, "type").as_str() {
        "text" => text(parameter, "text"),
        kind @ ("currency" | "date_time") => text(&parameter[kind], "fallback_value"),
        other => {
            return Err(Refusal::new(132_012, format!("{place}: Format mismatch, expected text, received {other}")));
        }
    };
    check_text(place, value)?;
    Ok(value)
}

fn check_text(place: &str, value: &str) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(Refusal::new(131_008, format!("{place}: Parameter of type text is missing text value")));
    }
    if value.contains(['\n', '\r', '\t']) || value.contains("     ") {
        let details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
        return Err(Refusal::new(132_018, format!("{place}: {details}")));
    }
    Ok(())
}

fn check_button(index: usize, button: &ButtonShape, sent: Option<&Value>) -> Result<(), Refusal> {
    let kind = &button.kind;
    let Some(sent) = sent else {
        let missing =
            || Refusal::new(131_008, format!("buttons: Button at index {index} of type {kind} requires a parameter"));
        return if button.takes_parameter() { Err(missing()) } else { Ok(()) };
    };
    let sub_type = word(sent, "sub_type");
    if sub_type != *kind {
        let details = format!("buttons: Button at index {index} is of type {kind}, not {sub_type}");
        return Err(Refusal::new(132_012, details));
    }
    match (kind.as_str(), parameters(sent)) {
        ("quick_reply", [one]) => check_payload(index, one),
        ("catalog", [one]) => special::check_catalog(index, one),
        ("mpm", [one]) => special::check_products(index, one),
        ("flow", [one]) => special::check_flow(index, one),
        ("copy_code", [one]) => check_code(index, text(one, "coupon_code")),
        ("url", [one]) if button.takes_parameter() => check_suffix(index, button, one),
        (_, []) if !button.takes_parameter() => Ok(()),
        (_, given) => {
            let count = given.len();
            Err(Refusal::new(132_000, format!("buttons: Button at index {index} got {count} parameters")))
        }
    }
}

fn check_payload(index: usize, parameter: &Value) -> Result<(), Refusal> {
    let length = text(parameter, "payload").chars().count();
    if word(parameter, "type") != "payload" {
        return Err(Refusal::new(132_012, format!("buttons: Button at index {index} takes a payload")));
    }
    let details = format!("buttons: the payload of the button at index {index} is 1 to 128 characters");
    if (1..=128).contains(&length) { Ok(()) } else { Err(Refusal::new(131_009, details)) }
}

fn check_code(index: usize, code: &str) -> Result<(), Refusal> {
    let fits = (1..=20).contains(&code.chars().count()) && !code.contains(char::is_whitespace);
    let details = format!("buttons: the code of the button at index {index} is 1 to 20 characters without spaces");
    if fits { Ok(()) } else { Err(Refusal::new(131_009, details)) }
}

fn check_suffix(index: usize, button: &ButtonShape, parameter: &Value) -> Result<(), Refusal> {
    if word(parameter, "type") != "text" {
        return Err(Refusal::new(132_012, format!("buttons: Button at index {index} takes a text")));
    }
    let suffix = text(parameter, "text");
    check_text("buttons", suffix)?;
    let length = button.url.len() + suffix.len();
    if suffix.contains(' ') || length > 2000 {
        return Err(Refusal::new(131_009, format!("buttons: the URL of the button at index {index} is not valid")));
    }
    Ok(())
}
