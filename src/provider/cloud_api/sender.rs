//! How a sender stands: its phone number node (cloud-api.md 5.1, 5.3, 5.6).

use serde_json::Value;

use crate::provider::SenderStatus;
use crate::provider::loose;

/// Fields asked of the node.
pub(super) const FIELDS: &str = "id,display_phone_number,status,quality_rating,platform_type,throughput,\
                                 whatsapp_business_manager_messaging_limit,is_on_biz_app";

/// Messages per second of a number that is also on the WhatsApp Business app.
const COEXISTENCE: u32 = 20;
/// Messages per second of any other number.
const STANDARD: u32 = 80;
/// Messages per second after the automatic upgrade.
const HIGH: u32 = 1_000;

pub(super) fn read(node: &Value) -> SenderStatus {
    SenderStatus {
        throughput: throughput(node),
        status: loose::text(node, "status").unwrap_or_default(),
        quality: loose::text(node, "quality_rating").unwrap_or_default(),
        tier: loose::some_text(node, "whatsapp_business_manager_messaging_limit").map(|t| tier(&t)),
        display_number: loose::text(node, "display_phone_number").unwrap_or_default(),
    }
}

fn throughput(node: &Value) -> Option<u32> {
    if node.get("is_on_biz_app").and_then(Value::as_bool) == Some(true) {
        return Some(COEXISTENCE);
    }
    let throughput = node.get("throughput")?;
    // Meta tells a level only; a provider that tells the number itself (the sandbox) is believed.
    if let Some(number) = loose::integer(throughput, "messages_per_second").filter(|n| *n > 0) {
        return u32::try_from(number).ok();
    }
    let level = loose::text(throughput, "level")?;
    match level.to_ascii_uppercase().as_str() {
        "STANDARD" => Some(STANDARD),
        "HIGH" => Some(HIGH),
        "NOT_APPLICABLE" => Some(COEXISTENCE),
        _ => None,
    }
}

/// `TIER_2K` as `2K`, the word of `recado.toml`.
fn tier(word: &str) -> String {
    let word = word.to_ascii_uppercase();
    word.strip_prefix("TIER_").map_or(word.clone(), str::to_owned)
}
