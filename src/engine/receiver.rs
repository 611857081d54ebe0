//! The receiving side: reads stored webhooks and applies what they tell, in the order of their arrival within a line: what
//! people write waits behind what people wrote, and not behind the receipts of a run.
//!
//! Everything of a batch, with the mark that its bodies are read, is one unit of work: after a crash the same bodies are
//! read again, and what they had caused is either wholly there or not at all.

mod answers;
mod batch;
mod learn;
mod lines;
pub(super) mod receipts;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Engine, EngineError, breaker, budget};
use crate::domain::event::{Receipt, WebhookEvent};
use crate::domain::id::WebhookId;
use crate::store::orphan::{self, Orphan};
use crate::store::webhook::{self, Line};

use batch::{Batch, Told};
use lines::{Incoming, Waiting};

/// Units of work in one step.
const MAX_UNITS: usize = 10;

/// Orphans looked at in one step.
const MAX_ORPHANS: i64 = 400;

/// How long to wait for news when there is none and nobody wakes us; also how often orphans are looked at.
const IDLE: Duration = Duration::from_millis(500);

/// How long a receipt waits for its message. The provider repeats a webhook for seven days.
const ORPHANS_WAIT: Duration = Duration::from_hours(8 * 24);

/// Reads webhooks.
#[derive(Clone, Debug)]
pub struct Receiver {
    engine: Engine,
    wake: Arc<Notify>,
}

impl Receiver {
    /// A receiver that `wake` calls when a body has been stored.
    pub fn new(engine: Engine, wake: Arc<Notify>) -> Self {
        Self { engine, wake }
    }

