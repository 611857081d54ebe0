//! Server-sent events: what changed, by id, so that pages fetch what they show anew.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::domain::change::{Change, News};
use crate::domain::id::ConversationId;
use crate::domain::role::Right;
use crate::store::{self, conversation};

use super::actor::{Actor, identify};
use super::state::WebState;

/// Comments that keep proxies from cutting an idle stream.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Whether its reader may still read is asked this often.
const LOOKS: Duration = Duration::from_secs(2);

/// The stream of what `actor` may see; it ends when the daemon begins to stop, and when they are signed out, shut out or
/// have another role: whoever may comes back.
pub async fn stream(
    State(state): State<WebState>,
    actor: Actor,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = state.engine.changes.subscribe();
    let stopping = state.stopping.clone();
    let mut bot = Bot { name: actor.bot().map(str::to_owned), had: BTreeSet::new() };
    let viewer = state.metrics.viewer();
    let asked = (state.clone(), actor.clone());
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
    // Beside the changes, which wait for no answer of the store.
    let events = events.take_until(somebody_else(asked.0, headers, asked.1));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Ends when whoever came with `headers` is not who they were: signed out, shut out, or of another role. What cannot be asked
/// is asked again.
async fn somebody_else(state: WebState, headers: HeaderMap, was: Actor) {
    loop {
        sleep(LOOKS).await;
        match identify(&state, &headers).await {
            Ok(Some(now)) if (&now.name, now.role) == (&was.name, was.role) => {}
            Ok(_) => return,
            Err(_) => {}
        }
    }
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
