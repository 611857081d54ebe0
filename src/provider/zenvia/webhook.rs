//! Webhook bodies (gupshup-zenvia.md 2.5): one event each. What cannot be read is told as unhandled.

mod content;

use jiff::civil::DateTime;
use serde_json::Value;

use crate::domain::callback::CallbackData;
use crate::domain::event::{Identity, Receipt, ReceiptStatus, Reply, WebhookEvent};
use crate::domain::failure::Failure;
use crate::domain::time::UnixMs;
use crate::provider::{ProviderError, loose, referral};

/// The only channel that is ours.
const CHANNEL: &str = "whatsapp";

/// Longest name told of something unhandled: it ends in logs and metrics.
const LONGEST_NAME: usize = 64;

/// The events of a body. A list of them, which nobody documents, is read too.
pub(super) fn read(body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| ProviderError::Unreadable { what: "webhook" })?;
    Ok(match &body {
        Value::Array(events) => events.iter().flat_map(event).collect(),
        one => event(one),
    })
}

fn event(event: &Value) -> Vec<WebhookEvent> {
    let kind = loose::some_text(event, "type").unwrap_or_else(|| "event".to_owned()).to_ascii_uppercase();
    let message = event.get("message").filter(|m| m.is_object()).unwrap_or(&Value::Null);
    let channel = loose::some_text(event, "channel").or_else(|| loose::some_text(message, "channel"));
    if channel.is_some_and(|channel| !channel.eq_ignore_ascii_case(CHANNEL)) {
        return vec![unhandled(&format!("{kind}.channel"))];
    }
    match kind.as_str() {
        "MESSAGE_STATUS" => vec![status(event, message)],
        "MESSAGE" => {
            let direction = loose::some_text(message, "direction").or_else(|| loose::some_text(event, "direction"));
            match direction.unwrap_or_default().to_ascii_uppercase().as_str() {
                "OUT" => vec![echo(event, message)],
                _ => replies(event, message),
            }
        }
        other => vec![unhandled(other)],
    }
}

/// `name` is the provider's; what could make it more than a name is left out.
fn unhandled(name: &str) -> WebhookEvent {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    WebhookEvent::Unhandled { field: name.chars().filter(fits).take(LONGEST_NAME).collect() }
}

/// A status. Older ones have no `message`; then `messageId` alone tells whose it is.
fn status(event: &Value, message: &Value) -> WebhookEvent {
    let told = event.get("messageStatus").unwrap_or(&Value::Null);
    let Some(word) = loose::some_text(told, "code") else { return unhandled("MESSAGE_STATUS") };
    let status = match word.to_ascii_uppercase().as_str() {
        "SENT" => ReceiptStatus::Sent,
        "DELIVERED" => ReceiptStatus::Delivered,
        // Whoever taps has read.
        "READ" | "CLICKED" => ReceiptStatus::Read,
        "REJECTED" | "NOT_DELIVERED" => ReceiptStatus::Failed,
        _ => ReceiptStatus::Other,
    };
    let at = instant(told, "timestamp").or_else(|| instant(event, "timestamp")).unwrap_or(UnixMs(0));
    let failure = (status == ReceiptStatus::Failed).then(|| failure(told));
    receipt(event, message, (status, at), failure).unwrap_or_else(|| unhandled("MESSAGE_STATUS.messageId"))
}

/// A message of ours as Zenvia took it: it names the message and our reference, and says no more than that it was taken.
fn echo(event: &Value, message: &Value) -> WebhookEvent {
    let at = instant(message, "timestamp").or_else(|| instant(event, "timestamp")).unwrap_or(UnixMs(0));
    receipt(event, message, (ReceiptStatus::Accepted, at), None).unwrap_or_else(|| unhandled("MESSAGE.id"))
}

fn receipt(
    event: &Value,
    message: &Value,
    (status, at): (ReceiptStatus, UnixMs),
    failure: Option<Failure>,
) -> Option<WebhookEvent> {
    let reference = loose::some_text(message, "externalId").or_else(|| loose::some_text(event, "externalId"));
    let callback = reference.as_deref().and_then(CallbackData::parse);
    let id = loose::some_text(message, "id").or_else(|| loose::some_text(event, "messageId"));
    // Our reference says as surely whose it is, should the id be missing.
    let provider_id = id.or_else(|| callback.as_ref().map(CallbackData::to_string))?;
    // It is the number that was sent to, not the one WhatsApp knows: of our own messages it teaches nothing, and may be
    // another form of it. Others' people are known by nothing else.
    let to = if callback.is_none() { loose::some_text(message, "to").and_then(|to| digits(&to)) } else { None };
    Some(WebhookEvent::Receipt(Receipt {
        sender_ref: loose::text(message, "from").unwrap_or_default(),
        provider_id,
        other_id: None,
        callback,
        status,
        at,
        failure,
        pricing: None,
        wa_id: to,
        bsuid: None,
        of_template: None,
    }))
}

/// The first cause that has a code; WhatsApp's codes come as text.
fn failure(told: &Value) -> Failure {
    let causes = loose::items(told, "causes");
    let coded = causes.iter().find_map(|c| Some((c, loose::integer(c, "channelErrorCode")?)));
    let (cause, code) = match (coded, causes.first()) {
        (Some((cause, code)), _) => (Some(cause), code),
        (None, first) => (first, Failure::NO_CODE),
    };
    let words = cause.map_or_else(
        || vec![loose::some_text(told, "description")],
        |cause| vec![loose::some_text(cause, "reason"), loose::some_text(cause, "details")],
    );
    let words: Vec<String> = words.into_iter().flatten().collect();
    Failure { code, detail: words.join(": ") }
}

/// What a person sent: one reply for each content, each with an id of its own.
fn replies(event: &Value, message: &Value) -> Vec<WebhookEvent> {
    let from = loose::some_text(message, "from").and_then(|from| digits(&from));
    let (Some(id), Some(wa_id)) = (loose::some_text(message, "id"), from) else {
        return vec![unhandled("MESSAGE")];
    };
    let at = instant(message, "timestamp").or_else(|| instant(event, "timestamp")).unwrap_or(UnixMs(0));
    let person = Identity { wa_id: Some(wa_id), name: visitor(message), ..Identity::default() };
    let contents = loose::items(message, "contents");
    let told = message.get("referral").and_then(referral::read);
    let reply = |(place, content): (usize, &Value)| {
        WebhookEvent::Reply(Reply {
            sender_ref: loose::text(message, "to").unwrap_or_default(),
            provider_id: if place == 0 { id.clone() } else { format!("{id}#{place}") },
            from: person.clone(),
            at,
            quoted: loose::some_text(message, "idRef"),
            content: content::of(content),
            referral: told.clone().filter(|_| place == 0),
        })
    };
    if contents.is_empty() {
        return vec![reply((0, &Value::Null))];
    }
    contents.iter().enumerate().map(reply).collect()
}

fn visitor(message: &Value) -> Option<String> {
    let visitor = message.get("visitor")?;
    loose::some_text(visitor, "name").or_else(|| loose::some_text(visitor, "firstName"))
}

/// A number without its `+`; `None`: it is none.
fn digits(number: &str) -> Option<String> {
    let number = number.trim().trim_start_matches('+');
    ((5..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.to_owned())
}

/// ISO 8601, with or without fractions of a second and zone; UTC where it has none.
fn instant(object: &Value, key: &str) -> Option<UnixMs> {
    let text = loose::some_text(object, key)?;
    let text = text.trim();
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    zoned.or_else(plain).map(|at| UnixMs(at.as_millisecond()))
}
