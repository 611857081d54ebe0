//! What a receipt does to a message: pure, so that every order and repetition can be tried.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::billing::card::Cards;
use crate::billing::charge::{self, Charge, Priced};
use crate::domain::event::{Pricing, Receipt, ReceiptStatus};
use crate::domain::failure::Failure;
use crate::domain::id::RunId;
use crate::domain::message::{MessageEvent, MessageState, next};
use crate::domain::money::{Currency, Micros};
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::store::receipt::{EarlierAttempt, ReceiptChange, Standing};
use crate::store::window::Told;

/// The provider drops an undelivered message after this long, unless its template says otherwise.
const LONGEST_LIFE: Duration = Duration::from_hours(30 * 24);

/// Margin over the template's time to live.
const GRACE: Duration = Duration::from_hours(1);

/// Applies a receipt of the latest attempt, which happened at `at`.
pub fn apply(standing: &mut Standing, receipt: &Receipt, at: UnixMs) {
    let is_old = is_old_news(standing.provider_id.as_ref(), standing.failure_code, receipt.status);
    note(standing, receipt, at);
    if !is_old {
        follow(standing, receipt, at);
    }
}

/// Applies a receipt of another attempt that says what the message has become after all.
pub fn reach(standing: &mut Standing, receipt: &Receipt, at: UnixMs) {
    let is_unanswered = standing.state == MessageState::Claimed && standing.provider_id.is_none();
    note(standing, receipt, at);
    follow(standing, receipt, at);
    if is_unanswered {
        // The answer to the latest attempt is on its way, and names that one.
        standing.provider_id = None;
    }
}

/// Keeps when it was and what it cost.
fn note(standing: &mut Standing, receipt: &Receipt, at: UnixMs) {
    standing.provider_id.get_or_insert_with(|| receipt.provider_id.clone());
    note_price(&mut standing.pricing, receipt);
    let instant = match receipt.status {
        ReceiptStatus::Sent => Some(&mut standing.sent_at),
        ReceiptStatus::Delivered => Some(&mut standing.delivered_at),
        ReceiptStatus::Read | ReceiptStatus::Played => Some(&mut standing.read_at),
        ReceiptStatus::Accepted | ReceiptStatus::Failed | ReceiptStatus::Other => None,
    };
    if let Some(instant) = instant {
        *instant = Some(instant.map_or(at, |known| known.min(at)));
    }
}

/// Keeps the price that a receipt tells, where that says more than what is known.
pub fn note_price(known: &mut Option<String>, receipt: &Receipt) {
    if let Some(pricing) = receipt.pricing.as_ref().filter(|told| says_more(told, known.as_deref())) {
        *known = serde_json::to_string(pricing).ok();
    }
}

/// Brings the state up to date.
fn follow(standing: &mut Standing, receipt: &Receipt, at: UnixMs) {
    let Some(state) = next(standing.state, MessageEvent::Receipt(receipt.status)) else { return };
    standing.state = state;
    if state == MessageState::Failed {
        let (code, detail) = receipt.failure.as_ref().map_or((0, ""), |f| (f.code, f.detail.as_str()));
        standing.ended_at = Some(at);
        standing.failure_code = Some(code);
        // PostgreSQL keeps no NUL in a text.
        standing.failure_detail = Some(detail.replace('\0', ""));
    } else {
        standing.ended_at = None;
        standing.failure_code = None;
        standing.failure_detail = None;
    }
}

/// Whether the provider has already said that what it had taken failed: that it takes it, or passes it on, comes late or is
/// told again, also where the message is in line for another try. Trouble that says nothing of the message is overruled.
fn is_old_news(provider_id: Option<&String>, failed_with: Option<i64>, status: ReceiptStatus) -> bool {
    provider_id.is_some()
        && failed_with.is_some_and(|code| code != Failure::TROUBLE)
        && matches!(status, ReceiptStatus::Accepted | ReceiptStatus::Sent)
}

/// The first price told counts, unless it left open whether anything is charged and a later one says so (Gupshup's bill
/// after its `sent`).
fn says_more(told: &Pricing, known: Option<&str>) -> bool {
    let Some(known) = known else { return true };
    let is_open = serde_json::from_str::<Pricing>(known).is_ok_and(|known| known.billable.is_none());
    let names_cost = serde_json::from_str::<Pricing>(known).is_ok_and(|known| known.cost.is_none());
    (is_open && told.billable.is_some()) || (names_cost && told.cost.is_some())
}

