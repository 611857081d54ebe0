//! Server-sent events: what changed, by id, so that pages fetch what they show anew.

use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::change::{Change, News};
use crate::domain::role::Right;

use super::actor::Actor;
use super::state::WebState;

/// Comments that keep proxies from cutting an idle stream.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The stream of what `actor` may see; it ends when the daemon begins to stop.
pub async fn stream(State(state): State<WebState>, actor: Actor) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = state.engine.changes.subscribe();
    let stopping = state.stopping.clone();
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

fn may_see(actor: &Actor, change: Change) -> bool {
    match change {
        // A bot is told by number that something happened; what, it can read where it has the conversation.
        Change::Conversation(_) => actor.may(Right::Converse) || actor.may(Right::AnswerAsBot),
        Change::Presence(_) | Change::Ticket(_) => actor.may(Right::Converse),
        Change::All => true,
        Change::Campaign(_) | Change::Run(_) | Change::Holds | Change::Templates => actor.may(Right::ReadCampaigns),
    }
}

fn event(change: Change) -> Event {
    Event::default().event("change").json_data(change).unwrap_or_default()
}
