//! The pair limit of one sender. Real time, in memory; what an earlier process has sent is read back at the start.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::id::PersonId;
use crate::domain::pair::{Pair, Urgency};

/// Pairs kept before those that say nothing any more are looked for.
const ROOM: usize = 4_096;

/// Who has been written to lately. Persons stand for all they are linked to.
#[derive(Debug)]
pub(super) struct Pairs {
    origin: Instant,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    pairs: HashMap<PersonId, Pair>,
    room: usize,
}

impl Pairs {
    /// What is looked back at after a start is at most this long ago: a whole burst's debt.
    pub const MEMORY: Duration = Duration::from_secs(45 * 6);

    /// Nobody yet.
    pub fn new() -> Self {
        // Early enough that what happened before the start has a time too.
        let now = Instant::now();
        let origin = now.checked_sub(Self::MEMORY).unwrap_or(now);
        Self { origin, known: Mutex::new(Known { pairs: HashMap::new(), room: ROOM }) }
    }

    /// A message to `person` leaves now; else how long it has to wait.
    pub fn take(&self, person: PersonId, urgency: Urgency) -> Result<(), Duration> {
        self.take_at(person, urgency, self.origin.elapsed())
    }

    /// A message that left `ago` is remembered. Oldest first.
    pub fn remember(&self, person: PersonId, ago: Duration) {
        let at = self.origin.elapsed().saturating_sub(ago);
        // What has left has left, whatever the rule would have said.
        let _ = self.take_at(person, Urgency::Answer, at);
    }

    /// The message that left last was certainly not taken.
    pub fn undo(&self, person: PersonId) {
        if let Some(pair) = self.known().pairs.get_mut(&person) {
            pair.undo();
        }
    }

    /// The provider refused one more to `person` for now.
    pub fn refused(&self, person: PersonId, wait: Duration) {
        let now = self.origin.elapsed();
        self.known().pairs.entry(person).or_insert(Pair::first(now)).refused(now, wait);
    }

    fn take_at(&self, person: PersonId, urgency: Urgency, at: Duration) -> Result<(), Duration> {
        let mut known = self.known();
        if let Some(pair) = known.pairs.get_mut(&person) {
            return pair.take(at, urgency).map_err(|free| free.saturating_sub(at));
        }
        if known.pairs.len() >= known.room {
            known.pairs.retain(|_, pair| !pair.is_over(at));
            known.room = ROOM.max(known.pairs.len() * 2);
        }
        known.pairs.insert(person, Pair::first(at));
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_said_nothing_for_long_is_forgotten() {
        let pairs = Pairs::new();
        for round in 0..10_i64 {
            for person in 0..3_000_i64 {
                assert_eq!(pairs.take(PersonId(round * 3_000 + person), Urgency::Spaced), Ok(()));
            }
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        assert!(pairs.known().pairs.len() <= ROOM + 3_000, "{}", pairs.known().pairs.len());
    }

    #[tokio::test(start_paused = true)]
    async fn what_left_before_a_restart_counts() {
        let pairs = Pairs::new();
        pairs.remember(PersonId(1), Duration::from_secs(2));
        let wait = pairs.take(PersonId(1), Urgency::Spaced).unwrap_err();
        assert!(wait > Duration::from_secs(4) && wait < Duration::from_secs(5), "{wait:?}");
        assert_eq!(pairs.take(PersonId(2), Urgency::Spaced), Ok(()));
    }
}
