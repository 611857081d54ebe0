//! Server-sent events: what changed, by id, so that pages fetch what they show anew.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::change::{Change, News};
use crate::domain::id::ConversationId;
use crate::domain::role::Right;
use crate::store::{self, conversation};

use super::actor::Actor;
use super::state::WebState;

/// Comments that keep proxies from cutting an idle stream.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The stream of what `actor` may see; it ends when the daemon begins to stop.
pub async fn stream(State(state): State<WebState>, actor: Actor) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = state.engine.changes.subscribe();
    let stopping = state.stopping.clone();
    let mut bot = Bot { name: actor.bot().map(str::to_owned), had: BTreeSet::new() };
    let viewer = state.metrics.viewer();
    let events = stream! {
        // Counted until the stream ends or its reader goes away.
        let _viewer = viewer;
        loop {
            let change = tokio::select! {
                () = stopping.cancelled() => return,
                change = changes.recv() => change,
            };
            match change {
                Ok(News { change: Change::Conversation(id), .. }) if bot.name.is_some() => {
                    match bot.may_know(&state, id).await {
                        Ok(true) => yield Ok(event(Change::Conversation(id))),
                        Ok(false) => {}
                        // What cannot be judged may have been missed.
                        Err(_) => yield Ok(event(Change::All)),
                    }
                }
                Ok(News { change, .. }) if may_see(&actor, change) => yield Ok(event(change)),
                Ok(_) => {}
                // Too many at once for this reader: it reads anew whatever it shows.
                Err(RecvError::Lagged(_)) => yield Ok(event(Change::All)),
                Err(RecvError::Closed) => return,
            }
        }
    };
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A bot that listens. It is told of the conversations that it has, and of one that it had when it was told of it last:
/// somebody took it, or it was closed.
struct Bot {
    name: Option<String>,
    had: BTreeSet<ConversationId>,
}

impl Bot {
    async fn may_know(&mut self, state: &WebState, id: ConversationId) -> store::Result<bool> {
        let found = conversation::get(state.store(), id).await?;
        if found.is_some_and(|c| c.bot.is_some() && c.bot == self.name) {
            self.had.insert(id);
            return Ok(true);
        }
        Ok(self.had.remove(&id))
    }
}

fn may_see(actor: &Actor, change: Change) -> bool {
    match change {
        Change::Conversation(_) | Change::Presence(_) | Change::Ticket(_) => actor.may(Right::Converse),
        Change::All => true,
        Change::Campaign(_) | Change::Run(_) | Change::Holds | Change::Templates => actor.may(Right::ReadCampaigns),
    }
}

fn event(change: Change) -> Event {
    Event::default().event("change").json_data(change).unwrap_or_default()
}
