//! How telling one event to one endpoint stands.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, Tx, on, on_tx};

/// The first of each lane that waits; those behind it wait with it.
const DUE: &str = "SELECT d.id, d.event_id, d.tries, d.next_at, e.kind, e.body
    FROM outgoing_delivery AS d JOIN outgoing_event AS e ON e.id = d.event_id
    WHERE d.endpoint_id = $1 AND d.state = 'waiting' AND d.next_at <= $2 AND NOT EXISTS
        (SELECT 1 FROM outgoing_delivery AS o WHERE o.endpoint_id = $1 AND o.lane = d.lane AND o.state = 'waiting'
            AND o.id < d.id)
    ORDER BY d.next_at, d.id LIMIT $3";
const RESERVE: &str = "UPDATE outgoing_delivery SET next_at = $3 WHERE id = $1 AND state = 'waiting' AND next_at = $2";
const TRIED: &str =
    "UPDATE outgoing_delivery SET state = $2, tries = tries + 1, next_at = $3, tried_at = $4, status = $5,
        answer = $6 WHERE id = $1 AND state = 'waiting'";
const PAGE: &str =
    "SELECT d.id, d.event_id, e.kind, e.at, d.state, d.tries, d.next_at, d.made_at, d.tried_at, d.status, d.answer,
        e.body
    FROM outgoing_delivery AS d JOIN outgoing_event AS e ON e.id = d.event_id
    WHERE d.endpoint_id = $1 AND d.id < $2 AND ($3 = '' OR d.state = $3) ORDER BY d.id DESC LIMIT $4";
const COUNTS: &str = "SELECT endpoint_id, state, COUNT(*) FROM outgoing_delivery GROUP BY endpoint_id, state";
const AGAIN: &str = "UPDATE outgoing_delivery SET state = 'waiting', tries = 0, next_at = $3
    WHERE id = $1 AND endpoint_id = $2";
/// Also what waits for its next try is tried at once.
const AGAIN_OF: &str = "UPDATE outgoing_delivery SET state = 'waiting', tries = 0, next_at = $4
    WHERE endpoint_id = $1 AND made_at >= $2 AND made_at <= $3";
const AGAIN_GIVEN_UP: &str = "UPDATE outgoing_delivery SET state = 'waiting', tries = 0, next_at = $4
    WHERE endpoint_id = $1 AND made_at >= $2 AND made_at <= $3 AND state = 'given_up'";

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried at `next_at`, after those before it in its conversation.
    Waiting,
    /// The endpoint has taken it.
    Delivered,
    /// It was tried for days and is tried no more, unless a person wants it again.
    GivenUp,
}

impl DeliveryState {
    /// Every state, in the order in which pages list them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::GivenUp];

    /// The word in database, API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Something to post now.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Due {
    /// Which.
    pub id: DeliveryId,
    /// Of which event.
    pub event_id: i64,
    /// Tries so far.
    pub tries: i64,
    /// When it became due: who reserves it says so.
    pub next_at: UnixMs,
    /// What happened.
    pub kind: String,
    /// What is posted.
    pub body: String,
}

/// What became of a try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// How it stands now.
    pub state: DeliveryState,
    /// When it is tried again.
    pub next_at: UnixMs,
    /// When it was tried.
    pub at: UnixMs,
    /// The answer's status; `None`: none came.
    pub status: Option<i64>,
    /// The answer's beginning, or why there is none.
    pub answer: String,
}

/// A line of the page.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct DeliveryLine {
    /// Its id.
    pub id: DeliveryId,
    /// Of which event: the same for every endpoint, and in `webhook-id`.
    pub event_id: i64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Option<UnixMs>,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub tries: i64,
    /// When it is tried again, while it waits.
    pub next_at: UnixMs,
    /// When it was put in line.
    pub made_at: UnixMs,
    /// When it was last tried.
    pub tried_at: Option<UnixMs>,
    /// The last answer's status; none: no answer came.
    pub status: Option<i64>,
    /// The last answer's beginning, or why there was none.
    pub answer: String,
    /// What is posted.
    pub body: String,
}

/// At most `limit` things to post to an endpoint at `now`.
pub async fn due(store: &Store, endpoint: EndpointId, now: UnixMs, limit: i64) -> Result<Vec<Due>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DUE).bind(endpoint).bind(now).bind(limit).fetch_all(pool).await)?)
}

/// Takes these for this node alone, until then: those that no other has taken.
pub async fn reserve(store: &Store, mut due: Vec<Due>, until: UnixMs) -> Result<Vec<Due>> {
    // Nodes that want the same ones wait for each other in one order.
    due.sort_by_key(|one| one.id);
    let mut tx = store.begin().await?;
    let mut mine = Vec::with_capacity(due.len());
    for one in due {
        let done = on_tx!(&mut tx, |conn| sqlx::query(RESERVE)
            .bind(one.id)
            .bind(one.next_at)
            .bind(until)
            .execute(conn)
            .await
            .map(|r| r.rows_affected()))?;
        if done == 1 {
            mine.push(one);
        }
    }
    tx.commit().await?;
    Ok(mine)
}

/// Keeps what became of a try.
pub async fn tried(tx: &mut Tx, id: DeliveryId, tried: &Tried) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(TRIED)
        .bind(id)
        .bind(tried.state)
        .bind(tried.next_at)
        .bind(tried.at)
        .bind(tried.status)
        .bind(&tried.answer)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// At most `limit` deliveries of an endpoint before `before`, newest first; `state` empty: all.
pub async fn page(
    store: &Store,
    endpoint: EndpointId,
    before: DeliveryId,
    state: &str,
    limit: i64,
) -> Result<Vec<DeliveryLine>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PAGE)
        .bind(endpoint)
        .bind(before)
        .bind(state)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// How many deliveries of each endpoint stand how.
pub async fn counts(store: &Store) -> Result<Vec<(EndpointId, DeliveryState, i64)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(COUNTS).fetch_all(pool).await)?)
}

/// Posts one again, from the beginning. False: the endpoint has no such delivery.
pub async fn again(store: &Store, endpoint: EndpointId, id: DeliveryId, now: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(AGAIN)
        .bind(id)
        .bind(endpoint)
        .bind(now)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Posts again what was put in line for an endpoint from `from` to `to`: all, or what was given up. How many.
pub async fn again_between(
    store: &Store,
    endpoint: EndpointId,
    (from, to): (UnixMs, UnixMs),
    given_up_only: bool,
    now: UnixMs,
) -> Result<u64> {
    let sql = if given_up_only { AGAIN_GIVEN_UP } else { AGAIN_OF };
    let done = on!(&store.write, |pool| sqlx::query(sql)
        .bind(endpoint)
        .bind(from)
        .bind(to)
        .bind(now)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done)
}
