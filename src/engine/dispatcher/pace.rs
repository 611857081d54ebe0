//! The pace of a sender: what is configured and granted, slowed by the provider's feedback.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

/// What Meta grants every number, messages per second (cloud-api.md 5): in force until the provider says otherwise.
const USUAL: NonZeroU32 = NonZeroU32::new(80).expect("80 is not 0");

/// Several permits at a time make claims worth their transaction; a wait below this only burns the processor.
pub const SHORTEST_GAP: Duration = Duration::from_millis(20);

/// The provider's feedback comes in bursts that speak of one instant; it counts once within this.
const ONE_FEEDBACK: Duration = Duration::from_secs(1);

/// A permit is taken in tenths: what has come of the next one while nobody asked is not lost, which at a few messages a
/// second would be a good part of the pace.
const PERMIT: NonZeroU32 = NonZeroU32::new(10).expect("10 is not 0");

/// Tenths that the smallest bucket holds: one permit, and nearly all of the next.
const FEWEST: NonZeroU32 = NonZeroU32::new(19).expect("19 is not 0");

/// Below this many messages a second one looks for every half permit.
const SLOW: f64 = 25.0;

/// Permits that were not used count for this long.
const ONE_BURST: Duration = Duration::from_millis(100);

/// What is left of the rate after feedback.
const SLOWER: f64 = 0.7;

/// The share of the full rate that comes back each second without feedback.
const CLIMB: f64 = 0.05;

/// Permits to send. The bucket is real time, whatever the clock does.
#[derive(Debug)]
pub struct Pacer(Mutex<State>);

#[derive(Debug)]
struct State {
    configured: Option<NonZeroU32>,
    granted: Option<NonZeroU32>,
    /// Messages per second now.
    rate: f64,
    bucket: DefaultDirectRateLimiter,
    /// Permits taken and not used, and until when they count.
    unused: (usize, Instant),
    /// Messages of people that no permit was found for yet: they count in the same limit.
    owed: u64,
    /// When the rate was last slowed or climbed.
    changed_at: Instant,
}

impl Pacer {
    /// A pacer of the configured rate (messages per second), or of the usual one.
    pub fn new(configured: Option<NonZeroU32>) -> Self {
        let rate = f64::from(configured.unwrap_or(USUAL).get());
        let now = Instant::now();
        let (bucket, unused) = (bucket(rate), (0, now));
        Self(Mutex::new(State { configured, granted: None, rate, bucket, unused, owed: 0, changed_at: now }))
    }

    /// What the provider grants now; `None`: it does not say.
    pub fn grant(&self, granted: Option<u32>) {
        let mut state = self.state();
        let before = state.most();
        state.granted = granted.and_then(NonZeroU32::new);
        let most = state.most();
        // The same grant again says nothing about the feedback that slowed the pace since.
        if most != before {
            state.set(f64::from(most.get()));
        }
    }

    /// Messages per second at most.
    pub fn most(&self) -> u32 {
        self.state().most().get()
    }

    /// Messages per second now.
    pub fn rate(&self) -> f64 {
        self.state().rate
    }

    /// Permits granted at this instant, at most `wanted`; a burst is at most 100 ms of the rate.
    pub fn take(&self, wanted: usize) -> usize {
        let mut state = self.state();
        state.climb();
        state.pay();
        let again = state.reuse(wanted);
        again + (again..wanted).take_while(|_| state.permit()).count()
    }

    /// Permits that nothing was found for. They count for another moment, so that they do not add up to a burst.
    pub fn give_back(&self, permits: usize) {
        let mut state = self.state();
        let most = burst(state.rate).get() as usize;
        let kept = (state.reuse(most) + permits).min(most);
        state.unused = (kept, Instant::now() + ONE_BURST);
    }

    /// People have written: their messages count in the same limit.
    pub fn owe(&self, messages: u64) {
        self.state().owed += messages;
    }

    /// How long to wait until permits are worth asking for again: half a burst.
    pub fn gap(&self) -> Duration {
        gap(self.state().rate)
    }

