//! `template-event` and `account-event` (gupshup-zenvia.md 1.7).

use std::collections::BTreeMap;

use serde_json::Value;

use super::Envelope;
use crate::domain::event::{AccountEffect, AccountNews, CategoryNews, TemplateNews, TemplateNote, WebhookEvent};
use crate::domain::notice;
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::provider::gupshup::standing::{self, Ratings};
use crate::provider::gupshup::template;
use crate::provider::loose;

/// Longest word of the provider that is kept.
const LONGEST: usize = 120;

/// News of a template; older events have no type inside, and tell a status.
pub(super) fn template(payload: &Value, at: UnixMs) -> Option<Vec<WebhookEvent>> {
    let name = loose::some_text(payload, "elementName")?;
    let language = loose::some_text(payload, "languageCode")?.replace('-', "_");
    let kind = loose::text(payload, "type").unwrap_or_default();
    Some(match kind.as_str() {
        "category-update" => vec![category(payload, (name, language), at)?],
        "quality-update" => {
            let word = loose::some_text(payload, "quality")?.to_ascii_lowercase();
            let quality = Some(if word == "unknown" { String::new() } else { word });
            vec![WebhookEvent::TemplateNote(TemplateNote { name, language, quality, at, ..TemplateNote::default() })]
        }
        _ => {
            let word = loose::some_text(payload, "status")?;
            let why = ["rejectedReason", "description"].iter().find_map(|key| loose::some_text(payload, key));
            standing(name, language, (&word, why.as_deref()), at)
        }
    })
}

/// How a template stands now, and why.
pub(super) fn standing(
    name: String,
    language: String,
    (word, why): (&str, Option<&str>),
    at: UnixMs,
) -> Vec<WebhookEvent> {
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
    let note = TemplateNote { name: name.clone(), language: language.clone(), at, ..TemplateNote::default() };
    let note = WebhookEvent::TemplateNote(TemplateNote { reason: Some(reason), advice: Some(String::new()), ..note });
    if is_warning {
        return vec![note];
    }
    vec![WebhookEvent::Template(TemplateNews { name, language, status, at }), note]
}

/// `{"old","new"}` is done, `{"current","correct"}` is announced for the first of the next month; Meta's own words likewise.
pub(super) fn category(payload: &Value, (name, language): (String, String), at: UnixMs) -> Option<WebhookEvent> {
    let told = payload.get("category").filter(|c| c.is_object()).unwrap_or(payload);
    let announced = loose::some_text(told, "correct").or_else(|| loose::some_text(told, "correct_category"));
    let done = || loose::some_text(told, "new").or_else(|| loose::some_text(told, "new_category"));
    let is_announced = announced.is_some();
    let category = template::category(&announced.or_else(done)?);
    Some(WebhookEvent::Category(CategoryNews { name, language, category, is_announced, at }))
}

/// What was told: the event, more words, and what it does to sending.
type Said = (String, String, AccountEffect);

/// News of the account; nothing where it is none. A tier told here is kept: asking for it is granted once a day.
pub(super) fn news(payload: &Value, envelope: &Envelope, ratings: &Ratings) -> Vec<WebhookEvent> {
    let kind = loose::text(payload, "type").unwrap_or_default();
    let inner = payload.get("payload").filter(|p| p.is_object()).unwrap_or(payload);
    let said = match kind.as_str() {
        "tier-event" => vec![tier(inner, ratings)],
        "capability-event" => {
            let people = loose::text(inner, "maxDailyConversationPerPhone").unwrap_or_default();
            vec![("capability".to_owned(), people, AccountEffect::Limits)]
        }
        "status-event" => status(inner),
        "review-event" | "pndn-event" => {
            let word = loose::text(inner, "status").unwrap_or_default();
            vec![(word, loose::text(inner, "rejectedReason").unwrap_or_default(), AccountEffect::None)]
        }
        _ => Vec::new(),
    };
    let event = |(event, detail, effect): Said| {
        WebhookEvent::Account(AccountNews {
            account_ref: envelope.app.clone(),
            field: kind.clone(),
            event: word(&event),
            detail: word(&detail),
            number: String::new(),
            effect,
            at: envelope.at,
        })
    };
    said.into_iter().map(event).collect()
}

fn tier(inner: &Value, ratings: &Ratings) -> Said {
    let event = loose::text(inner, "event").unwrap_or_default();
    let limit = loose::text(inner, "currentLimit").unwrap_or_default();
    ratings.learn(&event, Some(&limit).filter(|l| !l.is_empty()).map(|l| standing::tier(l)));
    (event, limit, AccountEffect::Limits)
}

/// Restrictions that come together are told one by one: each ends when it does.
fn status(inner: &Value) -> Vec<Said> {
    let status = loose::text(inner, "status").unwrap_or_default();
    let mut ends: BTreeMap<String, Option<UnixMs>> = BTreeMap::new();
    for told in loose::items(inner, "restrictionInfo") {
        let end = ends.entry(loose::text(told, "restrictionType").unwrap_or_default()).or_default();
        *end = loose::instant(told, "expiration").max(*end);
    }
    if matches!(status.as_str(), "ACCOUNT_RESTRICTED" | "ACCOUNT_RESTRICTION") && !ends.is_empty() {
        let restriction = |(kind, until): (String, _)| {
            let effect = notice::effect_of(&kind, until);
            (status.clone(), kind, effect)
        };
        return ends.into_iter().map(restriction).collect();
    }
    let effect = match status.as_str() {
        "DISABLE" | "ACCOUNT_DISABLE" => AccountEffect::Disabled,
        "REINSTATE" => AccountEffect::Reinstated,
        _ => AccountEffect::None,
    };
    vec![(status, loose::text(inner, "violation_type").unwrap_or_default(), effect)]
}

/// A word of the provider's, as it may be kept and shown.
fn word(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | ',' | '.');
    text.trim().chars().filter(fits).take(LONGEST).collect()
}
