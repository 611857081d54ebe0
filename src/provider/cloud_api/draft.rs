//! A template as Meta takes it for approval (cloud-api.md 4.2).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::template::code::{CodeTerms, CodeWay};
use crate::domain::template::draft::{Draft, DraftButton, DraftCard, DraftHeader};
use crate::domain::template::{ParameterFormat, parameters};

/// The body of a creation.
pub(super) fn creation(draft: &Draft) -> Value {
    let mut body = json!({
        "name": draft.name,
        "language": draft.language,
        "category": draft.category.as_str().to_ascii_uppercase(),
        "components": components(draft),
    });
    if draft.code.is_none() {
        body["parameter_format"] = format(draft).into();
    }
    life(&mut body, draft);
    body
}

/// The body of an edit: all components anew. The category of an approved template is left out, since Meta refuses it
/// even where it is the same.
pub(super) fn edit(draft: &Draft, with_category: bool) -> Value {
    let mut body = json!({ "components": components(draft) });
    if draft.code.is_none() {
        body["parameter_format"] = format(draft).into();
    }
    if with_category {
        body["category"] = draft.category.as_str().to_ascii_uppercase().into();
    }
    life(&mut body, draft);
    body
}

fn life(body: &mut Value, draft: &Draft) {
    if let Some(seconds) = draft.time_to_live_s {
        body["message_send_ttl_seconds"] = seconds.into();
    }
}

const fn format(draft: &Draft) -> &'static str {
    match draft.format {
        ParameterFormat::Positional => "positional",
        ParameterFormat::Named => "named",
    }
}

/// A one-time code: no texts, one button (cloud-api.md 4.2).
fn of_code(terms: &CodeTerms) -> Vec<Value> {
    let mut all = vec![json!({ "type": "BODY", "add_security_recommendation": terms.security_advice })];
    all.extend(terms.good_for_minutes.map(|minutes| json!({ "type": "FOOTER", "code_expiration_minutes": minutes })));
    let mut button = json!({ "type": "OTP", "otp_type": terms.way.on_the_wire() });
    if !terms.label.is_empty() {
        button["text"] = json!(terms.label);
    }
    if !terms.apps.is_empty() {
        button["supported_apps"] = json!(terms.apps);
    }
    if terms.way == CodeWay::ZeroTap {
        button["zero_tap_terms_accepted"] = json!(true);
    }
    all.push(json!({ "type": "BUTTONS", "buttons": [button] }));
    all
}

fn components(draft: &Draft) -> Vec<Value> {
    if let Some(terms) = &draft.code {
        return of_code(terms);
    }
    let mut all = Vec::new();
    all.extend(draft.header.as_ref().map(|h| header(draft, h)));
    all.extend(draft.offer.as_ref().map(|offer| {
        json!({ "type": "LIMITED_TIME_OFFER",
            "limited_time_offer": { "text": offer.text, "has_expiration": offer.ends } })
    }));
    all.push(body((draft.format, &draft.examples), &draft.body));
    all.extend(draft.footer.as_ref().map(|text| json!({ "type": "FOOTER", "text": text })));
    if !draft.buttons.is_empty() {
        all.push(buttons(&draft.buttons));
    }
    if !draft.cards.is_empty() {
        let cards: Vec<Value> = draft.cards.iter().map(|one| card(draft, one)).collect();
        all.push(json!({ "type": "CAROUSEL", "cards": cards }));
    }
    all
}

/// Examples by the names of their variables, and how those are written.
type Examples<'a> = (ParameterFormat, &'a BTreeMap<String, String>);

fn body(examples: Examples<'_>, text: &str) -> Value {
    let mut body = json!({ "type": "BODY", "text": text });
    if let Some(example) = example(examples, text, "body") {
        body["example"] = example;
    }
    body
}

fn buttons(all: &[DraftButton]) -> Value {
    json!({ "type": "BUTTONS", "buttons": all.iter().map(button).collect::<Vec<_>>() })
}

/// A card is a small template of its own (Meta's guide to media card carousels, June 2026).
fn card(draft: &Draft, card: &DraftCard) -> Value {
    let mut all = vec![header(draft, &card.header)];
    if !card.body.is_empty() {
        all.push(body((draft.format, &card.examples), &card.body));
    }
    if !card.buttons.is_empty() {
        all.push(buttons(&card.buttons));
    }
    json!({ "components": all })
}

fn header(draft: &Draft, header: &DraftHeader) -> Value {
    let media = |format: &str, sample: &str| json!({ "type": "HEADER", "format": format, "example": { "header_handle": [sample] } });
    match header {
        DraftHeader::Text { text } => {
            let mut header = json!({ "type": "HEADER", "format": "TEXT", "text": text });
            if let Some(example) = example((draft.format, &draft.examples), text, "header") {
                header["example"] = example;
            }
            header
        }
        DraftHeader::Image { sample } => media("IMAGE", sample),
        DraftHeader::Video { sample } => media("VIDEO", sample),
        DraftHeader::Document { sample } => media("DOCUMENT", sample),
        DraftHeader::Location => json!({ "type": "HEADER", "format": "LOCATION" }),
    }
}

/// Examples of the variables of `text`, in the form of its component; `None` where it has none.
fn example((format, examples): Examples<'_>, text: &str, component: &str) -> Option<Value> {
    let names = parameters(text);
    if names.is_empty() {
        return None;
    }
    let of = |name: &String| examples.get(name).cloned().unwrap_or_default();
    let mut example = Map::new();
    match format {
        ParameterFormat::Named => {
            let all = names.iter().map(|name| json!({ "param_name": name, "example": of(name) })).collect();
            example.insert(format!("{component}_text_named_params"), Value::Array(all));
        }
        ParameterFormat::Positional => {
            // Meta's list follows the numbers, whatever order the text has them in.
            let mut names = names;
            names.sort_by_key(|name| name.parse::<u32>().ok());
            let values: Vec<String> = names.iter().map(of).collect();
            let value = if component == "body" { json!([values]) } else { json!(values) };
            example.insert(format!("{component}_text"), value);
        }
    }
    Some(Value::Object(example))
}

fn button(button: &DraftButton) -> Value {
    match button {
        DraftButton::QuickReply { text } => json!({ "type": "QUICK_REPLY", "text": text }),
        DraftButton::Url { text, url, example } => {
            let mut button = json!({ "type": "URL", "text": text, "url": url });
            if !parameters(url).is_empty() {
                button["example"] = json!([example]);
            }
            button
        }
        DraftButton::PhoneNumber { text, phone_number } => {
            json!({ "type": "PHONE_NUMBER", "text": text, "phone_number": phone_number })
        }
        DraftButton::CopyCode { example } => json!({ "type": "COPY_CODE", "example": example }),
        // Their labels are WhatsApp's own, and are asked for all the same.
        DraftButton::Catalog => json!({ "type": "CATALOG", "text": "View catalog" }),
        DraftButton::Products => json!({ "type": "MPM", "text": "View items" }),
    }
}
