//! Templates as Gupshup lists them (gupshup-zenvia.md 1.9): what they are made of stands in `containerMeta`, a JSON text.

use std::time::Duration;

use serde_json::Value;

use crate::domain::template::parts::{Offer, Takes};
use crate::domain::template::{
    Button, Category, Header, ParameterFormat, Template, TemplateQuality, TemplateStatus, example, header_example,
};
use crate::provider::{Listed, loose};

/// Longest reason that is kept.
const LONGEST: usize = 500;

/// One item of the list; `None` without id, name or language: it could not be sent. Utility templates live as long as
/// `utility_life` says; the list does not.
pub(super) fn read(item: &Value, utility_life: Option<Duration>) -> Option<Template> {
    let meta: Value =
        loose::text(item, "containerMeta").and_then(|json| serde_json::from_str(&json).ok()).unwrap_or(Value::Null);
    let kind = loose::text(item, "templateType").unwrap_or_default().to_ascii_uppercase();
    let text = loose::some_text(&meta, "data");
    let mut template = Template {
        provider_id: loose::some_text(item, "id")?,
        name: loose::some_text(item, "elementName")?,
        language: loose::some_text(item, "languageCode")?.replace('-', "_"),
        category: category(&loose::text(item, "category").unwrap_or_default()),
        status: status(&loose::text(item, "status").unwrap_or_default()),
        format: ParameterFormat::Positional,
        header: header(&kind, &meta),
        // Without its container only the joined text is known, and nobody can say where the body ends.
        parameters_unknown: text.is_none(),
        // What it says stands under a name that is not documented.
        offer: (kind == "LTO").then(|| Offer { text: offer_text(&meta), ends: true }),
        cards: Vec::new(),
        examples: examples(item, &meta),
        body: text.or_else(|| loose::text(item, "data")).unwrap_or_default(),
        footer: loose::some_text(&meta, "footer"),
        buttons: loose::items(&meta, "buttons").iter().map(button).collect(),
        announced: None,
        quality: loose::text(item, "quality").and_then(|word| TemplateQuality::of(&word)),
        time_to_live_s: None,
    };
    let correct = loose::some_text(&meta, "correctCategory").map(|word| self::category(&word));
    template.announced = correct.filter(|correct| *correct != template.category);
    if template.category == Category::Utility {
        template.time_to_live_s = utility_life.and_then(|life| i64::try_from(life.as_secs()).ok());
    }
    if template.status == TemplateStatus::Approved
        && let Some(what) = beyond(&kind, &template)
    {
        template.status = TemplateStatus::Other(format!("not available yet: {what}"));
    }
    Some(template)
}

/// One item of the list with what else it tells.
pub(super) fn listed(item: &Value, utility_life: Option<Duration>) -> Option<Listed> {
    let template = read(item, utility_life)?;
    let quality = loose::text(item, "quality").unwrap_or_default().to_ascii_lowercase();
    let is_rejected = template.status == TemplateStatus::Rejected;
    let reason = loose::some_text(item, "reason").filter(|_| is_rejected);
    Some(Listed {
        template,
        reason: reason.map(|words| self::reason(&words)).unwrap_or_default(),
        quality: if quality == "unknown" { String::new() } else { quality },
    })
}

/// Why it was refused: WhatsApp's word where that is what it says, else Gupshup's sentence.
pub(super) fn reason(words: &str) -> String {
    let words: String = words.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let is_word = words.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    match words.as_str() {
        "NONE" => String::new(),
        word if is_word => word.to_ascii_lowercase(),
        _ => words,
    }
}

/// A word nobody knows is taken for marketing, the dearest.
pub(super) fn category(word: &str) -> Category {
    match word.to_ascii_uppercase().as_str() {
        "UTILITY" => Category::Utility,
        "AUTHENTICATION" => Category::Authentication,
        _ => Category::Marketing,
    }
}

