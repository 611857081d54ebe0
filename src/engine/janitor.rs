//! The daemon's own chores: what time does to messages, runs and holds. What is due is decided by our clock; the ticks
//! only look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{Engine, EngineError, aside, breaker, canary, doubt, holds, room};
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;
use crate::inbox::Inbox;
use crate::store::retention::{self, Before};
use crate::store::{mark, message, run, setting};

/// Setting that holds the last instant at which this store's daemon was alive.
pub const HEARTBEAT: &str = "heartbeat";

/// Real time between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// A longer silence of every daemon (real time) is a downtime.
const DOWN: Duration = Duration::from_secs(5);

/// Looks between two at what is in doubt.
const DOUBTS_EVERY: u32 = 10;

/// Looks between two sweeps of what nobody needs any more.
const SWEEP_EVERY: u32 = 120;

/// Does the chores.
#[derive(Clone, Debug)]
pub struct Janitor {
    engine: Engine,
    looks: Arc<AtomicU32>,
}

impl Janitor {
    /// A janitor.
    pub fn new(engine: Engine) -> Self {
        Self { engine, looks: Arc::default() }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut looks: u32 = 0;
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await
                && !cause.is_full()
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "a chore failed; trying again");
            }
            if looks.is_multiple_of(SWEEP_EVERY)
                && let Err(cause) = self.sweep().await
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "old keys and webhooks could not be removed; trying again");
            }
            if looks.is_multiple_of(SWEEP_EVERY)
                && let Err(cause) = self.engine.sweep_media().await
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "old attachments could not be removed; trying again");
            }
            looks = looks.wrapping_add(1);
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// A step of what was kept long enough.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        let (engine, now) = (&self.engine, self.engine.clock.now());
        let kept = &engine.config.retention;
        let before = Before {
            raw_webhooks: kept.raw_webhooks.before(now),
            texts: kept.texts.before(now),
            rows: kept.rows.before(now),
        };
        retention::sweep(&engine.store, &before, now).await?;
        if let Some(before) = before.rows {
            for hash in retention::old_audiences(&engine.store, before).await? {
                engine.drop_audience(&hash).await?;
                retention::audience_is_gone(&engine.store, &hash, now).await?;
            }
        }
        Ok(())
    }

    /// One look at everything that may have fallen due, and at the room on the disk. Returns the runs that changed.
    pub async fn step(&self) -> Result<BTreeSet<RunId>, EngineError> {
        let now = self.engine.clock.now();
        let done = self.chores(now).await;
        room::judge(&self.engine, &done, now).await?;
        done
    }

    async fn chores(&self, now: UnixMs) -> Result<BTreeSet<RunId>, EngineError> {
        let store = &self.engine.store;
        self.beat(now).await?;
        store.cut_log_again().await?;
        let mut runs = message::expire(store, now).await?;
        runs.extend(message::lose_claims(store, now).await?);
        runs.extend(message::give_up_undelivered(store, now).await?);
        runs.extend(message::let_go_of_left_doubts(store, now).await?);
        if self.looks_at_doubts() {
            doubt::orphans::adopt(&self.engine).await?;
            runs.extend(doubt::settle(&self.engine, now).await?);
            breaker::sweep(&self.engine).await?;
        }
        runs.extend(canary::step(&self.engine, now).await?);
        runs.extend(self.finish_cancelled(now).await?);
        runs.extend(run::mark_sent_out(store, now).await?);
        for closed in run::close_settled(store, now).await? {
            info!(run.id = %closed, "run {closed} is closed");
            runs.insert(closed);
        }
        let inbox = Inbox::new(store.clone(), self.engine.changes.clone());
        inbox.close_due(now).await?;
        inbox.take_from_silent(&self.engine.config, now).await?;
        inbox.take_tickets_of_gone(now).await?;
        inbox.deal(&self.engine.config, now).await?;
        holds::probe(&self.engine, now).await?;
        self.engine.tell_runs(runs.iter().copied());
        Ok(runs)
    }

    /// Says that a daemon is alive, and notes since when none was.
    async fn beat(&self, now: UnixMs) -> Result<(), EngineError> {
        let store = &self.engine.store;
        let before = setting::read(store, HEARTBEAT).await?.and_then(|at| at.parse().ok()).map(UnixMs);
        if let Some(before) = before.filter(|before| now.since(*before) > self.engine.clock_span(DOWN)) {
            message::was_down(store, before, now).await?;
        }
        setting::write(store, HEARTBEAT, &now.0.to_string()).await?;
        let store = store.clone();
        if let Err(cause) = aside(move || mark::sync(&store)).await? {
            // Only a power cut would lose what the system has taken.
            let error = &cause as &dyn std::error::Error;
            error!(error, "how far sending has come could not be brought to the disk; trying again");
        }
        Ok(())
    }

    /// Doubts are looked at with the first look, and then from time to time: each look reads what was sent near them.
    fn looks_at_doubts(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(DOUBTS_EVERY)
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
