//! Sending off what is due to each endpoint, and noting what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::FutureExt;
use reqwest::header::HeaderMap;
use tracing::{info, warn};

use super::flight::{Batch, Landed, fly};
use super::{Outgoing, sign};
use crate::domain::change::Change;
use crate::domain::id::EndpointId;
use crate::domain::outgoing::{OFF_AFTER, rest};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::Tx;
use crate::store::audit::{self, Deed};
use crate::store::outgoing::delivery::{self, Due};
use crate::store::outgoing::endpoint::{self, Endpoint};

/// Read at one look; they leave as places become free.
const TOGETHER: i64 = 64;

/// Real time for which a post is reserved: longer than it may take.
const RESERVED: Duration = Duration::from_secs(30);

/// The endpoint is gone for good, as Standard Webhooks has it.
const GONE: u16 = 410;

impl Outgoing {
    /// Sends off what is due and has a place; how much.
    pub(super) async fn send_off(&mut self) -> Result<usize, EngineError> {
        let now = self.engine.clock.now();
        let all = endpoint::all(&self.engine.store).await?;
        let all = all.into_iter().filter(|endpoint| endpoint.off_at.is_none() && endpoint.rest_until <= now);
        let active: BTreeMap<EndpointId, Endpoint> = all.map(|endpoint| (endpoint.id, endpoint)).collect();
        for (id, desk) in &mut self.desks {
            if !active.contains_key(id) {
                desk.due.clear();
            }
        }
        self.desks.retain(|id, desk| active.contains_key(id) || !desk.flying.is_empty());
        let mut sent = 0;
        for endpoint in active.values() {
            sent += self.send_off_to(endpoint, now).await?;
        }
        Ok(sent)
    }

    async fn send_off_to(&mut self, endpoint: &Endpoint, now: UnixMs) -> Result<usize, EngineError> {
        let desk = self.desks.entry(endpoint.id).or_default();
        let room = desk.room(endpoint.failures);
        if room == 0 {
            return Ok(0);
        }
        if desk.due.is_empty() || desk.batch.as_ref().is_none_or(|batch| batch.url != endpoint.url) {
            self.look(endpoint, now).await?;
        }
        let desk = self.desks.entry(endpoint.id).or_default();
        let Some(batch) = desk.batch.clone() else { return Ok(0) };
        let next: Vec<Due> = desk.due.drain(..room.min(desk.due.len())).collect();
        if next.is_empty() {
            return Ok(0);
        }
        let until = now.plus(self.engine.clock_span(RESERVED));
        let mine = delivery::reserve(&self.engine.store, next, until).await?;
        desk.flying.extend(mine.iter().map(|due| due.id));
        let sent = mine.len();
        for due in mine {
            let headers = self.headers(&batch, &due, now);
            self.flights.push(fly(batch.clone(), due, headers).boxed());
        }
        Ok(sent)
    }

    /// Reads what is due to an endpoint.
    async fn look(&mut self, endpoint: &Endpoint, now: UnixMs) -> Result<(), EngineError> {
        let store = &self.engine.store;
        let limit = if endpoint.failures > 0 { 1 } else { TOGETHER };
        let due = delivery::due(store, endpoint.id, now, limit).await?;
        let secrets = if due.is_empty() { None } else { endpoint::secrets(store, endpoint.id).await? };
        let desk = self.desks.entry(endpoint.id).or_default();
        let waiting = due.into_iter().filter(|due| !desk.flying.contains(&due.id));
        desk.due = waiting.collect();
        desk.batch = secrets.map(|secrets| Batch::new(endpoint, secrets, self.outside));
        Ok(())
    }

    fn headers(&self, batch: &Batch, due: &Due, now: UnixMs) -> Option<HeaderMap> {
        let id = format!("evt_{}_{}", self.engine.instance.as_str(), due.event_id);
        let secrets = &batch.secrets;
        let old = secrets.old_secret.as_deref().filter(|_| secrets.old_until.is_some_and(|until| until > now));
        let all: Vec<&str> = std::iter::once(secrets.secret.as_str()).chain(old).collect();
        sign::headers(&all, &id, self.real.now(), &due.body)
    }

    /// Notes what became of what has landed: one unit of work for each endpoint. Returns how much it was. What the store
    /// does not take is kept for the next time, and its place with it.
    pub(super) async fn settle(&mut self) -> Result<usize, EngineError> {
        let (now, mut settled) = (self.engine.clock.now(), 0);
        while let Some(first) = self.landed.first() {
            let id = first.batch.endpoint;
            let of_one: Vec<&Landed> = self.landed.iter().filter(|landed| landed.batch.endpoint == id).collect();
            note(&self.engine, &of_one, now).await?;
            settled += of_one.len();
            let has_failed = of_one.iter().any(|landed| !landed.is_taken());
            let desk = self.desks.entry(id).or_default();
            for landed in of_one {
                desk.flying.remove(&landed.delivery);
            }
            if has_failed {
                desk.due.clear();
            }
            self.landed.retain(|landed| landed.batch.endpoint != id);
        }
        Ok(settled)
    }
}

async fn note(engine: &Engine, landed: &[&Landed], now: UnixMs) -> Result<(), EngineError> {
    let mut tx = engine.store.begin().await?;
    let mut is_off = false;
    for one in landed {
        if one.is_taken() {
            endpoint::took(&mut tx, one.batch.endpoint).await?;
        } else {
            is_off |= failed(&mut tx, one, now).await?;
        }
        delivery::tried(&mut tx, one.delivery, &one.tried(now)).await?;
    }
    tx.commit().await?;
    if is_off {
        engine.tell(Change::Holds);
    }
    Ok(())
}

/// Lets an endpoint rest that fails again and again; one that has failed for days, or says that it is gone, is switched
/// off. Whether it was.
async fn failed(tx: &mut Tx, landed: &Landed, now: UnixMs) -> Result<bool, EngineError> {
    let id = landed.batch.endpoint;
    let (failures, since) = endpoint::failed(tx, id, now).await?;
    if landed.status != Some(GONE) && now.since(since) < OFF_AFTER {
        info!(endpoint.id = %id, endpoint.failures = failures, "endpoint {id} has not taken it");
        endpoint::rest(tx, id, now.plus(rest(failures))).await?;
        return Ok(false);
    }
    if !endpoint::turn_off_in(tx, id, now, endpoint::ITSELF).await? {
        return Ok(false);
    }
    let detail = if landed.status == Some(GONE) { "it answered gone" } else { "it has taken nothing" };
    warn!(endpoint.id = %id, "endpoint {id} is switched off: {detail}");
    let (subject, action) = (format!("endpoint {}", landed.batch.name), "endpoint.off");
    audit::write_in(tx, now, Deed { actor: audit::ITSELF, action, subject: &subject, detail }).await?;
    Ok(true)
}
