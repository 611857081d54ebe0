//! The limits on sending: throughput and pair limit in real time, the messaging limit (tier) on the sandbox's clock.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::config::Tier;
use crate::domain::time::UnixMs;

/// Messages per second of one number, sent and received together, with one second of burst.
pub(super) struct Bucket {
    per_second: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn full(per_second: NonZeroU32, at: Instant) -> Self {
        let per_second = f64::from(per_second.get());
        Self { per_second, level: per_second, at }
    }

    fn refill(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.per_second);
        self.at = self.at.max(at);
    }

    /// Whether one more may be sent at `at`; takes its place if so.
    pub fn take(&mut self, at: Instant) -> bool {
        self.refill(at);
        let fits = self.level >= 1.0;
        if fits {
            self.level -= 1.0;
        }
        fits
    }

    /// Counts an inbound message, which nobody can refuse: the bucket may owe up to one second.
    pub fn count_inbound(&mut self, at: Instant) {
        self.refill(at);
        self.level = (self.level - 1.0).max(-self.per_second);
    }
}

/// Real time one message costs a pair of number and person.
const PAIR_SPACING: Duration = Duration::from_secs(6);
/// Messages of one burst.
const PAIR_BURST: u32 = 45;

/// One number and one person: a message per 6 s; a burst of at most 45 within 6 s, which has to be paid back in full
/// before the next (20 at once: two minutes of silence).
pub(super) struct Pair {
    burst_began: Instant,
    in_burst: u32,
    paid_back: Instant,
}

impl Pair {
    /// The pair's first message, sent at `at`.
    pub fn first(at: Instant) -> Self {
        Self { burst_began: at, in_burst: 1, paid_back: at + PAIR_SPACING }
    }

    /// Whether another may be sent at `at`; takes its place if so.
    pub fn take(&mut self, at: Instant) -> bool {
        if at >= self.paid_back {
            *self = Self::first(at);
            return true;
        }
        let in_burst = at.saturating_duration_since(self.burst_began) < PAIR_SPACING && self.in_burst < PAIR_BURST;
        if in_burst {
            self.in_burst += 1;
            self.paid_back += PAIR_SPACING;
        }
        in_burst
    }

    /// Whether the pair owes nothing at `at`, so that it can be forgotten.
    pub fn is_paid_back(&self, at: Instant) -> bool {
        at >= self.paid_back
    }
}

const DAY: Duration = Duration::from_hours(24);

/// Unique people reached outside a window in a rolling 24 h, of one portfolio. A place is taken when a message is
/// accepted and kept until 24 h after its delivery; a failure frees it.
#[derive(Default)]
pub(super) struct Reached(HashMap<String, Place>);

struct Place {
    until: UnixMs,
    was_delivered: bool,
    /// Accepted messages that have neither been delivered nor failed.
    open: u32,
}

impl Reached {
    /// Whether `person` fits at `now`; takes the place if so.
    pub fn take(&mut self, person: &str, tier: Tier, now: UnixMs) -> bool {
        let Tier::People(limit) = tier else { return true };
        if let Some(place) = self.0.get_mut(person).filter(|p| p.until > now) {
            place.open += 1;
            return true;
        }
        if self.0.len() >= limit as usize {
            self.0.retain(|_, p| p.until > now);
        }
        let fits = self.0.len() < limit as usize;
        if fits {
            self.0.insert(person.to_owned(), Place { until: now.plus(DAY), was_delivered: false, open: 1 });
        }
        fits
    }

    /// A message to `person` was delivered at `now`: the 24 h begin again.
    pub fn delivered(&mut self, person: &str, now: UnixMs) {
        if let Some(place) = self.0.get_mut(person) {
            place.until = now.plus(DAY);
            place.was_delivered = true;
            place.open = place.open.saturating_sub(1);
        }
    }

    /// A message to `person` failed.
    pub fn failed(&mut self, person: &str) {
        let Some(place) = self.0.get_mut(person) else { return };
        place.open = place.open.saturating_sub(1);
        if place.open == 0 && !place.was_delivered {
            self.0.remove(person);
        }
    }
}

/// Calls of the management API an account may make in an hour of the sandbox's clock (one with a registered number).
const CALLS_PER_HOUR: u32 = 5000;

/// Management calls of one account in the current hour.
#[derive(Default)]
pub(super) struct Quota {
    hour: i64,
    calls: u32,
}

impl Quota {
    /// Counts a call at `now`: the percentage used, or `None` when it is over.
    pub fn take(&mut self, now: UnixMs) -> Option<u32> {
        let hour = now.0.div_euclid(3_600_000);
        if hour != self.hour {
            *self = Self { hour, calls: 0 };
        }
        self.calls += 1;
        (self.calls <= CALLS_PER_HOUR).then_some(self.calls * 100 / CALLS_PER_HOUR)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Bucket, Pair, Quota};
    use crate::domain::time::UnixMs;

    #[test]
    fn a_bucket_holds_one_second_and_fills_at_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::full(NonZeroU32::new(80).expect("not 0"), start);
        let mut taken = |after_ms: u64, tries: usize| {
            let at = start + Duration::from_millis(after_ms);
            (0..tries).filter(|_| bucket.take(at)).count()
        };
        assert_eq!(taken(0, 100), 80);
        assert_eq!(taken(500, 100), 40);
        assert_eq!(taken(10_000, 100), 80, "no more than a second is saved up");
    }

    #[test]
    fn inbound_messages_leave_less_to_send() {
        let start = Instant::now();
        let mut bucket = Bucket::full(NonZeroU32::new(10).expect("not 0"), start);
        (0..15).for_each(|_| bucket.count_inbound(start));
        assert!(!bucket.take(start + Duration::from_millis(500)));
        assert!(bucket.take(start + Duration::from_millis(601)));
    }

    #[test]
    fn a_burst_of_twenty_is_paid_back_in_two_minutes() {
        let start = Instant::now();
        let mut pair = Pair::first(start);
        assert!((1..20).all(|_| pair.take(start)));
        assert!(!pair.take(start + Duration::from_secs(7)), "the burst is over");
        assert!(!pair.take(start + Duration::from_secs(119)));
        assert!(pair.take(start + Duration::from_mins(2)));
        assert!(pair.take(start + Duration::from_secs(126)), "one in six seconds goes on for ever");
    }

    #[test]
    fn five_thousand_calls_fit_into_an_hour() {
        let mut quota = Quota::default();
        let used: Vec<_> = (0..5000).map(|_| quota.take(UnixMs(0))).collect();
        assert_eq!((used[2499], used[4999]), (Some(50), Some(100)));
        assert_eq!(quota.take(UnixMs(3_599_999)), None);
        assert_eq!(quota.take(UnixMs(3_600_000)), Some(0));
    }
}
