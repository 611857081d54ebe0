//! Whether this process stood still: stopped, its machine paused, or starved. Requests that were on their way meanwhile
//! fail by themselves, which says nothing about the provider.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(250);

/// A tick that comes so much too late: the process stood still.
const STILL: Duration = Duration::from_secs(2);

/// What fails so long after the process went on may have begun before it: connections that died meanwhile are found dead
/// one by one.
const AFTERMATH: Duration = Duration::from_secs(10);

/// What the ticks tell.
#[derive(Debug, Default)]
pub(super) struct Freeze(Mutex<Ticks>);

#[derive(Debug, Default)]
struct Ticks {
    last: Option<Instant>,
    went_on: Option<Instant>,
}

impl Freeze {
    /// Ticks until `stop`.
    pub(super) async fn tick_until(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.tick(Instant::now());
            tokio::select! { () = stop.cancelled() => {}, () = sleep(TICK) => {} }
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last = None;
    }

    fn tick(&self, now: Instant) {
        let mut ticks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ticks.last.is_some_and(|last| now.saturating_duration_since(last) > STILL) {
            ticks.went_on = Some(now);
        }
        ticks.last = Some(now);
    }

    /// Whether a request that fails at `now` may have failed because the process stood still, also where the tick that
    /// would tell has not come yet.
    pub(super) fn was_still(&self, now: Instant) -> bool {
        let ticks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |at: Option<Instant>, span| at.is_some_and(|at| now.saturating_duration_since(at) <= span);
        within(ticks.went_on, AFTERMATH) || (ticks.last.is_some() && !within(ticks.last, STILL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_while_the_process_stood_still_and_soon_after_says_nothing_about_the_provider() {
        let (freeze, began) = (Freeze::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert!(!freeze.was_still(at(0)), "nobody ticks");
        freeze.tick(at(0));
        freeze.tick(at(1));
        assert!(!freeze.was_still(at(2)));
        assert!(freeze.was_still(at(21)), "before the first tick after it");
        freeze.tick(at(21));
        assert!(freeze.was_still(at(22)));
        for second in 22..33 {
            freeze.tick(at(second));
        }
        assert!(!freeze.was_still(at(32)), "what fails now is the provider's doing");
    }
}