/// Books what the message cost by all that its receipts have told, and lets go of what was held back for it. The same
/// facts always give the same entry, in whatever order they came.
pub fn book(standing: &mut Standing, cards: &Cards, zone: &TimeZone) {
    match standing.state {
        MessageState::Delivered | MessageState::Read => {}
        MessageState::Failed => {
            standing.reserved = 0;
            return;
        }
        _ => return,
    }
    standing.reserved = 0;
    let Some(at) = standing.delivered_at.into_iter().chain(standing.read_at).min() else { return };
    if let Some(charge) = cost_of(standing, (at, standing.pricing.as_deref()), cards, zone) {
        standing.charged = charge.amount.0;
        standing.charged_as = Some(charge.category);
        standing.charged_day = Some(charge.day);
    }
}

/// What an attempt of the message cost that arrived then, at the price that was told of it.
pub fn cost_of(
    standing: &Standing,
    (at, pricing): (UnixMs, Option<&str>),
    cards: &Cards,
    zone: &TimeZone,
) -> Option<Charge> {
    let priced = Priced {
        currency: Currency::parse(&standing.currency).ok()?,
        market: standing.market.clone(),
        category: standing.category,
        estimated: Micros(standing.estimated),
    };
    let arrival = Receipt {
        sender_ref: String::new(),
        provider_id: String::new(),
        other_id: None,
        of_template: None,
        callback: None,
        status: ReceiptStatus::Delivered,
        at,
        failure: None,
        pricing: pricing.and_then(|json| serde_json::from_str(json).ok()),
        wa_id: None,
        bsuid: None,
    };
    charge::of_receipt(cards, &priced, &arrival, zone)
}

/// How long the provider tries to deliver messages of `template`, in whatever language, where it says so.
pub fn life_of(template: &Snapshot) -> Option<Duration> {
    let life = |t: &Template| t.time_to_live_s.and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs);
    template.all().map(life).try_fold(Duration::ZERO, |longest, life| Some(longest.max(life?)))
}

/// When a message that is on its way counts as undelivered, where its answer never came to say so. `life` is its
/// template's time to live.
pub fn undelivered_at(claimed_at: UnixMs, life: Option<Duration>) -> UnixMs {
    claimed_at.plus(life.unwrap_or(LONGEST_LIFE)).plus(GRACE)
}

/// Whether a receipt of an `earlier` attempt says what the message has become after all: that it arrived, whatever is known of
/// the latest attempt, or that it left, while nothing of the latest is on its way; then no further attempt opens.
pub fn reached_after_all(state: MessageState, earlier: Option<&EarlierAttempt>, status: ReceiptStatus) -> bool {
    use MessageState as S;
    let arrived = matches!(status, ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played);
    (arrived || matches!(state, S::Queued | S::Excluded | S::Expired | S::Failed | S::InDoubt))
        && status != ReceiptStatus::Failed
        && !earlier.is_some_and(|earlier| is_old_news(earlier.provider_id.as_ref(), earlier.failure_code, status))
        && next(state, MessageEvent::Receipt(status)).is_some()
}

/// What a change of a message says to the breakers of its run: for the first time that it left, or that it failed.
pub fn told(change: &ReceiptChange) -> Option<(RunId, UnixMs, Told)> {
    use MessageState::{Delivered, Failed, Read, Sent};
    let (standing, had_left) = (&change.standing, matches!(change.was, Sent | Delivered | Read));
    let told = match standing.state {
        Failed if change.was != Failed => {
            Told::Failed { code: standing.failure_code.unwrap_or(Failure::NO_CODE), had_left }
        }
        Sent | Delivered | Read if !had_left => Told::Left,
        _ => return None,
    };
    Some((standing.run_id, standing.claimed_at?, told))
}

/// Applies a receipt of an attempt that is not the latest: it is recorded there and changes nothing else.
pub fn apply_earlier(attempt: &mut EarlierAttempt, receipt: &Receipt, at: UnixMs) {
    attempt.provider_id.get_or_insert_with(|| receipt.provider_id.clone());
    let Some(state) = next(attempt.state, MessageEvent::Receipt(receipt.status)) else { return };
    attempt.state = state;
    attempt.ended_at = at;
    let failure = receipt.failure.as_ref().filter(|_| state == MessageState::Failed);
    attempt.failure_code = failure.map(|f| f.code);
    attempt.failure_detail = failure.map(|f| f.detail.replace('\0', ""));
}
