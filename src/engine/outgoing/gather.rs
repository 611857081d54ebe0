//! What happened goes to whoever listens to it.

use std::collections::BTreeMap;

use super::body::Bodies;
use crate::domain::id::EndpointId;
use crate::domain::outgoing::{THREAD, lane};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, chatwoot};
use crate::store::Tx;
use crate::store::outgoing::endpoint;
use crate::store::outgoing::event::{self, Event, NewDelivery, Written};

/// Events of one unit of work.
const MOST: i64 = 300;

/// Takes up one batch of what is new. Returns how much there was.
pub(super) async fn step(engine: &Engine) -> Result<usize, EngineError> {
    if !event::any(&engine.store).await? {
        return Ok(0);
    }
    let now = engine.clock.now();
    let mut tx = engine.store.begin().await?;
    let fresh = event::fresh(&mut tx, MOST).await?;
    let (threads, told): (Vec<Event>, Vec<Event>) = fresh.iter().cloned().partition(|event| event.kind == THREAD);
    let listeners = listeners(&mut tx).await?;
    let (heard, unheard): (Vec<Event>, Vec<Event>) = told.into_iter().partition(|e| listeners.contains_key(&e.kind));
    let (written, deliveries) = write(engine, &mut tx, heard, &listeners, now).await?;
    chatwoot::want(engine, &mut tx, &threads, now).await?;
    event::gather(&mut tx, &written, &deliveries, now).await?;
    let done: Vec<i64> = threads.iter().chain(&unheard).map(|event| event.id).collect();
    event::drop_all(&mut tx, &done).await?;
    tx.commit().await?;
    Ok(fresh.len())
}

/// Who listens, by what happens.
async fn listeners(tx: &mut Tx) -> Result<BTreeMap<String, Vec<EndpointId>>, EngineError> {
    let mut by_kind: BTreeMap<String, Vec<EndpointId>> = BTreeMap::new();
    for endpoint in endpoint::all_in(tx).await?.into_iter().filter(|endpoint| endpoint.off_at.is_none()) {
        for kind in endpoint.kinds() {
            by_kind.entry(kind).or_default().push(endpoint.id);
        }
    }
    Ok(by_kind)
}

async fn write(
    engine: &Engine,
    tx: &mut Tx,
    events: Vec<Event>,
    listeners: &BTreeMap<String, Vec<EndpointId>>,
    now: UnixMs,
) -> Result<(Vec<Written>, Vec<NewDelivery>), EngineError> {
    let mut bodies = Bodies::of(tx, &events).await?;
    let (mut written, mut deliveries) = (Vec::new(), Vec::new());
    for event in events {
        let at = event.at.unwrap_or(now);
        let body = bodies.write(engine, tx, &event, at).await?;
        let lane = lane(&event.kind, event.subject, event.conversation_id);
        let to = listeners.get(&event.kind).into_iter().flatten();
        deliveries.extend(to.map(|id| NewDelivery { endpoint: *id, event: event.id, lane: lane.clone() }));
        written.push(Written { id: event.id, body, at });
    }
    Ok((written, deliveries))
}
