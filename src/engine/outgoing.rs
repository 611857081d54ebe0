//! Outgoing webhooks: what happened is read from where the database's triggers wrote it, given to whoever listens, and
//! posted, signed as Standard Webhooks has it, until it is taken.
//!
//! Gathering is one unit of work: an event's body is fixed in it, and so is who gets it. Posting is at least once: a
//! process that dies between the answer and its note posts again, under the same id.

mod body;
mod gather;
pub mod manage;
mod post;
pub mod sign;

use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::provider::outside::Outside;
use crate::store::home;
use crate::store::outgoing::endpoint;

/// Real time between two looks when there is nothing to do.
const EVERY: Duration = Duration::from_millis(500);

/// Gathers and posts.
#[derive(Clone, Debug)]
pub struct Outgoing {
    engine: Engine,
    outside: Outside,
    /// Signatures carry real time: their receivers refuse old ones.
    real: Clock,
}

impl Outgoing {
    /// For `engine`. Where every provider is on this machine, whoever is told may be on it too.
    pub fn new(engine: Engine) -> Self {
        let outside = Outside::of(engine.config.is_loopback_only());
        Self { engine, outside, real: Clock::real() }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.step().await {
                Ok(0) => {}
                Ok(_) => continue,
                // Said once, where the room is watched.
                Err(cause) if cause.is_full() => {}
                Err(cause) => {
                    let error = &cause as &dyn std::error::Error;
                    error!(error, "what happened could not be told outside; trying again");
                }
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// Gathers what is new and posts what is due. Returns how much of both. A store that may be a copy tells nobody anything.
    ///
    /// # Errors
    /// The store.
    pub async fn step(&self) -> Result<usize, EngineError> {
        if home::is_held(&self.engine.store).await? {
            return Ok(0);
        }
        let gathered = gather::step(&self.engine).await?;
        let endpoints = endpoint::all(&self.engine.store).await?;
        let active = endpoints.iter().filter(|endpoint| endpoint.off_at.is_none());
        let mut posted = 0;
        for done in join_all(active.map(|endpoint| self.tell(endpoint))).await {
            posted += done?;
        }
        Ok(gathered + posted)
    }
}
