//! Meta's envelope with `gs_app_id` (gupshup-zenvia.md 1.8): messages are Meta's own, statuses carry both ids.

use serde_json::Value;

use super::receipt::{self, Ids};
use super::{Envelope, account, unhandled};
use crate::config::access::EventVersion;
use crate::domain::event::{EchoApp, Identity, Receipt, ReceiptStatus, TemplateNote, WebhookEvent};
use crate::domain::time::UnixMs;
use crate::provider::cloud_api::webhook as meta;
use crate::provider::gupshup::App;
use crate::provider::gupshup::standing::Ratings;
use crate::provider::{identity, loose};

/// Every change of every entry, in order.
pub(super) fn read(body: &Value, app: &App, ratings: &Ratings, events: &mut Vec<WebhookEvent>) {
    for entry in loose::items(body, "entry") {
        let at = loose::instant(entry, "time").unwrap_or(UnixMs(0));
        for change in loose::items(entry, "changes") {
            let before = events.len();
            let field = loose::text(change, "field").unwrap_or_default();
            let value = change.get("value").unwrap_or(&Value::Null);
            match field.as_str() {
                "messages" if app.version == Some(EventVersion::V2) => {}
                "messages" => messages(value, at, events),
                "smb_message_echoes" => echoes(EchoApp::Phone, value, at, events),
                "message_echoes" => echoes(EchoApp::Other, value, at, events),
                "user_preferences" => {
                    let envelope = envelope(value, at);
                    let wishes = loose::items(value, "user_preferences").iter();
                    events.extend(wishes.map(|item| meta::preference::read(item, &envelope)));
                }
                "message_template_status_update" | "message_template_quality_update" => {
                    events.extend(template_news(value, at));
                }
                "template_category_update" => events.extend(category(value, at)),
                "account-event" => {
                    events.extend(account::news(value, &Envelope { app: app.id.clone(), at }, ratings));
                }
                _ => {}
            }
            if events.len() == before {
                let kind = loose::text(value, "type").unwrap_or_default();
                events.push(unhandled(&format!("{field}.{kind}")));
            }
        }
    }
}

/// What the elements of one change share. Gupshup's senders are called by their number.
fn envelope(value: &Value, at: UnixMs) -> meta::Envelope<'_> {
    let number = value.get("metadata").and_then(|m| loose::text(m, "display_phone_number")).unwrap_or_default();
    let sender_ref = number.chars().filter(char::is_ascii_digit).collect();
    meta::Envelope { sender_ref, contacts: loose::items(value, "contacts"), fallback: at }
}

/// What was written from the number elsewhere (subscription mode `COEXISTENCE`).
fn echoes(app: EchoApp, value: &Value, at: UnixMs, events: &mut Vec<WebhookEvent>) {
    let envelope = envelope(value, at);
    for item in loose::items(value, "message_echoes") {
        let mut item = item.clone();
        by_address(&mut item);
        events.extend(meta::message::echo(&item, app, &envelope));
    }
}

fn messages(value: &Value, at: UnixMs, events: &mut Vec<WebhookEvent>) {
    let envelope = envelope(value, at);
    for item in loose::items(value, "statuses") {
        let told = status(item, &envelope.sender_ref, at);
        events.push(told.map_or_else(|| unhandled("messages.statuses"), WebhookEvent::Receipt));
    }
    for item in loose::items(value, "messages") {
        let mut item = item.clone();
        by_address(&mut item);
        events.push(meta::message::read(&item, &envelope));
    }
}

/// Media are fetched from Gupshup's address, and quoted messages called by Gupshup's id, where those are told.
fn by_address(item: &mut Value) {
    let kind = loose::text(item, "type").unwrap_or_default();
    if let Some(part) = item.get_mut(&kind)
        && let Some(url) = loose::some_text(part, "url")
    {
        part["id"] = url.into();
    }
    if let Some(context) = item.get_mut("context")
        && let Some(id) = loose::some_text(context, "gs_id").or_else(|| loose::some_text(context, "gsId"))
    {
        context["id"] = id.into();
    }
}

fn status(item: &Value, sender_ref: &str, at: UnixMs) -> Option<Receipt> {
    let ids = Ids::of(item, "gs_id", None)?;
    let status = receipt::status(&loose::some_text(item, "status")?);
    let mut person = Identity::default();
    identity::note(&mut person, loose::text(item, "recipient_user_id"));
    identity::note(&mut person, loose::text(item, "recipient_id"));
    let kind = loose::some_text(item, "type").filter(|_| status == ReceiptStatus::Accepted);
    Some(Receipt {
        sender_ref: sender_ref.to_owned(),
        provider_id: ids.own,
        other_id: ids.other,
        callback: None,
        status,
        at: loose::instant(item, "timestamp").unwrap_or(at),
        // Either Meta's list of errors, or code and reason on the status itself.
        failure: (status == ReceiptStatus::Failed).then(|| {
            let listed = loose::items(item, "errors").iter().find(|e| loose::integer(e, "code").is_some());
            receipt::failure(listed.unwrap_or(item))
        }),
        pricing: item.get("pricing").and_then(receipt::pricing),
        wa_id: person.wa_id,
        bsuid: person.bsuid,
        of_template: kind.map(|kind| kind == "template"),
    })
}

fn template_news(value: &Value, at: UnixMs) -> Vec<WebhookEvent> {
    let name = loose::some_text(value, "message_template_name");
    let language = loose::some_text(value, "message_template_language").map(|l| l.replace('-', "_"));
    let (Some(name), Some(language)) = (name, language) else { return Vec::new() };
    if let Some(score) = loose::some_text(value, "new_quality_score") {
        let quality = Some(score.to_ascii_lowercase()).filter(|score| score != "unknown").or(Some(String::new()));
        let note = TemplateNote { name, language, quality, at, ..TemplateNote::default() };
        return vec![WebhookEvent::TemplateNote(note)];
    }
    let Some(event) = loose::some_text(value, "event") else { return Vec::new() };
    let reason = loose::some_text(value, "reason");
    account::standing(name, language, (&event, reason.as_deref()), at)
}

fn category(value: &Value, at: UnixMs) -> Option<WebhookEvent> {
    let name = loose::some_text(value, "message_template_name")?;
    let language = loose::some_text(value, "message_template_language")?.replace('-', "_");
    account::category(value, (name, language), at)
}
