//! What a provider's answer does. The adapter decided what it means; this obeys.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::freeze::Freeze;
use super::{Departure, Dispatcher};
use crate::domain::answer::{Acceptance, Answer, StopScope, ThrottleScope};
use crate::domain::change::Change;
use crate::domain::doubt::REVIEW;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::fill::Content;
use crate::domain::id::RunId;
use crate::domain::pair;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::engine::holds::{self, TEMPLATE_POLL};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::message::{PutBack, Verdict};
use crate::store::suppression::SuppressionScope;

/// After a refusal for the pair limit it is tried again after 4^X s (cloud-api.md 5.2); the waits stop growing here.
const PAIR_TRIES: i64 = 5;

/// A message that is to be tried later is tried this often.
const MOST_LATER: i64 = 3;

/// How long a message waits that could not leave this host.
const NOT_SENT: Duration = Duration::from_secs(5);

/// Failures of the way to the provider in a row that make an outage.
const OUTAGE_AFTER: u32 = 5;

/// When an outage is first probed (of the clock, so that a person sees when).
pub const FIRST_PROBE: Duration = Duration::from_secs(30);

/// What Meta keeps an undelivered message for when the template does not say (cloud-api.md 4).
const USUAL_TIME_TO_LIVE: Duration = Duration::from_hours(30 * 24);

/// A delivery reported this long after the time to live still counts as one.
const AFTER_TIME_TO_LIVE: Duration = Duration::from_hours(1);

/// Failures of the way to the provider since the last answer of any kind.
#[derive(Debug, Default)]
pub(super) struct Failures {
    in_a_row: AtomicU32,
    freeze: Freeze,
}

impl Failures {
    fn none(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
    }

    /// Counts one; true when they make an outage.
    fn one(&self) -> bool {
        self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= OUTAGE_AFTER
    }

    /// Whether what fails now may fail because this process stood still.
    fn say_nothing(&self) -> bool {
        self.freeze.was_still(Instant::now())
    }

    /// Watches until `stop` whether this process stands still.
    pub(super) async fn tick_until(&self, stop: &CancellationToken) {
        self.freeze.tick_until(stop).await;
    }
}

/// A message whose stored content or number cannot be sent at all. No request is made.
pub(super) fn unsendable() -> Verdict {
    let failure = Failure { code: 131_009, detail: "the stored message cannot be sent".to_owned() };
    Verdict::Refused { failure, suppress: None }
}

impl Dispatcher {
    pub(super) async fn obey(&self, departure: &Departure, answer: Answer) -> Verdict {
        self.engine.counters.sent(&self.sender.name, &answer, &self.account.errors);
        match &answer {
            Answer::NotSent { .. } | Answer::Unknown { .. } if self.failures.say_nothing() => {}
            Answer::NotSent { .. } | Answer::Unknown { .. } if self.failures.one() => self.hold_for_outage().await,
            Answer::NotSent { .. } | Answer::Unknown { .. } => {}
            _ => self.failures.none(),
        }
        if !matches!(answer, Answer::Accepted(_) | Answer::Unknown { .. }) {
            self.pairs.undo(departure.gated.root);
        }
        match answer {
            Answer::Accepted(acceptance) => self.accepted(departure, acceptance),
            Answer::Refused(failure) => {
                self.bar_country(departure, failure.code).await;
                Verdict::Refused { suppress: self.suppression(failure.code), failure }
            }
            Answer::Throttled { scope, retry_after, failure } => self.throttled(departure, scope, retry_after, failure),
            Answer::Stopped { scope, failure } => {
                self.hold(departure, scope, failure.code).await;
                if scope == StopScope::Template && departure.message.run_id == RunId::BY_HAND {
                    // A person waits for it, and what is sent by hand belongs to no run that the hold could stop.
                    return Verdict::Refused { failure, suppress: None };
                }
                self.back(NOT_SENT, None, failure)
            }
            Answer::NotSent { reason } => self.back(NOT_SENT, None, Failure { code: Failure::NO_CODE, detail: reason }),
            Answer::Unknown { reason, pause } => {
                if let Some(pause) = pause {
                    self.hold_for_maintenance(pause).await;
                }
                Verdict::InDoubt { reason }
            }
        }
    }

    fn accepted(&self, departure: &Departure, acceptance: Acceptance) -> Verdict {
        let template = match &departure.message.content {
            Content::Text { .. } | Content::Free { .. } => None,
            Content::Template { template, fill } => template.as_deref().or(departure.translation(fill)),
        };
        let told = template.and_then(|t| t.time_to_live_s).and_then(|s| u64::try_from(s).ok());
        let lives = told.map_or(USUAL_TIME_TO_LIVE, Duration::from_secs);
        // What is held for review begins to live when it is released; a review that nobody hears of ends some day too.
        let review = if acceptance.in_review { REVIEW } else { Duration::ZERO };
        let undelivered_at = self.engine.clock.now().plus(review).plus(lives).plus(AFTER_TIME_TO_LIVE);
        Verdict::Accepted { acceptance, undelivered_at }
    }

