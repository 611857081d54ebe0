//! What Meta tells of an account and its numbers outside of messages (cloud-api.md 3.7).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::event::{AccountEffect, AccountNews, CategoryNews, WebhookEvent};
use crate::domain::notice;
use crate::domain::time::UnixMs;
use crate::provider::cloud_api::template;
use crate::provider::loose;

/// Longest word of the provider that is kept.
const LONGEST: usize = 120;

/// What was told: the event, more words, and what it does to sending.
type Said = (String, Vec<String>, AccountEffect);

/// `account_update`, `account_alerts`, `account_review_update`, and what a number or portfolio is granted. Restrictions that
/// come together are told one by one: each ends when it does.
pub(super) fn news(field: &str, (account_ref, at): (&str, UnixMs), value: &Value) -> Vec<WebhookEvent> {
    let number = loose::text(value, "display_phone_number").unwrap_or_default();
    let said = match field {
        "account_alerts" => vec![alert(value)],
        "account_review_update" => vec![review(value)],
        "phone_number_quality_update" | "business_capability_update" => vec![granted(value)],
        "account_update" => update(value),
        "phone_number_name_update" => vec![name(value)],
        "security" => vec![security(value)],
        _ => vec![other(value)],
    };
    let event = |(event, detail, effect): Said| {
        WebhookEvent::Account(AccountNews {
            account_ref: account_ref.to_owned(),
            field: field.to_owned(),
            event: word(&event),
            detail: word(&detail.join(" ")),
            number: digits(&number),
            effect,
            at,
        })
    };
    said.into_iter().map(event).collect()
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).take(20).collect()
}

/// A name was asked for, and is granted or not. The number itself tells which it has: it is asked again.
fn name(value: &Value) -> Said {
    let told = |key| loose::text(value, key).unwrap_or_default();
    let reason = told("rejection_reason");
    let reason = if reason == "NONE" { String::new() } else { reason };
    (told("decision"), vec![told("requested_verified_name"), reason], AccountEffect::Limits)
}

/// Somebody changed, or wants to change, the number's PIN. Who is not kept.
fn security(value: &Value) -> Said {
    (loose::text(value, "event").unwrap_or_default(), Vec::new(), AccountEffect::None)
}

/// A field of which only that it came is of use, with the few words that say what it is about.
fn other(value: &Value) -> Said {
    let event = ["event", "status", "decision"].into_iter().find_map(|key| loose::some_text(value, key));
    let keys = ["username", "flow_id", "configuration_name", "provider_name", "message_template_name", "template_name"];
    let detail = keys.into_iter().filter_map(|key| loose::some_text(value, key)).collect();
    (event.unwrap_or_default(), detail, AccountEffect::None)
}

/// `value.errors[]`: an error of the app or the account that belongs to no message (cloud-api.md 3.3).
pub(super) fn error((account_ref, at): (&str, UnixMs), value: &Value, error: &Value) -> WebhookEvent {
    let code = loose::integer(error, "code");
    let details = error.get("error_data").and_then(|data| loose::some_text(data, "details"));
    let said = details.or_else(|| loose::some_text(error, "title")).or_else(|| loose::some_text(error, "message"));
    let number = value.get("metadata").and_then(|m| loose::text(m, "display_phone_number")).unwrap_or_default();
    WebhookEvent::Account(AccountNews {
        account_ref: account_ref.to_owned(),
        field: "errors".to_owned(),
        event: code.map_or_else(String::new, |code| code.to_string()),
        detail: word(&said.unwrap_or_default()),
        number: digits(&number),
        effect: code.map_or(AccountEffect::None, |code| AccountEffect::Failed { code }),
        at,
    })
}

