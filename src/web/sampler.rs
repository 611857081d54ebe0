//! Counts of runs: one sampler per run, at most once a second while somebody watches, once in five when it is closed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::id::RunId;
use crate::domain::message::MessageState as S;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::store::run::{self, Run};
use crate::store::{Result, Store};

/// A count is this fresh at worst; a hundred people who watch cost one query a second.
const FRESH: Duration = Duration::from_secs(1);
/// The same for a closed run, in which only late readings and late deliveries still change.
const FRESH_WHEN_CLOSED: Duration = Duration::from_secs(5);
/// The speed is taken over this span of the daemon's clock.
const SPEED_OVER: Duration = Duration::from_mins(1);
/// Runs remembered; beyond this those not looked at for a minute go.
const REMEMBERED: usize = 1_000;

/// Counts per state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_state: Vec<(S, i64)>,
    /// Messages that left per minute of the daemon's clock, over the last minute watched.
    pub per_minute: Option<i64>,
    /// Messages that WhatsApp had taken and that are in line again.
    pub back: i64,
}

impl Counts {
    /// From rows counted.
    pub fn new(by_state: Vec<(S, i64)>) -> Self {
        Self { by_state, per_minute: None, back: 0 }
    }

    /// Messages in `state`.
    pub fn get(&self, state: S) -> i64 {
        self.by_state.iter().filter(|(s, _)| *s == state).map(|(_, n)| n).sum()
    }

    /// Messages in one of `states`.
    pub fn of(&self, states: &[S]) -> i64 {
        states.iter().map(|s| self.get(*s)).sum()
    }

    /// All messages.
    pub fn total(&self) -> i64 {
        self.by_state.iter().map(|(_, n)| n).sum()
    }

    /// Those that left this host.
    pub fn gone(&self) -> i64 {
        self.of(&[S::Accepted, S::InReview, S::Sent, S::Delivered, S::Read, S::Undelivered, S::Failed])
    }

    /// Those that are still to leave.
    pub fn left(&self) -> i64 {
        self.of(&[S::Queued, S::Claimed])
    }
}

/// How far a run had come when it was counted: what was counted in another state says nothing about this one.
type Stage = (RunState, Option<i64>, Option<UnixMs>);

fn stage(run: &Run) -> Stage {
    (run.state, run.rows_read, run.sent_out_at)
}

#[derive(Debug)]
struct Sample {
    stage: Stage,
    taken: Instant,
    fresh_for: Duration,
    counts: Counts,
    gone: VecDeque<(UnixMs, i64)>,
}

/// The samples.
#[derive(Clone, Debug, Default)]
pub struct Sampler(Arc<Mutex<HashMap<RunId, Sample>>>);

impl Sampler {
    /// The counts of `run`, taken now or within the last second, and in the state it is in.
    pub async fn counts(&self, store: &Store, run: &Run, now: UnixMs) -> Result<Counts> {
        if let Some(counts) = self.fresh(run) {
            return Ok(counts);
        }
        let mut counts = Counts::new(run::counts(store, run.id).await?);
        if counts.left() > 0 {
            counts.back = run::back(store, run.id).await?;
        }
        Ok(self.keep(run, counts, now))
    }

    /// The next look counts anew: somebody has just changed the run and wants to see it.
    pub fn forget(&self, id: RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn fresh(&self, run: &Run) -> Option<Counts> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sample = samples.get(&run.id)?;
        (sample.stage == stage(run) && sample.taken.elapsed() < sample.fresh_for).then(|| sample.counts.clone())
    }

    fn keep(&self, run: &Run, mut counts: Counts, now: UnixMs) -> Counts {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= REMEMBERED {
            samples.retain(|_, s| s.taken.elapsed() < Duration::from_mins(1));
        }
        let mut gone = samples.remove(&run.id).map(|s| s.gone).unwrap_or_default();
        gone.push_back((now, counts.gone()));
        while gone.len() > 2 && gone.get(1).is_some_and(|(at, _)| now.since(*at) >= SPEED_OVER) {
            gone.pop_front();
        }
        counts.per_minute = speed(&gone);
        let settled = counts.of(&[S::Accepted, S::InReview, S::Sent, S::InDoubt]) + counts.left() == 0;
        let fresh_for = if run.state == RunState::Closed && settled { FRESH_WHEN_CLOSED } else { FRESH };
        samples.insert(
            run.id,
            Sample { stage: stage(run), taken: Instant::now(), fresh_for, counts: counts.clone(), gone },
        );
        counts
    }
}

fn speed(gone: &VecDeque<(UnixMs, i64)>) -> Option<i64> {
    let ((first_at, first), (last_at, last)) = (gone.front()?, gone.back()?);
    let span = last_at.since(*first_at).as_millis();
    let moved = u128::try_from(last - first).ok()?;
    let speed = if span >= 1_000 { moved * 60_000 / span } else { 0 };
    (speed > 0).then(|| i64::try_from(speed).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_per_minute_of_the_span_watched() {
        let of = |points: &[(i64, i64)]| speed(&points.iter().map(|(t, n)| (UnixMs(*t), *n)).collect());
        assert_eq!(of(&[(0, 0), (30_000, 40)]), Some(80));
        assert_eq!(of(&[(0, 0)]), None);
        assert_eq!(of(&[(0, 10), (5_000, 10)]), None);
    }

    #[test]
    fn what_left_and_what_is_left_are_told_apart() {
        let counts = Counts::new(vec![(S::Queued, 5), (S::Read, 2), (S::Failed, 1), (S::Excluded, 4)]);
        assert_eq!((counts.gone(), counts.left(), counts.total()), (3, 5, 12));
    }
}