    fn throttled(&self, departure: &Departure, scope: ThrottleScope, after: Duration, failure: Failure) -> Verdict {
        match scope {
            ThrottleScope::Sender if self.is_of_pace(failure.code) => {
                self.pacer.slow_down();
                self.back(after, Some("throughput"), failure)
            }
            ThrottleScope::Sender => self.back(after, Some("again"), failure),
            ThrottleScope::Pair => {
                let tries = (departure.message.attempt - 1).clamp(0, PAIR_TRIES) as u32;
                let wait = after.max(pair::SPACING).max(Duration::from_secs(4_u64.pow(tries)));
                self.pairs.refused(departure.gated.root, wait);
                self.back(wait, Some("pair_limit"), failure)
            }
            ThrottleScope::Message => {
                // The person's or the provider's calendar, not this host's pace: of the clock.
                let due_at = self.engine.clock.now().plus(after);
                if departure.message.attempt > MOST_LATER || departure.message.latest_at.is_some_and(|at| at < due_at) {
                    return Verdict::Refused { suppress: None, failure };
                }
                let turned_away = Some(failure);
                Verdict::PutBack(PutBack { due_at, waiting_for: Some("later"), turned_away })
            }
        }
    }

    /// Whether a refusal with `code` is about how fast we send. Another that the operator wants tried again is not.
    fn is_of_pace(&self, code: i64) -> bool {
        let usual = self.account.access.kind().dialect().policy(code);
        usual.is_none_or(|policy| policy.class == FailureClass::Retry)
    }

    /// Back in line for at least `wait` of real time.
    fn back(&self, wait: Duration, waiting_for: Option<&'static str>, failure: Failure) -> Verdict {
        let due_at = self.engine.clock.now().plus(self.engine.clock_span(wait));
        Verdict::PutBack(PutBack { due_at, waiting_for, turned_away: Some(failure) })
    }

    async fn hold(&self, departure: &Departure, scope: StopScope, code: i64) {
        let (scope, scope_key, cause) = match scope {
            StopScope::Template => (HoldScope::Template, self.template_key(departure), HoldCause::of_template(code)),
            StopScope::Sender => (HoldScope::Sender, self.sender.name.clone(), HoldCause::Refused),
            StopScope::Account => (HoldScope::Account, self.account.name.clone(), HoldCause::of_refusal(code)),
        };
        let until_at = cause.is_of_template().then(|| self.engine.clock.now().plus(TEMPLATE_POLL));
        self.place(&NewHold { scope, scope_key, cause, code: Some(code), until_at }).await;
    }

    fn template_key(&self, departure: &Departure) -> String {
        let template = match &departure.message.content {
            Content::Template { template, fill } => template.as_deref().or(departure.translation(fill)),
            Content::Text { .. } | Content::Free { .. } => None,
        };
        let key = |t: &Template| hold::template_key(&self.account.name, &t.name, &t.language);
        template.map_or_else(|| self.account.name.clone(), key)
    }

    /// A number in maintenance: the sender pauses for a moment of real time, and goes on by itself.
    async fn hold_for_maintenance(&self, pause: Duration) {
        let until = self.engine.clock.now().plus(self.engine.clock_span(pause));
        let (scope, scope_key) = (HoldScope::Sender, self.sender.name.clone());
        let cause = HoldCause::Outage;
        self.place(&NewHold { scope, scope_key, cause, code: None, until_at: Some(until) }).await;
    }

    async fn hold_for_outage(&self) {
        let until: UnixMs = self.engine.clock.now().plus(FIRST_PROBE);
        let (scope, scope_key) = (HoldScope::Account, self.account.name.clone());
        let cause = HoldCause::Outage;
        self.place(&NewHold { scope, scope_key, cause, code: None, until_at: Some(until) }).await;
    }

    async fn place(&self, new: &NewHold) {
        match hold::place(&self.engine.store, new, self.engine.clock.now()).await {
            Ok(false) => {}
            Ok(true) => {
                let (scope, cause) = (new.scope.as_str(), new.cause.as_str());
                warn!(hold.scope = scope, hold.key = new.scope_key, code = new.code, "a hold begins: {cause}");
                self.failures.none();
                self.engine.tell(Change::Holds);
            }
            Err(cause) => {
                let error = &cause as &dyn std::error::Error;
                warn!(error, "a hold could not be kept; the next refusal will try again");
            }
        }
    }

    /// Where the refusal is about the person's country, the rest of that country is left out from now on.
    async fn bar_country(&self, departure: &Departure, code: i64) {
        if self.account.errors.class_of(code) != Some(FailureClass::StopCountry) {
            return;
        }
        let Some(scope_key) = holds::country_key(&self.account.name, &departure.message.recipient) else { return };
        let (scope, cause) = (HoldScope::Country, HoldCause::Refused);
        self.place(&NewHold { scope, scope_key, cause, code: Some(code), until_at: None }).await;
    }

    fn suppression(&self, code: i64) -> Option<SuppressionScope> {
        match self.account.errors.class_of(code) {
            Some(FailureClass::StopMarketing) => Some(SuppressionScope::Marketing),
            Some(FailureClass::StopAll) => Some(SuppressionScope::All),
            _ => None,
        }
    }
}
