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
    /// When the rate was last slowed or climbed.
    changed_at: Instant,
}

impl Pacer {
    /// A pacer of the configured rate (messages per second), or of the usual one.
    pub fn new(configured: Option<NonZeroU32>) -> Self {
        let rate = f64::from(configured.unwrap_or(USUAL).get());
        Self(Mutex::new(State { configured, granted: None, rate, bucket: bucket(rate), changed_at: Instant::now() }))
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
        (0..wanted).take_while(|_| state.bucket.check().is_ok()).count()
    }

    /// How long to wait until permits are worth asking for again: half a burst.
    pub fn gap(&self) -> Duration {
        let rate = self.state().rate;
        Duration::from_secs_f64((1.0 / rate).max(0.05)).max(SHORTEST_GAP)
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

fn bucket(rate: f64) -> DefaultDirectRateLimiter {
    let burst = NonZeroU32::new((rate / 10.0) as u32).unwrap_or(NonZeroU32::MIN);
    let period = Duration::from_secs_f64(1.0 / rate.max(0.1));
    RateLimiter::direct(Quota::with_period(period).expect("a rate is finite").allow_burst(burst))
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
