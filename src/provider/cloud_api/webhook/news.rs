//! What Meta tells of templates (cloud-api.md 3.7): status with its reason, quality, a text that has changed.

use serde_json::Value;

use crate::domain::event::{TemplateNews, TemplateNote, WebhookEvent};
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::provider::cloud_api::template;
use crate::provider::loose;

/// Longest advice that is kept.
const LONGEST: usize = 500;

/// Adds what `value` tells; nothing where it names no template.
pub(super) fn read(field: &str, (value, at): (&Value, UnixMs), events: &mut Vec<WebhookEvent>) {
    let name = loose::some_text(value, "message_template_name");
    let language = loose::some_text(value, "message_template_language").map(|l| template::language(&l));
    let (Some(name), Some(language)) = (name, language) else { return };
    let note = TemplateNote { name: name.clone(), language: language.clone(), at, ..TemplateNote::default() };
    if let Some(score) = loose::some_text(value, "new_quality_score") {
        let quality = Some(score.to_ascii_lowercase()).filter(|score| score != "unknown").unwrap_or_default();
        events.push(WebhookEvent::TemplateNote(TemplateNote { quality: Some(quality), ..note }));
        return;
    }
    if field == "message_template_components_update" {
        events.push(WebhookEvent::TemplateNote(TemplateNote { text_changed: true, ..note }));
        return;
    }
    // A warning changes nothing but what people are told (cloud-api.md 4.4).
    if loose::text(value, "event").is_some_and(|event| event.eq_ignore_ascii_case("FLAGGED")) {
        let reason = Some("flagged".to_owned());
        events.push(WebhookEvent::TemplateNote(TemplateNote { reason, advice: Some(String::new()), ..note }));
        return;
    }
    let Some(status) = status(value) else { return };
    let rejection = value.get("rejection_info").unwrap_or(&Value::Null);
    let reason = match template::reason(value, "reason") {
        empty if empty.is_empty() => template::reason(rejection, "reason"),
        reason => reason,
    };
    let reason = if reason.is_empty() { stopped(&status, value) } else { reason };
    let is_rejected = status == TemplateStatus::Rejected;
    let is_stopped = matches!(status, TemplateStatus::Rejected | TemplateStatus::Paused | TemplateStatus::Disabled);
    let advice = loose::text(rejection, "recommendation").unwrap_or_default();
    let advice: String = advice.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    events.push(WebhookEvent::Template(TemplateNews { name, language, status, at }));
    events.push(WebhookEvent::TemplateNote(TemplateNote {
        reason: Some(if is_stopped { reason } else { String::new() }),
        advice: Some(if is_rejected { advice } else { String::new() }),
        ..note
    }));
}

/// Why a template is paused or switched off: the first, the second or the third time, or while it was being watched
/// (cloud-api.md 3.7, 4.5, 4.7).
fn stopped(status: &TemplateStatus, value: &Value) -> String {
    let title = value.get("other_info").map(|info| template::reason(info, "title")).unwrap_or_default();
    let known = ["first_pause", "second_pause", "rate_limiting_pause", "disabled"];
    match status {
        TemplateStatus::Paused | TemplateStatus::Disabled if known.contains(&title.as_str()) => title,
        TemplateStatus::Disabled => "disabled".to_owned(),
        _ => String::new(),
    }
}

fn status(value: &Value) -> Option<TemplateStatus> {
    let title = value.get("other_info").and_then(|info| loose::text(info, "title"));
    let event = title.filter(|title| title == "UNPAUSE").or_else(|| loose::text(value, "event"))?;
    Some(template::status(&event))
}
