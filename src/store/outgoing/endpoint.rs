//! Addresses that are told.

use std::collections::BTreeSet;
use std::fmt;

use sqlx::FromRow;

use super::wish;
use crate::domain::id::EndpointId;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, StoreError, Tx, json, on, on_tx};

const ADD: &str = "INSERT INTO outgoing_endpoint (name, url, kinds, secret, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING id";
const ALL: &str =
    "SELECT id, name, url, kinds, old_until, created_by, created_at, off_at, off_by, failing_since, failures,
        rest_until FROM outgoing_endpoint ORDER BY name";
const GET: &str =
    "SELECT id, name, url, kinds, old_until, created_by, created_at, off_at, off_by, failing_since, failures,
        rest_until FROM outgoing_endpoint WHERE id = $1";
const SECRETS: &str = "SELECT secret, old_secret, old_until FROM outgoing_endpoint WHERE id = $1";
const CHANGE: &str = "UPDATE outgoing_endpoint SET url = $2, kinds = $3 WHERE id = $1";
const OFF: &str = "UPDATE outgoing_endpoint SET off_at = $2, off_by = $3 WHERE id = $1 AND off_at IS NULL";
const ON: &str = "UPDATE outgoing_endpoint SET off_at = NULL, off_by = NULL, failing_since = NULL, failures = 0,
        rest_until = 0 WHERE id = $1 AND off_at IS NOT NULL";
const ROTATE: &str = "UPDATE outgoing_endpoint SET old_secret = secret, old_until = $3, secret = $2 WHERE id = $1";
const REMOVE: &str = "DELETE FROM outgoing_endpoint WHERE id = $1";
const TOOK: &str = "UPDATE outgoing_endpoint SET failing_since = NULL, failures = 0, rest_until = 0
    WHERE id = $1 AND failures > 0";
const FAILED: &str = "UPDATE outgoing_endpoint SET failing_since = COALESCE(failing_since, $2), failures = failures + 1
    WHERE id = $1 RETURNING failures, failing_since";
const REST: &str = "UPDATE outgoing_endpoint SET rest_until = $2 WHERE id = $1 AND rest_until < $2";

/// Who switched off what had failed for long.
pub const ITSELF: &str = "recado";

/// An endpoint. Its secrets are elsewhere: [`secrets`].
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is told, as a JSON list.
    pub kinds: String,
    /// Until when an older secret signs too.
    pub old_until: Option<UnixMs>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: UnixMs,
    /// Since when it is told nothing.
    pub off_at: Option<UnixMs>,
    /// Who switched it off; [`ITSELF`]: it had failed for long.
    pub off_by: Option<String>,
    /// Since when it has taken nothing.
    pub failing_since: Option<UnixMs>,
    /// Failures since then.
    pub failures: i64,
    /// Nothing is tried before.
    pub rest_until: UnixMs,
}

impl Endpoint {
    /// What it is told.
    pub fn kinds(&self) -> BTreeSet<String> {
        serde_json::from_str(&self.kinds).unwrap_or_default()
    }
}

/// One to make.
#[derive(Clone, Copy, Debug)]
pub struct NewEndpoint<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// What it is told.
    pub kinds: &'a BTreeSet<String>,
    /// Who makes it.
    pub by: &'a str,
    /// When.
    pub at: UnixMs,
}

/// What its posts are signed with. `Debug` shows none.
#[derive(Clone, FromRow)]
pub struct EndpointSecrets {
    /// `whsec_…`.
    pub secret: String,
    /// The one before it.
    pub old_secret: Option<String>,
    /// Until when that signs too.
    pub old_until: Option<UnixMs>,
}

impl fmt::Debug for EndpointSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointSecrets").field("old_until", &self.old_until).finish_non_exhaustive()
    }
}

fn listener(id: EndpointId) -> String {
    format!("endpoint:{id}")
}

/// Makes one; `None`: its name is taken.
pub async fn add(store: &Store, new: &NewEndpoint<'_>, secret: &str) -> Result<Option<EndpointId>> {
    let mut tx = store.begin().await?;
    let id: Option<EndpointId> = on_tx!(&mut tx, |conn| sqlx::query_scalar(ADD)
        .bind(new.name)
        .bind(new.url)
        .bind(json(new.kinds))
        .bind(secret)
        .bind(new.by)
        .bind(new.at)
        .fetch_optional(conn)
        .await)?;
    if let Some(id) = id {
        wish::set(&mut tx, &listener(id), new.kinds).await?;
        tx.commit().await?;
    }
    Ok(id)
}

