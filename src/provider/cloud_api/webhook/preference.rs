//! `user_preferences` (cloud-api.md 3.7): a person stops or resumes marketing in WhatsApp itself.

use serde_json::Value;

use super::{Envelope, unhandled};
use crate::domain::event::{Preference, WebhookEvent};
use crate::provider::loose;

pub(in crate::provider) fn read(item: &Value, envelope: &Envelope<'_>) -> WebhookEvent {
    let stop = match loose::text(item, "value").as_deref() {
        Some("stop") => Some(true),
        Some("resume") => Some(false),
        _ => None,
    };
    let is_marketing = loose::text(item, "category").is_none_or(|c| c == "marketing_messages");
    let person = envelope.person([loose::text(item, "user_id"), loose::text(item, "wa_id")]);
    match (stop, person) {
        (Some(stop), Some(person)) if is_marketing => WebhookEvent::Preference(Preference {
            sender_ref: envelope.sender_ref.clone(),
            person,
            stop,
            at: envelope.at(item),
        }),
        _ => unhandled("user_preferences"),
    }
}