fn update(value: &Value) -> Vec<Said> {
    let event = loose::text(value, "event").unwrap_or_default();
    let mut ends: BTreeMap<String, Option<UnixMs>> = BTreeMap::new();
    for told in loose::items(value, "restriction_info") {
        let end = ends.entry(loose::text(told, "restriction_type").unwrap_or_default()).or_default();
        *end = loose::instant(told, "expiration").max(*end);
    }
    if event != "ACCOUNT_RESTRICTION" || ends.is_empty() {
        return vec![changed(event, value)];
    }
    let restriction = |(kind, until): (String, _)| (event.clone(), vec![kind.clone()], notice::effect_of(&kind, until));
    ends.into_iter().map(restriction).collect()
}

fn changed(event: String, value: &Value) -> Said {
    match event.as_str() {
        "DISABLED_UPDATE" => {
            let ban = value.get("ban_info").unwrap_or(&Value::Null);
            let state = loose::text(ban, "waba_ban_state").unwrap_or_default();
            let effect = match state.as_str() {
                "DISABLE" => AccountEffect::Disabled,
                "REINSTATE" => AccountEffect::Reinstated,
                _ => AccountEffect::None,
            };
            (event, vec![state, loose::text(ban, "waba_ban_date").unwrap_or_default()], effect)
        }
        "ACCOUNT_DELETED" => (event, Vec::new(), AccountEffect::Deleted),
        "ACCOUNT_OFFBOARDED" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" => {
            (event, Vec::new(), AccountEffect::Disabled)
        }
        "ACCOUNT_RECONNECTED" => (event, Vec::new(), AccountEffect::Reinstated),
        "VOLUME_BASED_PRICING_TIER_UPDATE" => {
            let info = value.get("volume_tier_info").unwrap_or(&Value::Null);
            let keys = ["pricing_category", "region", "tier", "effective_month"];
            let told = keys.iter().filter_map(|key| loose::some_text(info, key)).map(|text| text.replace(':', "-"));
            (event, told.collect(), AccountEffect::None)
        }
        "ACCOUNT_VIOLATION" => {
            let violation = value.get("violation_info").and_then(|v| loose::text(v, "violation_type"));
            (event, violation.into_iter().collect(), AccountEffect::None)
        }
        _ => (event, Vec::new(), AccountEffect::None),
    }
}

fn alert(value: &Value) -> Said {
    let info = value.get("alert_info").unwrap_or(&Value::Null);
    let told = ["alert_severity", "alert_status"].map(|key| loose::text(info, key).unwrap_or_default());
    (loose::text(info, "alert_type").unwrap_or_default(), told.to_vec(), AccountEffect::None)
}

fn review(value: &Value) -> Said {
    let decision = loose::text(value, "decision").unwrap_or_default();
    let effect = match decision.as_str() {
        "APPROVED" => AccountEffect::ReviewApproved,
        "REJECTED" => AccountEffect::ReviewRefused,
        _ => AccountEffect::None,
    };
    (decision, Vec::new(), effect)
}

/// Throughput, quality and the messaging limit: the number itself tells them all and is asked again.
fn granted(value: &Value) -> Said {
    let limit = value.get("max_daily_conversations_per_business");
    let limit = limit.and_then(|l| l.as_str().map(str::to_owned).or_else(|| l.as_i64().map(|n| n.to_string())));
    let number = loose::text(value, "display_phone_number").map(|_| "number".to_owned());
    let event = loose::text(value, "event").or(number).unwrap_or_else(|| "capability".to_owned());
    (event, limit.into_iter().collect(), AccountEffect::Limits)
}

/// `template_category_update`: done where it names the category before, announced where it names the right one.
pub(super) fn category(value: &Value, at: UnixMs) -> Option<WebhookEvent> {
    let of = |key: &str| loose::some_text(value, key).map(|word| template::category(&word));
    let announced = of("correct_category");
    Some(WebhookEvent::Category(CategoryNews {
        name: loose::some_text(value, "message_template_name")?,
        language: loose::some_text(value, "message_template_language")?.replace('-', "_"),
        category: announced.or_else(|| of("new_category"))?,
        is_announced: announced.is_some(),
        at,
    }))
}

/// A word of the provider's, as it may be kept and shown.
fn word(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | ',' | '.');
    text.trim().chars().filter(fits).take(LONGEST).collect()
}
