//! The settler: what became of claimed messages, written in batches.
//!
//! The channel to it is bounded: a slow database slows sending instead of filling memory.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, error};

use super::{Engine, breaker};
use crate::domain::change::Change;
use crate::store::message::{self, Settlement};

/// One statement of 200 settles 30 to 70 times the rows per second of 200 statements.
pub const MAX_BATCH: usize = 200;

/// A lone answer waits at most this long for company.
const LINGER: Duration = Duration::from_millis(250);

/// Answers in memory at most; behind them the dispatchers wait.
const CHANNEL: usize = 1_000;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes settlements until every dispatcher has dropped its end of the channel.
#[derive(Debug)]
pub struct Settler {
    engine: Engine,
    inbox: mpsc::Receiver<Settlement>,
}

impl Settler {
    /// A settler and the end of its channel that dispatchers share. Drop the last of these to let it finish.
    pub fn new(engine: Engine) -> (Self, mpsc::Sender<Settlement>) {
        let (sender, inbox) = mpsc::channel(CHANNEL);
        (Self { engine, inbox }, sender)
    }

    /// Runs until the channel is closed and empty: a graceful stop loses no answer.
    pub async fn run(mut self) {
        while self.step().await > 0 {}
        debug!("every answer is settled");
    }

    /// Waits for a batch and settles it; 0 only when the channel is closed and empty.
    pub async fn step(&mut self) -> usize {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        if self.inbox.recv_many(&mut batch, MAX_BATCH).await == 0 {
            return 0;
        }
        let flush_at = Instant::now() + LINGER;
        while batch.len() < MAX_BATCH {
            let room = MAX_BATCH - batch.len();
            match timeout_at(flush_at, self.inbox.recv_many(&mut batch, room)).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.write(&batch).await;
        batch.len()
    }

    /// Tries again until the database takes it: an accepted message whose answer is lost would be in doubt.
    async fn write(&self, batch: &[Settlement]) {
        let mut pause = FIRST_PAUSE;
        loop {
            match message::settle(&self.engine.store, batch).await {
                Ok(settled) => {
                    self.engine.tell_runs(settled.runs);
                    settled.back.into_iter().for_each(|id| self.engine.tell(Change::Conversation(id)));
                    return breaker::look(&self.engine, settled.failing).await;
                }
                Err(cause) => {
                    // A full disk is said once, where the room is watched.
                    if !cause.is_full() {
                        let error = &cause as &dyn std::error::Error;
                        error!(error, message.count = batch.len(), "answers could not be settled; trying again");
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}
