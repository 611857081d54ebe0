//! Outgoing webhooks: what happened is read from where the database's triggers wrote it, given to whoever listens, and
//! posted, signed as Standard Webhooks has it, until it is taken.
//!
//! Gathering is one unit of work: an event's body is fixed in it, and so is who gets it. Posting is at least once: a
//! process that dies between the answer and its note posts again, under the same id.
//!
//! Each endpoint has its own few posts on their way, and a place that becomes free is filled at once: nothing waits for
//! the slowest. What is on its way touches no store; only the loop does, so that a post that nobody looks after for a
//! moment holds no connection of the database.

mod body;
mod flight;
mod gather;
pub mod manage;
mod post;
pub mod sign;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::error;

use self::flight::{Desk, Landed};
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::id::EndpointId;
use crate::provider::outside::Outside;
use crate::store::home;

/// Real time between two looks when there is nothing to do.
const EVERY: Duration = Duration::from_millis(500);

/// Real time for which a stop waits for the answers to what is on its way; what is cut off is posted again.
const LAST: Duration = Duration::from_secs(5);

/// Gathers and posts.
#[derive(Debug)]
pub struct Outgoing {
    engine: Engine,
    outside: Outside,
    /// Signatures carry real time: their receivers refuse old ones.
    real: Clock,
    desks: BTreeMap<EndpointId, Desk>,
    /// Posts on their way, of all endpoints.
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    /// Answered, and not noted yet.
    landed: Vec<Landed>,
}

impl Outgoing {
    /// For `engine`. Where every provider is on this machine, whoever is told may be on it too.
    pub fn new(engine: Engine) -> Self {
        let outside = Outside::of(engine.config.is_loopback_only());
        let (desks, flights) = (BTreeMap::new(), FuturesUnordered::new());
        Self { engine, outside, real: Clock::real(), desks, flights, landed: Vec::new() }
    }

    /// Works until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let idle = match self.step().await {
                Ok(0) => EVERY,
                Ok(_) => Duration::ZERO,
                Err(cause) => {
                    say(&cause);
                    EVERY
                }
            };
            let is_busy = !self.flights.is_empty();
            // In this order: what is on its way goes on even when there is always something new.
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                _ = self.landing(), if is_busy => {}
                () = sleep(idle) => {}
            }
        }
        // Whatever has not landed by then is posted again by whoever starts next.
        let _ = timeout(LAST, async { while self.landing().await {} }).await;
        if let Err(cause) = self.settle().await {
            say(&cause);
        }
    }

    /// Notes what has landed, gathers what is new and sends off what is due and has a place. It waits for no answer.
    /// Returns how much of all three. A store that may be a copy tells nobody anything.
    ///
    /// # Errors
    /// The store.
    pub async fn step(&mut self) -> Result<usize, EngineError> {
        let settled = self.settle().await?;
        if home::is_held(&self.engine.store).await? {
            return Ok(settled);
        }
        let gathered = gather::step(&self.engine).await?;
        Ok(settled + gathered + self.send_off().await?)
    }

    /// Waits for the next answer to anything on its way. False: there is nothing.
    pub async fn landing(&mut self) -> bool {
        let Some(first) = self.flights.next().await else { return false };
        self.landed.push(first);
        while let Some(Some(more)) = self.flights.next().now_or_never() {
            self.landed.push(more);
        }
        true
    }
}

/// A full disk is said once, where the room is watched.
fn say(cause: &EngineError) {
    if !cause.is_full() {
        let error = cause as &dyn std::error::Error;
        error!(error, "what happened could not be told outside; trying again");
    }
}
