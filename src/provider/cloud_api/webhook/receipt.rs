//! `statuses[]` (cloud-api.md 3.4).

use serde_json::Value;

use super::{Envelope, unhandled};
use crate::domain::callback::CallbackData;
use crate::domain::event::{Cost, Pricing, Receipt, ReceiptStatus, WebhookEvent};
use crate::domain::failure::Failure;
use crate::domain::money::Micros;
use crate::provider::cloud_api::answer;
use crate::provider::loose;

pub(super) fn read(item: &Value, envelope: &Envelope<'_>) -> WebhookEvent {
    let (Some(provider_id), Some(word)) = (loose::some_text(item, "id"), loose::some_text(item, "status")) else {
        return unhandled("messages.statuses");
    };
    let status = status(&word);
    let person = envelope
        .person([loose::text(item, "recipient_user_id"), loose::text(item, "recipient_id")])
        .unwrap_or_default();
    WebhookEvent::Receipt(Receipt {
        sender_ref: envelope.sender_ref.clone(),
        provider_id,
        other_id: None,
        of_template: None,
        callback: loose::text(item, "biz_opaque_callback_data").and_then(|data| CallbackData::parse(&data)),
        status,
        at: envelope.at(item),
        failure: (status == ReceiptStatus::Failed).then(|| failure(item)),
        pricing: item.get("pricing").and_then(pricing),
        wa_id: person.wa_id,
        bsuid: person.bsuid,
    })
}

fn status(word: &str) -> ReceiptStatus {
    match word.to_ascii_lowercase().as_str() {
        "sent" => ReceiptStatus::Sent,
        "delivered" => ReceiptStatus::Delivered,
        "read" => ReceiptStatus::Read,
        "played" => ReceiptStatus::Played,
        "failed" => ReceiptStatus::Failed,
        _ => ReceiptStatus::Other,
    }
}

/// The first error that has a code; Meta sends one.
fn failure(item: &Value) -> Failure {
    let errors = loose::items(item, "errors");
    let coded = errors.iter().find_map(|e| Some((e, loose::integer(e, "code")?)));
    match (coded, errors.first()) {
        (Some((error, code)), _) => Failure { code, detail: answer::detail(error) },
        (None, first) => Failure { code: Failure::NO_CODE, detail: first.map(answer::detail).unwrap_or_default() },
    }
}

fn pricing(pricing: &Value) -> Option<Pricing> {
    let (kind, category) = (loose::some_text(pricing, "type"), loose::some_text(pricing, "category"));
    let billable = pricing.get("billable").and_then(Value::as_bool);
    let is_told = kind.is_some() || category.is_some() || billable.is_some();
    let cost = pricing.get("cost").and_then(cost);
    is_told.then(|| Pricing { kind: kind.unwrap_or_default(), category: category.unwrap_or_default(), billable, cost })
}

/// `{amount, currency}`, told for templates with a highest price alone (cloud-api.md 1.6).
fn cost(cost: &Value) -> Option<Cost> {
    let amount = Micros::parse(&loose::text(cost, "amount")?).filter(|amount| amount.0 >= 0)?;
    Some(Cost { amount, currency: loose::some_text(cost, "currency")?.to_ascii_uppercase() })
}
