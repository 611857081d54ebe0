//! What is queued, in buckets: for the forecast. A run of a million rows is a few hundred of them.

use std::collections::BTreeMap;

use sqlx::FromRow;

use crate::domain::id::RunId;
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::run::Run;
use crate::store::{Result, Store, on};

const LAST: &str = "SELECT due_at FROM message
    WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 ORDER BY due_at DESC LIMIT 1";
/// Read from the queue's index alone. Whatever is due at `$4` is one bucket; later ones are `$5` wide.
const BY_DUE: &str = "SELECT MAX(due_at) AS due_at, CAST(NULL AS BIGINT) AS latest_at, '' AS timezone,
        COUNT(*) AS messages, COUNT(*) AS people
    FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at <= $4
    HAVING COUNT(*) > 0
    UNION ALL SELECT MAX(d.due_at), CAST(NULL AS BIGINT), '', COUNT(*), COUNT(*)
    FROM (SELECT due_at, (due_at - $4) / $5 AS bucket FROM message
        WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at > $4) AS d
    GROUP BY d.bucket ORDER BY 1";
/// The same apart by the person's clock and by the latest time.
const BY_CLOCK: &str = "SELECT MAX(d.due_at) AS due_at, MAX(d.latest_at) AS latest_at, d.timezone,
        COUNT(*) AS messages, COUNT(*) AS people
    FROM (SELECT due_at, latest_at, timezone,
            CASE WHEN due_at <= $4 THEN -1 ELSE (due_at - $4) / $5 END AS bucket,
            CASE WHEN latest_at IS NULL THEN -1 ELSE latest_at / $5 END AS latest
        FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3) AS d
    GROUP BY d.bucket, d.latest, d.timezone ORDER BY 1";
/// The same with the people among them.
const BY_PERSON: &str = "SELECT MAX(d.due_at) AS due_at, MAX(d.latest_at) AS latest_at, d.timezone,
        COUNT(*) AS messages, COUNT(DISTINCT d.person_id) AS people
    FROM (SELECT due_at, latest_at, timezone, person_id,
            CASE WHEN due_at <= $4 THEN -1 ELSE (due_at - $4) / $5 END AS bucket,
            CASE WHEN latest_at IS NULL THEN -1 ELSE latest_at / $5 END AS latest
        FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3) AS d
    GROUP BY d.bucket, d.latest, d.timezone ORDER BY 1";
const PRICES: &str = "SELECT market, COUNT(*) AS messages, CAST(SUM(estimated) AS BIGINT) AS estimated FROM message
    WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 GROUP BY market ORDER BY market";
/// Whatever a gate has put off waits for it in the future.
const PUT_OFF: &str = "SELECT waiting_for, COUNT(*) AS messages, MAX(due_at) AS until_at FROM message
    WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at > $4 AND waiting_for IS NOT NULL
    GROUP BY waiting_for ORDER BY waiting_for";
/// By the people who hold a place, of whom there are never more than a limit: the queue may hold a million others.
const REACHED: &str = "SELECT m.run_id, COUNT(*)
    FROM (SELECT DISTINCT person_id FROM place WHERE portfolio = $1 AND until_at > $2) AS h CROSS JOIN message AS m
    WHERE m.person_id = h.person_id AND m.state = 'queued' GROUP BY m.run_id";
const LEFT: &str = "SELECT COUNT(*) AS messages, MIN(d.claimed_at) AS since FROM (
        SELECT claimed_at FROM message WHERE sender = $1 AND claimed_at IS NOT NULL AND claimed_at >= $2
        ORDER BY claimed_at DESC LIMIT $3) AS d";
const REPLIES: &str = "SELECT COUNT(*) FROM (
        SELECT conversation_id, received_at FROM entry WHERE direction = 'in' ORDER BY id DESC LIMIT $3) AS e
    JOIN conversation AS c ON c.id = e.conversation_id WHERE c.sender = $1 AND e.received_at >= $2";

/// Buckets are at least this wide, in milliseconds.
const NARROWEST: i64 = 60_000;

