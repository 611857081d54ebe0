//! How many messages of a run may leave now, as far as the conversations that wait for its team say.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::id::RunId;
use crate::domain::people_pace::{WHOLE, earned, share};
use crate::engine::EngineError;
use crate::engine::people_pace::GoesBy;
use crate::store::{Store, conversation};

/// Real time between two counts of who waits.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What is earned and not used up is kept for so long.
const KEPT: i64 = 1_000;

/// What is known of teams, and what slowed runs have earned.
#[derive(Debug, Default)]
pub(super) struct People {
    waiting: Mutex<BTreeMap<String, (Instant, i64)>>,
    /// Since when, and how much, in thousandths of a message.
    earned: Mutex<BTreeMap<RunId, (Instant, i64)>>,
}

impl People {
    /// How many messages of `run` may leave at `now`, at `most` a second; `None`: as many as there are.
    pub(super) async fn room(
        &self,
        store: &Store,
        run: RunId,
        (by, most): (&GoesBy, u32),
        now: Instant,
    ) -> Result<Option<usize>, EngineError> {
        let share = share(self.count(store, &by.team, now).await?, by.at_most);
        let mut all = self.earned.lock().unwrap_or_else(PoisonError::into_inner);
        if share == WHOLE {
            all.remove(&run);
            return Ok(None);
        }
        let (since, kept) = all.entry(run).or_insert((now, WHOLE));
        let ms = i64::try_from(now.duration_since(*since).as_millis()).unwrap_or(i64::MAX);
        // One is always kept, so that a slow run goes on one by one.
        *kept = (*kept).saturating_add(earned(share, most, ms)).min(earned(share, most, KEPT).max(WHOLE));
        *since = now;
        if share == 0 {
            *kept = 0;
        }
        Ok(Some(usize::try_from(*kept / WHOLE).unwrap_or(0)))
    }

    /// So many messages of `run` were claimed.
    pub(super) fn took(&self, run: RunId, messages: usize) {
        let mut all = self.earned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, kept)) = all.get_mut(&run) {
            *kept -= i64::try_from(messages).unwrap_or(i64::MAX).saturating_mul(WHOLE).min(*kept);
        }
    }

    async fn count(&self, store: &Store, team: &str, now: Instant) -> Result<i64, EngineError> {
        let known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(team).copied();
        if let Some((_, waiting)) = known.filter(|(at, _)| now.duration_since(*at) < COUNT_EVERY) {
            return Ok(waiting);
        }
        let waiting = conversation::waiting_for(store, team).await?;
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(team.to_owned(), (now, waiting));
        Ok(waiting)
    }
}
