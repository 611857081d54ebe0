//! Webhook bodies (cloud-api.md 3.2 to 3.7). Every level is a list, every element stands alone: one that cannot be
//! read is told as unhandled and loses no other.

mod account;
mod mend;
pub(in crate::provider) mod message;
mod news;
pub(in crate::provider) mod preference;
mod receipt;

use serde_json::Value;

use crate::domain::event::{EchoApp, Identity, UserAction, WebhookEvent};
use crate::domain::time::UnixMs;
use crate::provider::ProviderError;
use crate::provider::{identity, loose};

/// What Meta calls webhooks about WhatsApp.
const OBJECT: &str = "whatsapp_business_account";

/// Longest name told of something unhandled: it ends in logs and metrics.
const LONGEST_NAME: usize = 64;

/// What the elements of one change share.
pub(in crate::provider) struct Envelope<'a> {
    pub sender_ref: String,
    pub contacts: &'a [Value],
    /// Time of an element that tells none that can be read.
    pub fallback: UnixMs,
}

/// The events of a body, in its order.
pub(super) fn read(body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
    let unreadable = ProviderError::Unreadable { what: "webhook" };
    let body = match serde_json::from_slice::<Value>(body) {
        Ok(body) => body,
        Err(_) => serde_json::from_str(&mend::text(body)).map_err(|_| unreadable)?,
    };
    let mut events = Vec::new();
    match loose::text(&body, "object") {
        Some(object) if object == OBJECT => {}
        object => return Ok(vec![unhandled(&object.unwrap_or_else(|| "object".to_owned()))]),
    }
    for entry in loose::items(&body, "entry") {
        let fallback = loose::instant(entry, "time").unwrap_or(UnixMs(0));
        let account_ref = loose::text(entry, "id").unwrap_or_default();
        for change in loose::items(entry, "changes") {
            read_change(change, (&account_ref, fallback), &mut events);
        }
    }
    Ok(events)
}

fn read_change(change: &Value, (account_ref, fallback): (&str, UnixMs), events: &mut Vec<WebhookEvent>) {
    let field = loose::text(change, "field").unwrap_or_else(|| "change".to_owned());
    let value = change.get("value").unwrap_or(&Value::Null);
    let sender_ref = value.get("metadata").and_then(|m| loose::text(m, "phone_number_id")).unwrap_or_default();
    let envelope = Envelope { sender_ref, contacts: loose::items(value, "contacts"), fallback };
    let before = events.len();
    match field.as_str() {
        "messages" => read_messages(value, (&envelope, account_ref), events),
        // A call of a person opens the window like a message, and wants an answer (cloud-api.md 2).
        "calls" => {
            let calls = loose::items(value, "calls").iter();
            events.extend(calls.filter_map(|item| message::call(item, &envelope)));
        }
        "user_preferences" => {
            let items = loose::items(value, "user_preferences");
            events.extend(items.iter().map(|item| preference::read(item, &envelope)));
        }
        // Meta's own sample of a quality update comes under the name of the status (cloud-api.md 3.7).
        "message_template_status_update" | "message_template_quality_update" | "message_template_components_update" => {
            news::read(&field, (value, fallback), events);
        }
        "template_category_update" => events.extend(account::category(value, fallback)),
        "phone_number_quality_update"
        | "business_capability_update"
        | "account_update"
        | "account_alerts"
        | "account_review_update"
        | "phone_number_name_update"
        | "security"
        | "payment_configuration_update"
        | "template_correct_category_detection"
        | "business_username_updates"
        | "flows"
        | "messaging_handovers"
        | "standby" => events.extend(account::news(&field, (account_ref, fallback), value)),
        "smb_message_echoes" => echoes(EchoApp::Phone, value, &envelope, events),
        "message_echoes" => echoes(EchoApp::Other, value, &envelope, events),
        _ => {}
    }
    if events.len() == before && field.ends_with("message_echoes") {
        // That somebody writes elsewhere is worth knowing, whatever it was.
        events.extend(account::news(&field, (account_ref, fallback), value));
    }
    if events.len() == before {
        events.push(unhandled(&field));
    }
}

/// `message_echoes[]`: what was written from the number elsewhere.
fn echoes(app: EchoApp, value: &Value, envelope: &Envelope<'_>, events: &mut Vec<WebhookEvent>) {
    let items = loose::items(value, "message_echoes").iter();
    events.extend(items.filter_map(|item| message::echo(item, app, envelope)));
}

fn read_messages(value: &Value, (envelope, account_ref): (&Envelope<'_>, &str), events: &mut Vec<WebhookEvent>) {
    events.extend(loose::items(value, "statuses").iter().map(|item| receipt::read(item, envelope)));
    events.extend(loose::items(value, "messages").iter().map(|item| message::read(item, envelope)));
    events.extend(
        loose::items(value, "errors").iter().map(|item| account::error((account_ref, envelope.fallback), value, item)),
    );
    events.extend(loose::items(value, "user_actions").iter().map(|item| user_action(item, envelope)));
}

/// `user_actions[]`: a link of a marketing message was opened (cloud-api.md 1.6). Whose message it was is not told, only
/// who did it.
fn user_action(item: &Value, envelope: &Envelope<'_>) -> WebhookEvent {
    let person = envelope.person([loose::text(item, "user_id"), loose::text(item, "wa_id")]);
    let action = loose::some_text(item, "action_type");
    let (Some(person), Some(action)) = (person, action) else { return unhandled("messages.user_actions") };
    let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let action = action.chars().filter(fits).take(LONGEST_NAME).collect();
    WebhookEvent::UserAction(UserAction {
        sender_ref: envelope.sender_ref.clone(),
        person,
        action,
        at: envelope.at(item),
    })
}

/// `name` is the provider's; what could make it more than a name is left out.
fn unhandled(name: &str) -> WebhookEvent {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    WebhookEvent::Unhandled { field: name.chars().filter(fits).take(LONGEST_NAME).collect() }
}

impl Envelope<'_> {
    fn at(&self, item: &Value) -> UnixMs {
        loose::instant(item, "timestamp").unwrap_or(self.fallback)
    }

    /// The person of those ids, completed by the contacts; `None` when nothing identifies them. An id that is nobody's
    /// (a group's) is not taken for the only contact's.
    fn person(&self, ids: [Option<String>; 2]) -> Option<Identity> {
        let is_named = ids.iter().any(Option::is_some);
        let mut person = Identity::default();
        for id in ids {
            identity::note(&mut person, id);
        }
        let is_someone = |p: &Identity| p.wa_id.is_some() || p.bsuid.is_some();
        if is_someone(&person) || !is_named {
            identity::complete(&mut person, self.contacts);
        }
        is_someone(&person).then_some(person)
    }
}