    /// Reads until `stop`. Nothing is lost by stopping between two steps.
    pub async fn run(self, stop: CancellationToken) {
        let mut orphans_at = Instant::now();
        while !stop.is_cancelled() {
            let busy = orphans_at.elapsed() < IDLE;
            let done = if busy { self.step_bodies().await } else { self.step().await };
            if !busy {
                orphans_at = Instant::now();
            }
            match done {
                Ok(0) => {}
                Ok(_) => continue,
                // Said once, where the room is watched.
                Err(error) if error.is_full() => {}
                Err(error) => warn!(error = &error as &dyn std::error::Error, "webhooks could not be read; they wait"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Reads one batch of bodies and the orphans whose message has become known. Returns how many of both; 0: nothing
    /// was to be done.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let bodies = self.step_bodies().await?;
        let orphans = self.step_orphans().await?;
        Ok(bodies + orphans)
    }

    /// The next batch is read while the one before it is written.
    async fn step_bodies(&self) -> Result<usize, EngineError> {
        let (mut done, mut waiting) = (0, Waiting::new());
        let mut batch = self.read(&mut waiting).await?;
        for unit in 1..=MAX_UNITS {
            if batch.is_empty() {
                break;
            }
            let next = async { if unit < MAX_UNITS { self.read(&mut waiting).await } else { Ok(Vec::new()) } };
            let (told, next) = tokio::join!(self.apply(&batch), next);
            self.announce(told?).await;
            done += batch.len();
            batch = next?;
        }
        Ok(done)
    }

    async fn apply(&self, batch: &[Incoming]) -> Result<Told, EngineError> {
        match self.take(batch).await {
            Err(error) if !error.passes() => {
                // One of them cannot be applied: alone it is found, and the others go on.
                self.take_singly(batch).await
            }
            told => told,
        }
    }

    async fn take(&self, bodies: &[Incoming]) -> Result<Told, EngineError> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.store.begin().await?;
        let waiting: Vec<(Line, WebhookId)> = bodies.iter().map(|b| (b.line, b.id)).collect();
        let taken = webhook::take(&self.engine.store, &mut tx, &waiting, now).await?;
        let taken: BTreeSet<WebhookId> = taken.into_iter().collect();
        let (mut batch, mut unread) = (Batch::new(&self.engine, now), Vec::new());
        for body in bodies.iter().filter(|b| taken.contains(&b.id)) {
            let problem = match &body.events {
                Ok(events) => batch.add(&body.account, body.received_at, events),
                Err(problem) => Some(*problem),
            };
            if let Some(problem) = problem {
                webhook::fail(&mut tx, body.id, problem, now).await?;
                unread.push((body.id, problem));
            }
        }
        let told = batch.apply(&mut tx).await?;
        tx.commit().await?;
        for (id, problem) in unread {
            warn!(webhook.id = %id, problem, "webhook {id} is kept unread");
        }
        Ok(told)
    }

    async fn take_singly(&self, bodies: &[Incoming]) -> Result<Told, EngineError> {
        let mut all = Told::default();
        for body in bodies {
            match self.take(std::slice::from_ref(body)).await {
                Ok(told) => all.join(told),
                Err(error) if error.passes() => return Err(error),
                Err(error) => {
                    // The chain of causes may quote values; the store's own sentence does not.
                    warn!(webhook.id = %body.id, problem = %error, "webhook {} could not be applied and is kept", body.id);
                    let mut tx = self.engine.store.begin().await?;
                    let now = self.engine.clock.now();
                    webhook::take(&self.engine.store, &mut tx, &[(body.line, body.id)], now).await?;
                    webhook::fail(&mut tx, body.id, "could not be applied", now).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(all)
    }

    /// Receipts that came before their message's answer, whose message is known now.
    async fn step_orphans(&self) -> Result<usize, EngineError> {
        let now = self.engine.clock.now();
        let found = orphan::found(&self.engine.store, MAX_ORPHANS).await?;
        if found.is_empty() {
            let given_up = orphan::give_up(&self.engine.store, now.minus(ORPHANS_WAIT)).await?;
            if given_up > 0 {
                info!(receipt.count = given_up, "{given_up} receipts fit no message of this store");
            }
            return Ok(0);
        }
        let mut tx = self.engine.store.begin().await?;
        let ids: Vec<i64> = found.iter().map(|o| o.id).collect();
        let settled = orphan::settle(&mut tx, &ids).await?;
        let mut batch = Batch::new(&self.engine, now);
        for Orphan { account, receipt, received_at, .. } in found.iter().filter(|o| settled.contains(&o.id)) {
            // What cannot be read was written by another version of Recado; it is marked and kept.
            if let Ok(receipt) = serde_json::from_str::<Receipt>(receipt) {
                batch.add(account, *received_at, &[WebhookEvent::Receipt(receipt)]);
            }
        }
        let told = batch.apply(&mut tx).await?;
        tx.commit().await?;
        self.announce(told).await;
        Ok(settled.len())
    }

    async fn announce(&self, told: Told) {
        told.written.iter().for_each(|(sender, messages)| self.engine.inbound.add(sender, *messages));
        self.engine.tell_runs(told.runs);
        told.conversations.into_iter().for_each(|id| self.engine.tell(crate::domain::change::Change::Conversation(id)));
        if told.holds {
            self.engine.tell(crate::domain::change::Change::Holds);
        }
        if told.templates > 0 {
            self.engine.tell(crate::domain::change::Change::Templates);
        }
        if told.limits {
            self.engine.limits_changed.notify_waiters();
        }
        if told.answers || told.holds || told.attachments {
            self.engine.wake.notify_waiters();
        }
        for ((account, status), n) in told.receipts {
            self.engine.counters.received(&account, status, n);
        }
        for run in told.repriced {
            if let Err(cause) = budget::reprice(&self.engine, run).await {
                let error = &cause as &dyn std::error::Error;
                warn!(error, run.id = %run, "what run {run} may cost is still told at the old price");
            }
        }
        breaker::look(&self.engine, told.failing).await;
    }
}

impl EngineError {
    /// Whether the same work may succeed later.
    fn passes(&self) -> bool {
        matches!(self, Self::Store(error) if error.passes())
    }
}
