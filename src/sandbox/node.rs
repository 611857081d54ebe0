//! Nodes: a phone number, an account, a media file.

use serde_json::{Map, Value, json};

use super::Sandbox;
use super::config::Tier;
use super::graph::Call;
use super::refusal::Refusal;
use super::registry::{Account, Number};

/// From this rate on, a number's level is `HIGH` (1,000 per second at Meta).
const HIGH: u32 = 1000;

/// Fields only an account has; asked of an id nobody has used yet, they tell what it is.
const ACCOUNT_FIELDS: [&str; 4] = ["currency", "timezone_id", "message_template_namespace", "account_review_status"];

/// `GET /{id}`.
pub(super) fn show(sandbox: &Sandbox, id: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    if let Some(template) = world.templates.by_id(id) {
        return Ok(only(template.listed(now), call));
    }
    if let Some(media) = world.media_node(id, now) {
        return Ok(media);
    }
    let asks_account = call.query.fields().any(|field| ACCOUNT_FIELDS.contains(&field));
    let is_account = world.registry.is_account(id) || (asks_account && world.registry.known_number(id).is_none());
    if is_account {
        let account = world.registry.account(id, call.token)?;
        return Ok(only(account_shown(id, &account), call));
    }
    let number = world.registry.number(id, call.token)?.clone();
    let tier = world.registry.tier_of(&world.registry.account_of(id)).1;
    Ok(only(number_shown(id, &number, tier), call))
}

/// `GET /{account}/phone_numbers`.
pub(super) fn phone_numbers(sandbox: &Sandbox, account: &str, call: &Call<'_>) -> Value {
    let world = sandbox.world();
    let tier = world.registry.tier_of(account).1;
    let shown = |id: String| {
        let number = world.registry.known_number(&id)?;
        Some(only(number_shown(&id, number, tier), call))
    };
    let numbers: Vec<Value> = world.registry.numbers_of(account).into_iter().filter_map(shown).collect();
    json!({ "data": numbers })
}

/// `DELETE /{media id}`.
pub(super) fn delete_media(sandbox: &Sandbox, id: &str) -> Result<Value, Refusal> {
    let removed = sandbox.world().media.remove(id);
    removed.map(|_| json!({"success": true})).ok_or_else(|| Refusal::no_such_node(id))
}

/// The level is Meta's word; the rate itself is the sandbox's own addition, for rates Meta does not grant.
fn number_shown(id: &str, number: &Number, tier: Tier) -> Value {
    let rate = number.throughput.get();
    json!({
        "id": id, "display_phone_number": number.display, "verified_name": number.name, "status": number.status,
        "quality_rating": number.quality, "name_status": "APPROVED", "code_verification_status": "VERIFIED",
        "account_mode": "LIVE", "platform_type": "CLOUD_API", "is_on_biz_app": false,
        "throughput": {"level": if rate >= HIGH { "HIGH" } else { "STANDARD" }, "messages_per_second": rate},
        "whatsapp_business_manager_messaging_limit": tier.on_the_wire(),
        "health_status": {"can_send_message": "AVAILABLE", "entities": []},
    })
}

fn account_shown(id: &str, account: &Account) -> Value {
    json!({
        "id": id, "name": "Recado Sandbox", "currency": account.currency, "timezone_id": "1",
        "message_template_namespace": "sandbox", "account_review_status": "APPROVED", "ownership_type": "SELF",
        "whatsapp_business_manager_messaging_limit": account.tier.on_the_wire(),
        "health_status": {"can_send_message": "AVAILABLE", "entities": []},
    })
}

/// The fields asked for, and the id; everything when nothing in particular is asked for.
pub(super) fn only(whole: Value, call: &Call<'_>) -> Value {
    let asked: Vec<&str> = call.query.fields().collect();
    let Value::Object(whole) = whole else { return whole };
    if asked.is_empty() {
        return Value::Object(whole);
    }
    let kept: Map<String, Value> =
        whole.into_iter().filter(|(key, _)| key == "id" || asked.contains(&key.as_str())).collect();
    Value::Object(kept)
}
