//! `messages[]` (cloud-api.md 3.5, 3.6): what a person sent.

mod content;

use serde_json::Value;

use super::{Envelope, unhandled};
use crate::domain::event::{Echo, EchoApp, Identity, IdentityChange, Reply, ReplyContent, WebhookEvent};
use crate::provider::{identity, loose, referral};

pub(in crate::provider) fn read(item: &Value, envelope: &Envelope<'_>) -> WebhookEvent {
    let kind = loose::some_text(item, "type").unwrap_or_else(|| "unknown".to_owned());
    if kind == "system" {
        return read_system(item, envelope);
    }
    if item.get("group_id").is_some_and(|g| !g.is_null()) {
        // A group is no person: what is said there opens no window and answers no message of ours.
        return unhandled("messages.group");
    }
    let person = envelope.person([loose::text(item, "from_user_id"), loose::text(item, "from")]);
    let (Some(provider_id), Some(from)) = (loose::some_text(item, "id"), person) else {
        return unhandled("messages.messages");
    };
    WebhookEvent::Reply(Reply {
        sender_ref: envelope.sender_ref.clone(),
        provider_id,
        from,
        at: envelope.at(item),
        quoted: quoted(item, &kind),
        content: content::of(&kind, item),
        referral: item.get("referral").and_then(referral::read),
    })
}

/// What the house wrote elsewhere; `None`: to a group, or to nobody that can be told.
pub(in crate::provider) fn echo(item: &Value, app: EchoApp, envelope: &Envelope<'_>) -> Option<WebhookEvent> {
    let kind = loose::some_text(item, "type")?;
    if item.get("group_id").is_some_and(|g| !g.is_null()) {
        return None;
    }
    let user = loose::text(item, "to_user_id").or_else(|| loose::text(item, "recipient_user_id"));
    Some(WebhookEvent::Echo(Echo {
        sender_ref: envelope.sender_ref.clone(),
        provider_id: loose::some_text(item, "id")?,
        app,
        to: envelope.person([user, loose::text(item, "to")])?,
        at: envelope.at(item),
        quoted: quoted(item, &kind),
        content: content::of(&kind, item),
    }))
}

/// A call of a person, told when it rings and when it ends; `None`: it is ours.
pub(super) fn call(item: &Value, envelope: &Envelope<'_>) -> Option<WebhookEvent> {
    let direction = loose::text(item, "direction").unwrap_or_default();
    if direction.eq_ignore_ascii_case("BUSINESS_INITIATED") {
        return None;
    }
    let from = envelope.person([loose::text(item, "from_user_id"), loose::text(item, "from")])?;
    Some(WebhookEvent::Reply(Reply {
        sender_ref: envelope.sender_ref.clone(),
        provider_id: loose::some_text(item, "id")?,
        from,
        at: envelope.at(item),
        quoted: None,
        content: ReplyContent::Other { what: "call".to_owned(), summary: None },
        referral: None,
    }))
}

/// The message quoted; for an edit or a deletion the message that changed.
fn quoted(item: &Value, kind: &str) -> Option<String> {
    let original = item.get(kind).and_then(|c| loose::some_text(c, "original_message_id"));
    original.or_else(|| loose::some_text(item.get("context")?, "id"))
}

/// A person has a new number or business-scoped user id. No contacts come with it.
fn read_system(item: &Value, envelope: &Envelope<'_>) -> WebhookEvent {
    let system = item.get("system").unwrap_or(&Value::Null);
    let mut old = Identity::default();
    identity::note(&mut old, loose::text(system, "previous_user_id"));
    identity::note(&mut old, loose::text(item, "from"));
    let mut new = Identity::default();
    identity::note(&mut new, loose::text(system, "user_id"));
    identity::note(&mut new, loose::text(system, "wa_id"));
    // The name of the field before 2022; some webhook versions still use it.
    identity::note(&mut new, loose::text(system, "new_wa_id"));
    let is_change =
        matches!(loose::text(system, "type").as_deref(), Some("user_changed_number" | "user_changed_user_id"));
    let is_someone = |i: &Identity| i.wa_id.is_some() || i.bsuid.is_some();
    if !is_change || !is_someone(&old) || !is_someone(&new) {
        return unhandled("messages.system");
    }
    WebhookEvent::IdentityChange(IdentityChange {
        sender_ref: envelope.sender_ref.clone(),
        old,
        new,
        at: envelope.at(item),
    })
}