/// Every endpoint, by name.
pub async fn all(store: &Store) -> Result<Vec<Endpoint>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?)
}

/// The same, as the unit of work sees it.
pub async fn all_in(tx: &mut Tx) -> Result<Vec<Endpoint>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(ALL).fetch_all(conn).await)?)
}

/// The endpoint `id`.
pub async fn get(store: &Store, id: EndpointId) -> Result<Option<Endpoint>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}

/// What its posts are signed with.
pub async fn secrets(store: &Store, id: EndpointId) -> Result<Option<EndpointSecrets>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(SECRETS).bind(id).fetch_optional(pool).await)?)
}

/// Tells it something else, or somewhere else. False: there is none.
pub async fn change(store: &Store, id: EndpointId, url: &str, kinds: &BTreeSet<String>) -> Result<bool> {
    let mut tx = store.begin().await?;
    let list = json(kinds);
    let done = on_tx!(&mut tx, |conn| sqlx::query(CHANGE)
        .bind(id)
        .bind(url)
        .bind(&list)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done == 1 {
        renew(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(done == 1)
}

/// Tells it nothing any more. False: that is so already.
pub async fn turn_off(store: &Store, id: EndpointId, at: UnixMs, by: &str) -> Result<bool> {
    let mut tx = store.begin().await?;
    let done = turn_off_in(&mut tx, id, at, by).await?;
    if done {
        tx.commit().await?;
    }
    Ok(done)
}

/// The same in a unit of work.
pub async fn turn_off_in(tx: &mut Tx, id: EndpointId, at: UnixMs, by: &str) -> Result<bool> {
    let done =
        on_tx!(tx, |conn| sqlx::query(OFF).bind(id).bind(at).bind(by).execute(conn).await.map(|r| r.rows_affected()))?;
    wish::set(tx, &listener(id), &BTreeSet::new()).await?;
    Ok(done == 1)
}

/// Tells it again, with what still waits. False: it was told.
pub async fn turn_on(store: &Store, id: EndpointId) -> Result<bool> {
    let mut tx = store.begin().await?;
    let done = on_tx!(&mut tx, |conn| sqlx::query(ON).bind(id).execute(conn).await.map(|r| r.rows_affected()))?;
    if done == 1 {
        renew(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(done == 1)
}

async fn renew(tx: &mut Tx, id: EndpointId) -> Result<()> {
    let found: Option<Endpoint> = on_tx!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    let endpoint = found.ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
    let kinds = if endpoint.off_at.is_none() { endpoint.kinds() } else { BTreeSet::new() };
    wish::set(tx, &listener(id), &kinds).await
}

/// Signs with `secret` from now on, and with the one before it until then. False: there is none.
pub async fn rotate(store: &Store, id: EndpointId, secret: &str, old_until: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(ROTATE)
        .bind(id)
        .bind(secret)
        .bind(old_until)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Removes it with all its deliveries. False: there is none.
pub async fn remove(store: &Store, id: EndpointId) -> Result<bool> {
    let mut tx = store.begin().await?;
    wish::set(&mut tx, &listener(id), &BTreeSet::new()).await?;
    let done = on_tx!(&mut tx, |conn| sqlx::query(REMOVE).bind(id).execute(conn).await.map(|r| r.rows_affected()))?;
    tx.commit().await?;
    Ok(done == 1)
}

/// It has taken something.
pub async fn took(tx: &mut Tx, id: EndpointId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(TOOK).bind(id).execute(conn).await.map(drop))?;
    Ok(())
}

/// It has not taken something, for the how manieth time in a row, and since when it takes nothing.
pub async fn failed(tx: &mut Tx, id: EndpointId, at: UnixMs) -> Result<(i64, UnixMs)> {
    let found: Option<(i64, UnixMs)> =
        on_tx!(tx, |conn| sqlx::query_as(FAILED).bind(id).bind(at).fetch_optional(conn).await)?;
    Ok(found.unwrap_or((0, at)))
}

/// Nothing is tried before then.
pub async fn rest(tx: &mut Tx, id: EndpointId, until: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(REST).bind(id).bind(until).execute(conn).await.map(drop))?;
    Ok(())
}