/// A run is about so many buckets of due times.
const BUCKETS: i64 = 500;

/// Habits are taken over so many messages at most.
const HABITS: i64 = 20_000;

/// Messages that are alike.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Bucket {
    /// The last of them is due then.
    pub due_at: UnixMs,
    /// The last of them is too late after this.
    pub latest_at: Option<UnixMs>,
    /// Clock of their people; empty where it was not asked for.
    pub timezone: String,
    /// How many.
    pub messages: i64,
    /// To how many people; each message counts as one where that was not asked for.
    pub people: i64,
}

/// Messages that wait for one gate.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct PutOff {
    /// The gate's name.
    pub waiting_for: String,
    /// How many.
    pub messages: i64,
    /// When the last of them is due.
    pub until_at: UnixMs,
}

/// What queued messages of one market may cost.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Priced {
    /// The market.
    pub market: String,
    /// How many.
    pub messages: i64,
    /// What they are estimated at together.
    pub estimated: Micros,
}

/// What the buckets tell apart besides when messages are due. Each costs more than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Apart {
    /// Nothing.
    Due,
    /// Their people's clock, and when they are too late.
    Clock,
    /// The same, and how many people they go to.
    Person,
}

/// What a run has queued at `now`.
pub async fn buckets(store: &Store, run: &Run, now: UnixMs, apart: Apart) -> Result<Vec<Bucket>> {
    let (sender, priority) = (&run.sender, run.priority);
    let last: Option<UnixMs> = on!(&store.read, |pool| sqlx::query_scalar(LAST)
        .bind(sender)
        .bind(priority)
        .bind(run.id)
        .fetch_optional(pool)
        .await)?;
    let Some(last) = last else { return Ok(Vec::new()) };
    let width = ((last.0 - now.0) / BUCKETS).max(NARROWEST);
    let sql = match apart {
        Apart::Due => BY_DUE,
        Apart::Clock => BY_CLOCK,
        Apart::Person => BY_PERSON,
    };
    Ok(on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(sender)
        .bind(priority)
        .bind(run.id)
        .bind(now)
        .bind(width)
        .fetch_all(pool)
        .await)?)
}

/// What the queued messages of a run may cost, by market.
pub async fn prices(store: &Store, run: &Run) -> Result<Vec<Priced>> {
    let (sender, priority) = (&run.sender, run.priority);
    Ok(on!(&store.read, |pool| sqlx::query_as(PRICES).bind(sender).bind(priority).bind(run.id).fetch_all(pool).await)?)
}

/// What gates have put off of a run.
pub async fn put_off(store: &Store, run: &Run, now: UnixMs) -> Result<Vec<PutOff>> {
    let (sender, priority): (&str, Priority) = (&run.sender, run.priority);
    Ok(on!(&store.read, |pool| sqlx::query_as(PUT_OFF)
        .bind(sender)
        .bind(priority)
        .bind(run.id)
        .bind(now)
        .fetch_all(pool)
        .await)?)
}

/// Queued messages, by run, whose people hold a place of `portfolio`.
pub async fn reached(store: &Store, portfolio: &str, now: UnixMs) -> Result<BTreeMap<RunId, i64>> {
    let found: Vec<(RunId, i64)> =
        on!(&store.read, |pool| sqlx::query_as(REACHED).bind(portfolio).bind(now).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}

/// How many messages `sender` has lately let go, at most some thousands since `since`, and how many replies came back
/// since the first of them.
pub async fn habits(store: &Store, sender: &str, since: UnixMs) -> Result<(i64, i64)> {
    let (messages, first): (i64, Option<UnixMs>) =
        on!(&store.read, |pool| sqlx::query_as(LEFT).bind(sender).bind(since).bind(HABITS).fetch_one(pool).await)?;
    let Some(first) = first else { return Ok((0, 0)) };
    let replies: i64 = on!(&store.read, |pool| sqlx::query_scalar(REPLIES)
        .bind(sender)
        .bind(first)
        .bind(HABITS)
        .fetch_one(pool)
        .await)?;
    Ok((messages, replies))
}