    /// The provider said that this is too fast.
    pub fn slow_down(&self) {
        let mut state = self.state();
        if state.changed_at.elapsed() < ONE_FEEDBACK && state.rate < f64::from(state.most().get()) {
            return;
        }
        let slower = (state.rate * SLOWER).max(1.0);
        state.set(slower);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Pays for what people wrote, as far as there are permits.
    fn pay(&mut self) {
        // More than a second's worth cannot be paid back; the provider's bucket forgets it too.
        self.owed = self.owed.min(self.rate as u64);
        while self.owed > 0 && (self.reuse(1) == 1 || self.permit()) {
            self.owed -= 1;
        }
    }

    /// Takes a permit, if there is one.
    fn permit(&self) -> bool {
        matches!(self.bucket.check_n(PERMIT), Ok(Ok(())))
    }

    /// Takes back up to `wanted` permits that were not used a moment ago.
    fn reuse(&mut self, wanted: usize) -> usize {
        let (kept, until) = self.unused;
        let taken = if until > Instant::now() { kept.min(wanted) } else { 0 };
        self.unused = (kept - taken, until);
        taken
    }

    fn most(&self) -> NonZeroU32 {
        match (self.configured, self.granted) {
            (Some(configured), Some(granted)) => configured.min(granted),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => USUAL,
        }
    }

    fn climb(&mut self) {
        let most = f64::from(self.most().get());
        let seconds = self.changed_at.elapsed().as_secs();
        if self.rate < most && seconds >= 1 {
            let faster = (self.rate + most * CLIMB * seconds as f64).min(most);
            self.set(faster);
        }
    }

    fn set(&mut self, rate: f64) {
        if (rate - self.rate).abs() > f64::EPSILON {
            self.rate = rate;
            self.bucket = bucket(rate);
            // A new bucket is full; the old one's permits are spent.
            while self.bucket.check().is_ok() {}
        }
        self.changed_at = Instant::now();
    }
}

/// 100 ms of the rate.
fn burst(rate: f64) -> NonZeroU32 {
    NonZeroU32::new((rate / 10.0) as u32).unwrap_or(NonZeroU32::MIN)
}

fn gap(rate: f64) -> Duration {
    let gap = if rate < SLOW { 0.5 / rate } else { 0.05 };
    Duration::from_secs_f64(gap).max(SHORTEST_GAP)
}

/// Tenths of permits.
fn quota(rate: f64) -> Quota {
    let tenth = Duration::from_secs_f64(1.0 / (rate.max(0.1) * f64::from(PERMIT.get())));
    let most = NonZeroU32::new(rate as u32).unwrap_or(FEWEST).max(FEWEST);
    Quota::with_period(tenth).expect("a rate is finite").allow_burst(most)
}

fn bucket(rate: f64) -> DefaultDirectRateLimiter {
    RateLimiter::direct(quota(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(rate: u32) -> Pacer {
        Pacer::new(NonZeroU32::new(rate))
    }

    #[test]
    fn a_burst_is_at_most_a_tenth_of_a_second() {
        assert_eq!(pacer(80).take(1_000), 8);
        assert_eq!(pacer(1_000).take(1_000), 100);
        assert_eq!(pacer(3).take(1_000), 1);
    }

    #[test]
    fn a_slow_sender_keeps_its_pace_although_every_look_takes_a_while() {
        const LOOK: Duration = Duration::from_millis(8);
        const SPAN: Duration = Duration::from_mins(2);
        for rate in [1.0, 2.0, 5.0, 10.0, 19.0, 20.0, 24.0, 25.0, 30.0, 50.0, 80.0] {
            let clock = governor::clock::FakeRelativeClock::default();
            let bucket = RateLimiter::direct_with_clock(quota(rate), clock.clone());
            let (mut sent, mut passed) = (0.0, Duration::ZERO);
            while passed < SPAN {
                let mut at_once = 0;
                while matches!(bucket.check_n(PERMIT), Ok(Ok(()))) {
                    at_once += 1;
                }
                assert!(at_once <= burst(rate).get(), "{at_once} at once at {rate}/s");
                sent += f64::from(at_once);
                let step = gap(rate) + LOOK;
                clock.advance(step);
                passed += step;
            }
            let due = rate * SPAN.as_secs_f64();
            assert!(
                sent >= 0.99 * due && sent <= due + f64::from(burst(rate).get()) + 1.0,
                "{sent} of {due} at {rate}/s"
            );
        }
    }

    #[test]
    fn the_smaller_of_configured_and_granted_counts() {
        let pacer = pacer(80);
        pacer.grant(Some(20));
        assert_eq!(pacer.most(), 20);
        pacer.grant(Some(1_000));
        assert_eq!(pacer.most(), 80);
        pacer.grant(None);
        assert_eq!(pacer.most(), 80);
    }

    #[tokio::test(start_paused = true)]
    async fn permits_that_were_not_used_count_for_a_moment_and_never_add_up() {
        let pacer = pacer(80);
        assert_eq!(pacer.take(8), 8);
        pacer.give_back(6);
        assert_eq!(pacer.take(8), 6);
        pacer.give_back(8);
        pacer.give_back(8);
        assert_eq!(pacer.take(100), 8);
        pacer.give_back(8);
        tokio::time::advance(Duration::from_millis(101)).await;
        assert_eq!(pacer.take(0), 0);
        assert!(pacer.state().reuse(8) == 0, "they have lapsed");
    }

    #[tokio::test(start_paused = true)]
    async fn what_people_write_counts_in_the_same_limit() {
        let pacer = pacer(80);
        pacer.owe(5);
        assert_eq!(pacer.take(100), 3);
        pacer.owe(1_000);
        assert_eq!(pacer.take(100), 0);
        assert_eq!(pacer.state().owed, 80);
    }

    #[tokio::test(start_paused = true)]
    async fn feedback_slows_at_once_and_the_pace_climbs_back_step_by_step() {
        let pacer = pacer(100);
        pacer.slow_down();
        pacer.slow_down();
        assert!((pacer.rate() - 70.0).abs() < 0.1, "a burst of feedback counts once, not {}", pacer.rate());
        tokio::time::advance(Duration::from_secs(2)).await;
        pacer.take(1);
        assert!((pacer.rate() - 80.0).abs() < 0.1, "{}", pacer.rate());
        tokio::time::advance(Duration::from_mins(1)).await;
        pacer.take(1);
        assert!((pacer.rate() - 100.0).abs() < 0.1, "{}", pacer.rate());
    }
}
