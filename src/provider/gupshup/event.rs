//! Webhook bodies: Gupshup's own envelope (v2, gupshup-zenvia.md 1.7) and Meta's with `gs_app_id` (v3, 1.8). Both are
//! always understood: billing, template and account events come in v2's even to a v3 subscription.
//!
//! The id of a message is `gsId`, and `id` where there is none (1.5); the other one is told beside it.

mod account;
mod message;
mod receipt;
mod v3;

use serde_json::Value;

use super::App;
use super::standing::Ratings;
use crate::config::access::EventVersion;
use crate::domain::event::{Identity, Preference, WebhookEvent};
use crate::domain::time::UnixMs;
use crate::provider::{ProviderError, identity, loose};

/// Longest name told of something unhandled: it ends in logs and metrics.
const LONGEST_NAME: usize = 64;

/// The events of a body, in its order. What it tells of the app's tier is kept in `ratings`.
pub(super) fn read(body: &[u8], app: &App, ratings: &Ratings) -> Result<Vec<WebhookEvent>, ProviderError> {
    let unreadable = ProviderError::Unreadable { what: "webhook" };
    let body: Value = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&String::from_utf8_lossy(body)))
        .map_err(|_| unreadable)?;
    // A retried delivery may bring several envelopes at once.
    let envelopes = match &body {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut events = Vec::new();
    for envelope in envelopes {
        let names = ["app", "appId", "gs_app_id"].map(|key| loose::some_text(envelope, key));
        let mut named = names.iter().flatten().peekable();
        if named.peek().is_some() && !named.any(|name| app.is_called(name)) {
            events.push(unhandled("other_app"));
        } else if envelope.get("entry").is_some() {
            v3::read(envelope, app, ratings, &mut events);
        } else {
            events.extend(v2(envelope, app, ratings));
        }
    }
    Ok(events)
}

/// What a v2 envelope says of every event in it.
struct Envelope {
    app: String,
    at: UnixMs,
}

fn v2(envelope: &Value, app: &App, ratings: &Ratings) -> Vec<WebhookEvent> {
    let kind = loose::text(envelope, "type").unwrap_or_default();
    let payload = envelope.get("payload").unwrap_or(&Value::Null);
    let at = loose::instant(envelope, "timestamp").unwrap_or(UnixMs(0));
    let outer = Envelope { app: app.id.clone(), at };
    if kind == "template-event"
        && let Some(told) = account::template(payload, at)
    {
        return told;
    }
    if kind == "account-event" {
        let told = account::news(payload, &outer, ratings);
        return if told.is_empty() { vec![unhandled_v2(&kind, payload)] } else { told };
    }
    let told = match kind.as_str() {
        "message" | "message-event" if app.version == Some(EventVersion::V3) => None,
        // Billing events have no type of their own inside.
        _ if payload.get("deductions").is_some() => receipt::billing(payload, &outer),
        "message-event" => receipt::read(payload, &outer),
        "message" => message::read(payload, &outer),
        "user-event" => preference(payload, &outer),
        _ => None,
    };
    vec![told.unwrap_or_else(|| unhandled_v2(&kind, payload))]
}

fn unhandled_v2(kind: &str, payload: &Value) -> WebhookEvent {
    let inner = loose::text(payload, "type").unwrap_or_default();
    unhandled(&format!("{kind}.{inner}"))
}

/// `opted-in` and `opted-out`; a number's test session (`sandbox-start`) is nobody's wish.
fn preference(payload: &Value, envelope: &Envelope) -> Option<WebhookEvent> {
    let stop = match loose::text(payload, "type")?.as_str() {
        "opted-out" => true,
        "opted-in" => false,
        _ => return None,
    };
    let mut person = Identity::default();
    identity::note(&mut person, loose::text(payload, "userId"));
    identity::note(&mut person, loose::text(payload, "phone"));
    (person.wa_id.is_some() || person.bsuid.is_some())
        .then(|| WebhookEvent::Preference(Preference { sender_ref: String::new(), person, stop, at: envelope.at }))
}

/// `name` is the provider's; what could make it more than a name is left out.
fn unhandled(name: &str) -> WebhookEvent {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let field: String = name.trim_matches('.').chars().filter(fits).take(LONGEST_NAME).collect();
    WebhookEvent::Unhandled { field: if field.is_empty() { "event".to_owned() } else { field } }
}
