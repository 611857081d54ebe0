//! Templates as Gupshup lists them (gupshup-zenvia.md 1.9): what they are made of stands in `containerMeta`, a JSON text.

use std::time::Duration;

use serde_json::Value;

use crate::domain::template::{Button, Category, Header, ParameterFormat, Template, TemplateStatus};
use crate::provider::loose;

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
        examples: Vec::new(),
        body: text.or_else(|| loose::text(item, "data")).unwrap_or_default(),
        footer: loose::some_text(&meta, "footer"),
        buttons: loose::items(&meta, "buttons").iter().map(button).collect(),
        quality: None,
        time_to_live_s: None,
    };
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

fn button(button: &Value) -> Button {
    let text = loose::text(button, "text").unwrap_or_default();
    match loose::text(button, "type").unwrap_or_default().to_ascii_uppercase().as_str() {
        "QUICK_REPLY" => Button::QuickReply { text },
        "URL" => Button::Url { text, url: loose::text(button, "url").unwrap_or_default() },
        // A one-time code is given twice: in the body and for its button.
        "OTP" => Button::Url { text, url: loose::text(button, "url").unwrap_or_else(|| "{{1}}".to_owned()) },
        "COPY_CODE" => Button::CopyCode { text },
        _ => Button::Other { text },
    }
}

/// What the template needs at each send that Recado cannot give yet.
fn beyond(kind: &str, template: &Template) -> Option<&'static str> {
    let is_named = |name: &String| !name.bytes().all(|b| b.is_ascii_digit());
    match kind {
        "LOCATION" => Some("location header"),
        "PRODUCT" | "CATALOG" => Some("catalog"),
        "CAROUSEL" => Some("carousel"),
        "LTO" => Some("limited time offer"),
        _ if template.body_parameters().iter().any(is_named) => Some("named parameters"),
        _ => None,
    }
}
