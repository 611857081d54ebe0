//! `message-event` and `billing-event` (gupshup-zenvia.md 1.5, 1.7).

use serde_json::Value;

use super::Envelope;
use crate::domain::event::{Identity, Pricing, Receipt, ReceiptStatus, WebhookEvent};
use crate::domain::failure::Failure;
use crate::domain::time::UnixMs;
use crate::provider::{identity, loose};

/// What a message became. Without any id it is nobody's.
pub(super) fn read(payload: &Value, envelope: &Envelope) -> Option<WebhookEvent> {
    let word = loose::some_text(payload, "type")?;
    let inner = payload.get("payload").unwrap_or(&Value::Null);
    let ids = Ids::of(payload, "gsId", loose::some_text(inner, "whatsappMessageId"))?;
    let status = status(&word);
    let mut person = Identity::default();
    identity::note(&mut person, loose::text(inner, "userId").or_else(|| loose::text(payload, "userId")));
    // Of a number that WhatsApp writes otherwise, the event tells how.
    identity::note(&mut person, loose::text(inner, "wa_id"));
    identity::note(&mut person, loose::text(payload, "destination"));
    let kind = loose::some_text(inner, "type");
    Some(WebhookEvent::Receipt(Receipt {
        sender_ref: String::new(),
        provider_id: ids.own,
        other_id: ids.other,
        callback: None,
        status,
        at: loose::instant(inner, "ts").unwrap_or(envelope.at),
        failure: (status == ReceiptStatus::Failed).then(|| failure(inner)),
        pricing: payload.get("pricing").and_then(pricing),
        wa_id: person.wa_id,
        bsuid: person.bsuid,
        of_template: kind.filter(|_| status == ReceiptStatus::Accepted).map(|kind| kind == "template"),
    }))
}

/// What a message is billed as. No amount is ever told.
pub(super) fn billing(payload: &Value, envelope: &Envelope) -> Option<WebhookEvent> {
    let ids = Ids::of(payload.get("references")?, "gsId", None)?;
    Some(WebhookEvent::Receipt(price_tag(ids, payload.get("deductions")?, envelope.at)))
}

fn price_tag(ids: Ids, deductions: &Value, at: UnixMs) -> Receipt {
    Receipt {
        sender_ref: String::new(),
        provider_id: ids.own,
        other_id: ids.other,
        callback: None,
        status: ReceiptStatus::Other,
        at,
        failure: None,
        pricing: pricing(deductions),
        wa_id: None,
        bsuid: None,
        of_template: None,
    }
}

/// The ids of a message.
pub(super) struct Ids {
    /// The one its answer had.
    pub own: String,
    /// WhatsApp's, by which it is called later on.
    pub other: Option<String>,
}

impl Ids {
    /// Of an object with `id` and, mostly, Gupshup's own id under `gs`; `told` is another one told beside them.
    pub fn of(object: &Value, gs: &str, told: Option<String>) -> Option<Self> {
        let (gs, id) = (loose::some_text(object, gs), loose::some_text(object, "id"));
        let own = gs.clone().or_else(|| id.clone())?;
        let other = told.or_else(|| id.filter(|_| gs.is_some())).filter(|other| *other != own);
        Some(Self { own, other })
    }
}

pub(super) fn status(word: &str) -> ReceiptStatus {
    match word.to_ascii_lowercase().as_str() {
        "enqueued" => ReceiptStatus::Accepted,
        "sent" => ReceiptStatus::Sent,
        "delivered" => ReceiptStatus::Delivered,
        "read" => ReceiptStatus::Read,
        "failed" => ReceiptStatus::Failed,
        _ => ReceiptStatus::Other,
    }
}

/// `{"code":1008,"reason":"…"}`; the code also as text.
pub(super) fn failure(object: &Value) -> Failure {
    Failure {
        code: loose::integer(object, "code").unwrap_or(Failure::NO_CODE),
        detail: loose::some_text(object, "reason").or_else(|| loose::some_text(object, "title")).unwrap_or_default(),
    }
}

/// Meta's words since July 2025 (`PMP`); before that (`CBP`, `NBP`) `type` was the category, and told what was free.
pub(super) fn pricing(object: &Value) -> Option<Pricing> {
    let kind = loose::some_text(object, "type").unwrap_or_default();
    let category = loose::some_text(object, "category").unwrap_or_default();
    let model = loose::some_text(object, "model").or_else(|| loose::some_text(object, "policy"));
    let billable = match object.get("billable") {
        Some(Value::Bool(billable)) => Some(*billable),
        Some(Value::String(word)) => Some(word.eq_ignore_ascii_case("true")),
        _ => None,
    };
    let is_old = model.is_some_and(|m| !m.eq_ignore_ascii_case("PMP")) && category.is_empty();
    let (kind, category) = match kind.as_str() {
        "FEP" if is_old => ("free_entry_point".to_owned(), String::new()),
        "FTC" if is_old => ("free_customer_service".to_owned(), String::new()),
        _ if is_old => ("regular".to_owned(), kind),
        _ => (kind, category),
    };
    let is_told = !kind.is_empty() || !category.is_empty() || billable.is_some();
    is_told.then_some(Pricing { kind, category, billable, cost: None })
}
