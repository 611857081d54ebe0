//! The daemon's own chores: what time does to messages, runs and holds. What is due is decided by our clock; the ticks
//! only look.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{Engine, EngineError, holds};
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;
use crate::inbox::Inbox;
use crate::store::{message, retention, run, setting};

/// Setting that holds the last instant at which this store's daemon was alive.
pub const HEARTBEAT: &str = "heartbeat";

/// Real time between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// Looks between two sweeps of what nobody needs any more.
const SWEEP_EVERY: u32 = 120;

/// Does the chores.
#[derive(Clone, Debug)]
pub struct Janitor {
    engine: Engine,
}

impl Janitor {
    /// A janitor.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut looks: u32 = 0;
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await {
                let error = &cause as &dyn std::error::Error;
                error!(error, "a chore failed; trying again");
            }
            if looks.is_multiple_of(SWEEP_EVERY)
                && let Err(cause) = retention::sweep(&self.engine.store, self.engine.clock.now()).await
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "old keys and webhooks could not be removed; trying again");
            }
            looks = looks.wrapping_add(1);
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// One look at everything that may have fallen due. Returns the runs that changed.
    pub async fn step(&self) -> Result<BTreeSet<RunId>, EngineError> {
        let store = &self.engine.store;
        let now = self.engine.clock.now();
        setting::write(store, HEARTBEAT, &now.0.to_string()).await?;
        let mut runs = message::expire(store, now).await?;
        runs.extend(message::lose_claims(store, now).await?);
        runs.extend(message::give_up_undelivered(store, now).await?);
        runs.extend(self.finish_cancelled(now).await?);
        runs.extend(run::mark_sent_out(store, now).await?);
        for closed in run::close_settled(store, now).await? {
            info!(run.id = %closed, "run {closed} is closed");
            runs.insert(closed);
        }
        Inbox::new(store.clone(), self.engine.changes.clone()).close_due(now).await?;
        holds::probe(&self.engine, now).await?;
        self.engine.tell_runs(runs.iter().copied());
        Ok(runs)
    }

    /// Messages that went back in line after their run was cancelled (a claim put back, a crash in between).
    async fn finish_cancelled(&self, now: UnixMs) -> Result<Vec<RunId>, EngineError> {
        let left = run::cancelled_with_queued(&self.engine.store).await?;
        for id in &left {
            message::cancel(&self.engine.store, *id, now).await?;
        }
        Ok(left)
    }
}
