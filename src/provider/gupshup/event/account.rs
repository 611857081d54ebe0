//! `template-event` and `account-event` (gupshup-zenvia.md 1.7).

use serde_json::Value;

use super::Envelope;
use crate::domain::event::{AccountEffect, AccountNews, CategoryNews, TemplateNews, TemplateNote, WebhookEvent};
use crate::domain::template::TemplateStatus;
use crate::provider::gupshup::standing::{self, Ratings};
use crate::provider::gupshup::template;
use crate::provider::loose;

/// Longest word of the provider that is kept.
const LONGEST: usize = 120;

/// A restriction on the messages that we begin.
const BUSINESS_INITIATED: &str = "RESTRICTED_BIZ_INITIATED_MESSAGING";

/// News of a template; older events have no type inside, and tell a status.
pub(super) fn template(payload: &Value) -> Option<Vec<WebhookEvent>> {
    let name = loose::some_text(payload, "elementName")?;
    let language = loose::some_text(payload, "languageCode")?.replace('-', "_");
    let kind = loose::text(payload, "type").unwrap_or_default();
    Some(match kind.as_str() {
        "category-update" => vec![category(payload, name, language)?],
        "quality-update" => {
            let word = loose::some_text(payload, "quality")?.to_ascii_lowercase();
            let quality = Some(if word == "unknown" { String::new() } else { word });
            vec![WebhookEvent::TemplateNote(TemplateNote { name, language, quality, ..TemplateNote::default() })]
        }
        _ => {
            let word = loose::some_text(payload, "status")?;
            let why = ["rejectedReason", "description"].iter().find_map(|key| loose::some_text(payload, key));
            standing(name, language, (&word, why.as_deref()))
        }
    })
}

/// How a template stands now, and why.
pub(super) fn standing(name: String, language: String, (word, why): (&str, Option<&str>)) -> Vec<WebhookEvent> {
    // A warning changes nothing.
    let is_warning = word.eq_ignore_ascii_case("FLAGGED");
    let status = template::status(word);
    let reason = match (&status, why) {
        _ if is_warning => "flagged".to_owned(),
        (TemplateStatus::Rejected | TemplateStatus::Paused | TemplateStatus::Disabled, Some(why)) => {
            template::reason(why)
        }
        _ => String::new(),
    };
    let note = TemplateNote { name: name.clone(), language: language.clone(), ..TemplateNote::default() };
    let note = WebhookEvent::TemplateNote(TemplateNote { reason: Some(reason), advice: Some(String::new()), ..note });
    if is_warning {
        return vec![note];
    }
    vec![WebhookEvent::Template(TemplateNews { name, language, status }), note]
}

/// `{"old","new"}` is done, `{"current","correct"}` is announced for the first of the next month; Meta's own words likewise.
pub(super) fn category(payload: &Value, name: String, language: String) -> Option<WebhookEvent> {
    let told = payload.get("category").filter(|c| c.is_object()).unwrap_or(payload);
    let announced = loose::some_text(told, "correct").or_else(|| loose::some_text(told, "correct_category"));
    let done = || loose::some_text(told, "new").or_else(|| loose::some_text(told, "new_category"));
    let is_announced = announced.is_some();
    let category = template::category(&announced.or_else(done)?);
    Some(WebhookEvent::Category(CategoryNews { name, language, category, is_announced }))
}

/// News of the account. A tier told here is kept: asking for it is granted once a day.
pub(super) fn news(payload: &Value, envelope: &Envelope, ratings: &Ratings) -> Option<WebhookEvent> {
    let kind = loose::some_text(payload, "type")?;
    let inner = payload.get("payload").filter(|p| p.is_object()).unwrap_or(payload);
    let (event, detail, effect) = match kind.as_str() {
        "tier-event" => tier(inner, ratings),
        "capability-event" => {
            let people = loose::text(inner, "maxDailyConversationPerPhone").unwrap_or_default();
            ("capability".to_owned(), people, AccountEffect::Limits)
        }
        "status-event" => status(inner),
        "review-event" | "pndn-event" => {
            let word = loose::text(inner, "status").unwrap_or_default();
            (word, loose::text(inner, "rejectedReason").unwrap_or_default(), AccountEffect::None)
        }
        _ => return None,
    };
    Some(WebhookEvent::Account(AccountNews {
        account_ref: envelope.app.clone(),
        field: kind,
        event: word(&event),
        detail: word(&detail),
        number: String::new(),
        effect,
    }))
}

fn tier(inner: &Value, ratings: &Ratings) -> (String, String, AccountEffect) {
    let event = loose::text(inner, "event").unwrap_or_default();
    let limit = loose::text(inner, "currentLimit").unwrap_or_default();
    ratings.learn(&event, Some(&limit).filter(|l| !l.is_empty()).map(|l| standing::tier(l)));
    (event, limit, AccountEffect::Limits)
}

fn status(inner: &Value) -> (String, String, AccountEffect) {
    let status = loose::text(inner, "status").unwrap_or_default();
    let restrictions = loose::items(inner, "restrictionInfo");
    let kind = |of: &Value| loose::text(of, "restrictionType").unwrap_or_default();
    let ours = restrictions.iter().filter(|r| kind(r) == BUSINESS_INITIATED);
    let until = ours.clone().map(|r| loose::instant(r, "expiration")).max();
    let effect = match status.as_str() {
        "ACCOUNT_RESTRICTED" | "ACCOUNT_RESTRICTION" => {
            until.map_or(AccountEffect::None, |until| AccountEffect::Restricted { until })
        }
        "DISABLE" | "ACCOUNT_DISABLE" => AccountEffect::Disabled,
        "REINSTATE" => AccountEffect::Reinstated,
        _ => AccountEffect::None,
    };
    let mut detail: Vec<String> = restrictions.iter().map(kind).collect();
    detail.extend(loose::some_text(inner, "violation_type"));
    (status, detail.join(" "), effect)
}

/// A word of the provider's, as it may be kept and shown.
fn word(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | ',' | '.');
    text.trim().chars().filter(fits).take(LONGEST).collect()
}
