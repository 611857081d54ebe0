//! Slots: how many requests of a sender may be open at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests open at once at most, whatever the throughput.
const MOST: usize = 2_000;

/// A sender that gets one message a second still sends a few at a time.
const FEWEST: usize = 8;

/// An answer of a healthy provider comes within this; slots for that many seconds of throughput keep it busy.
const SECONDS: usize = 3;

/// A slot, free again when it is dropped.
pub(super) type Slot = OwnedSemaphorePermit;

/// The slots of a sender.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    /// How many there are.
    all: AtomicUsize,
}

impl Slots {
    /// This many.
    pub fn new(slots: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(slots)), all: AtomicUsize::new(slots) }
    }

    /// As many as keep a sender of `rate` messages per second busy.
    pub fn for_rate(rate: u32) -> Self {
        Self::new(needed(rate))
    }

    /// At most `limit` of those that are free.
    pub fn free(&self, limit: usize) -> Vec<Slot> {
        std::iter::from_fn(|| Arc::clone(&self.free).try_acquire_owned().ok()).take(limit).collect()
    }

    /// The provider grants another rate. Where that needs fewer slots, those in use stay until the next time.
    pub fn fit(&self, rate: u32) {
        let (wanted, had) = (needed(rate), self.all.load(Ordering::Relaxed));
        if wanted > had {
            self.free.add_permits(wanted - had);
            self.all.store(wanted, Ordering::Relaxed);
        } else {
            let gone = self.free.forget_permits(had - wanted);
            self.all.store(had - gone, Ordering::Relaxed);
        }
    }
}

fn needed(rate: u32) -> usize {
    (rate as usize).saturating_mul(SECONDS).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_is_granted_more_may_have_more_open_and_one_that_is_granted_less_gives_them_back_in_time() {
        let slots = Slots::for_rate(80);
        let taken = slots.free(1_000);
        assert_eq!(taken.len(), 240);
        slots.fit(1_000_000);
        let more = slots.free(10_000);
        assert_eq!(more.len(), MOST - 240);
        drop(taken);
        slots.fit(20);
        drop(more);
        slots.fit(20);
        assert_eq!(slots.free(10_000).len(), 60);
    }
}
