//! Conversations beside each other: one that is slow there, or has much to catch up on, holds up no other.
//!
//! Three lanes, each with its own few places: conversations in which something happens now, those with old lines to catch
//! up on, which have their turn piece by piece, and what was said there. A lane looks for its next one only while it has a
//! place, and all of them are looked after together, so that none waits for a connection of the database that another holds.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use async_stream::stream;
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::Connector;
use crate::engine::EngineError;
use crate::store::chatwoot::{self, Heard, Mirror, Queue};
use crate::store::home;

/// Real time between two looks when there is nothing to do.
const EVERY: Duration = Duration::from_millis(500);

/// Real time for which a stop waits for what is on its way; what is cut off goes on from where it stopped.
const LAST: Duration = Duration::from_secs(5);

/// Real time for which a conversation is reserved: longer than one look at it may take.
const RESERVED: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lane {
    Tell(Queue),
    Hear,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Tell(Queue::New), Self::Tell(Queue::Behind), Self::Hear];

    /// Conversations at the same time.
    const fn places(self) -> usize {
        match self {
            Self::Tell(Queue::New) => 8,
            Self::Tell(Queue::Behind) | Self::Hear => 4,
        }
    }
}

/// What has its turn.
#[derive(Debug)]
enum Turn {
    Tell(Mirror),
    Hear(Heard),
}

impl Connector {
    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let [new, behind, hear] = Lane::ALL.map(|lane| self.work(lane, &stop));
        let lanes = async { tokio::join!(new, behind, hear) };
        let late = async {
            stop.cancelled().await;
            sleep(LAST).await;
        };
        tokio::select! { _ = lanes => {}, () = late => {} }
    }

    async fn work(&self, lane: Lane, stop: &CancellationToken) {
        let turns = self.turns(lane, Some(stop));
        let all = turns.for_each_concurrent(lane.places(), |turn| async move {
            let done = match turn {
                Ok(turn) => self.take(turn).await,
                Err(cause) => Err(cause),
            };
            if let Err(cause) = done {
                self.say(&cause);
            }
        });
        all.await;
    }

    /// Takes up what was said there and tells what changed here, until nothing is due any more. Returns how often.
    ///
    /// # Errors
    /// The store.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let [new, behind, hear] = Lane::ALL.map(|lane| {
            let turns = self.turns(lane, None).map_ok(|turn| self.take(turn));
            turns.try_buffer_unordered(lane.places()).try_fold(0, |done, ()| ready(Ok(done + 1)))
        });
        let (heard, new, behind): (usize, usize, usize) = tokio::try_join!(hear, new, behind)?;
        Ok(heard + new + behind)
    }

    /// What has its turn in a lane, one after the other, until `stop`; without one until nothing is due.
    fn turns<'a>(
        &'a self,
        lane: Lane,
        stop: Option<&'a CancellationToken>,
    ) -> impl Stream<Item = Result<Turn, EngineError>> + 'a {
        stream! {
            while stop.is_none_or(|stop| !stop.is_cancelled()) {
                match self.next(lane).await {
                    Ok(Some(turn)) => {
                        yield Ok(turn);
                        continue;
                    }
                    Ok(None) => {}
                    Err(cause) => yield Err(cause),
                }
                let Some(stop) = stop else { return };
                tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
            }
        }
    }

    /// What has its turn now, for nobody else to take. A store that may be a copy tells nobody anything.
    async fn next(&self, lane: Lane) -> Result<Option<Turn>, EngineError> {
        let (store, name) = (&self.engine.store, &self.config.name);
        if home::is_held(store).await? {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        let Lane::Tell(queue) = lane else {
            let all = chatwoot::heard(store, name, now, lane.places() as i64).await?;
            return Ok(all.into_iter().find(|heard| self.hearing().insert(heard.remote_id)).map(Turn::Hear));
        };
        let until = now.plus(self.engine.clock_span(RESERVED));
        while let Some(mirror) = chatwoot::due(store, name, queue, now).await? {
            // Otherwise another node has just taken it.
            if chatwoot::reserve(store, &mirror, until).await? {
                return Ok(Some(Turn::Tell(mirror)));
            }
        }
        Ok(None)
    }

    async fn take(&self, turn: Turn) -> Result<(), EngineError> {
        match turn {
            Turn::Tell(mirror) => self.tell(&mirror).await,
            Turn::Hear(heard) => {
                let done = self.hear(&heard).await;
                self.hearing().remove(&heard.remote_id);
                done
            }
        }
    }

    fn hearing(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A full disk is said once, where the room is watched.
    fn say(&self, cause: &EngineError) {
        if !cause.is_full() {
            let error = cause as &dyn std::error::Error;
            error!(error, chatwoot.name = self.config.name, "Chatwoot could not be told; trying again");
        }
    }
}