/// Only `APPROVED` (and approved again) can be sent; the list of words is open.
pub(super) fn status(word: &str) -> TemplateStatus {
    match word.to_ascii_uppercase().as_str() {
        "APPROVED" | "REINSTATED" => TemplateStatus::Approved,
        "PENDING" | "SUBMITTED" | "IN_REVIEW" | "SANDBOX_REQUESTED" => TemplateStatus::Pending,
        "REJECTED" | "FAILED" => TemplateStatus::Rejected,
        "PAUSED" => TemplateStatus::Paused,
        "DISABLED" | "DEACTIVATED" => TemplateStatus::Disabled,
        other => TemplateStatus::Other(other.to_ascii_lowercase()),
    }
}

fn header(kind: &str, meta: &Value) -> Option<Header> {
    match kind {
        "IMAGE" => Some(Header::Image),
        "VIDEO" | "GIF" => Some(Header::Video),
        "DOCUMENT" => Some(Header::Document),
        "LOCATION" => Some(Header::Location),
        _ => loose::some_text(meta, "header").map(|text| Header::Text { text }),
    }
}

/// What it was approved with: the texts with their values stand beside those without (`meta`, and in the container).
fn examples(item: &Value, meta: &Value) -> Vec<(String, String)> {
    let said = loose::text(item, "meta").and_then(|json| serde_json::from_str::<Value>(&json).ok());
    let said = said.and_then(|said| loose::some_text(&said, "example"));
    let of = |text: &str, said: Option<String>| {
        let text = loose::some_text(meta, text).unwrap_or_default();
        example::values(&text, &said.unwrap_or_default())
    };
    let body = of("data", said.or_else(|| loose::some_text(meta, "sampleText")));
    let header = of("header", loose::some_text(meta, "sampleHeader")).into_iter();
    let header = header.map(|(name, value)| (header_example(&name), value));
    let buttons = loose::items(meta, "buttons").iter().enumerate();
    let buttons = buttons.filter_map(|(no, button)| Some((format!("button.{no}"), given(button)?)));
    body.into_iter().chain(header).chain(buttons).collect()
}

/// The value that a button was approved with: what its address ends with, or its code.
fn given(button: &Value) -> Option<String> {
    let example = button.get("example")?;
    let example = example.as_str().or_else(|| example.as_array()?.first()?.as_str())?;
    match loose::some_text(button, "url") {
        Some(url) => example::value(&url, example),
        None => Some(example.to_owned()).filter(|code| !code.is_empty()),
    }
}

fn button(button: &Value) -> Button {
    let text = loose::text(button, "text").unwrap_or_default();
    match loose::text(button, "type").unwrap_or_default().to_ascii_uppercase().as_str() {
        "QUICK_REPLY" => Button::QuickReply { text },
        "URL" => Button::Url { text, url: loose::text(button, "url").unwrap_or_default() },
        "OTP" => Button::OneTimeCode { text },
        "COPY_CODE" => Button::CopyCode { text },
        "CATALOG" => Button::Catalog { text },
        "MPM" => Button::Products { text },
        "FLOW" => Button::Flow { text },
        _ => Button::Other { text },
    }
}

fn shows_products(button: &Button) -> bool {
    matches!(button.takes(), Takes::Thumbnail | Takes::Products)
}

fn offer_text(meta: &Value) -> String {
    let offer = meta.get("limitedTimeOffer").unwrap_or(&Value::Null);
    let told = offer.as_str().map(str::to_owned).or_else(|| loose::some_text(offer, "text"));
    told.or_else(|| loose::some_text(meta, "limitedOfferText")).unwrap_or_default()
}

/// What the template needs at each send that its list or the reference does not tell.
fn beyond(kind: &str, template: &Template) -> Option<&'static str> {
    let is_named = |name: &String| !name.bytes().all(|b| b.is_ascii_digit());
    match kind {
        "PRODUCT" => Some("product"),
        "CATALOG" if !template.buttons.iter().any(shows_products) => Some("catalog"),
        // The list does not tell the cards, whose values go in the one list of all (gupshup-zenvia.md 1.2).
        "CAROUSEL" => Some("carousel"),
        _ if template.buttons.iter().any(|button| button.takes() == Takes::Flow) => Some("flow button"),
        _ if template.body_parameters().iter().any(is_named) => Some("named parameters"),
        _ => None,
    }
}
