//! How an app stands: health, tier and quality, wallet (gupshup-zenvia.md 1.10).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::domain::money::{Currency, Micros};
use crate::provider::{Wallet, loose};

/// Tier and quality may be asked once a day.
const RATINGS_EVERY: Duration = Duration::from_hours(24);

/// Tier and quality.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Rating {
    /// As `2K`.
    pub tier: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, or empty.
    pub quality: String,
    /// WhatsApp has flagged the number for its quality.
    pub flagged: bool,
}

/// The last rating told.
#[derive(Debug, Default)]
pub(super) struct Ratings(Mutex<Option<(Instant, Rating)>>);

impl Ratings {
    /// The rating, while it may not be asked anew.
    pub(super) fn known(&self) -> Option<Rating> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| at.elapsed() < RATINGS_EVERY).map(|(_, rating)| rating.clone())
    }

    /// What an event tells: `UPGRADE`, `DOWNGRADE`, `FLAGGED`, `UNFLAGGED`, with the tier in force.
    pub(super) fn learn(&self, event: &str, tier: Option<String>) {
        let mut rating = self.last().unwrap_or_default();
        rating.tier = tier.or(rating.tier);
        match event {
            "FLAGGED" => rating.flagged = true,
            "UNFLAGGED" | "UPGRADE" | "ONBOARDING" => rating.flagged = false,
            _ => {}
        }
        self.keep(rating);
    }

    /// The rating last told, however old.
    pub(super) fn last(&self) -> Option<Rating> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, rating)| rating.clone())
    }

    pub(super) fn keep(&self, rating: Rating) -> Rating {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), rating.clone()));
        rating
    }
}

/// `{"oldLimit":"TIER_1K","currentLimit":"TIER_10K","phoneQuality":"GREEN"}`, or a message that there is no news.
pub(super) fn rating(told: &Value) -> Rating {
    Rating {
        tier: loose::some_text(told, "currentLimit").map(|word| tier(&word)),
        quality: loose::text(told, "phoneQuality").unwrap_or_default(),
        flagged: loose::text(told, "event").is_some_and(|e| e == "FLAGGED"),
    }
}

/// `TIER_2K` as `2K`.
pub(super) fn tier(word: &str) -> String {
    let word = word.to_ascii_uppercase();
    word.strip_prefix("TIER_").map_or(word.clone(), str::to_owned)
}

/// Whether the app is live. Where it is not, nothing says why: it may just not be there yet.
pub(super) fn is_healthy(told: &Value) -> bool {
    let yes = |h: &Value| h.as_bool() == Some(true) || h.as_str().is_some_and(|s| s.eq_ignore_ascii_case("true"));
    told.get("healthy").is_some_and(yes)
}

/// `{"walletResponse":{"currency":"USD","currentBalance":12.3,"overDraftLimit":0}}` of partners,
/// `{"status":"success","balance":4.91}` of the self-serve surface, which names no currency: it is the account's.
pub(super) fn wallet(told: &Value, currency: Currency) -> Option<Wallet> {
    let partner = told.get("walletResponse");
    let object = partner.unwrap_or(told);
    let balance = amount(object, if partner.is_some() { "currentBalance" } else { "balance" })?;
    let told = loose::some_text(object, "currency").map(|code| Currency::parse(&code.to_ascii_uppercase()));
    Some(Wallet {
        currency: told.map_or(Some(currency), Result::ok)?,
        balance,
        overdraft: amount(object, "overDraftLimit").map_or(Micros(0), |m| Micros(m.0.abs())),
    })
}

/// An amount, written as number or text. Money is never kept as a float: six decimals are read and rounded once.
fn amount(object: &Value, key: &str) -> Option<Micros> {
    let number = loose::float(object, key)?;
    (number.abs() < 1e12).then(|| Micros((number * 1e6).round() as i64))
}
