//! What a run's messages add up to: by cause, by outcome, in money. Everything is counted from rows.

use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::RunId;
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const FAILURES: &str = "SELECT COALESCE(failure_code, 0) AS code, COUNT(*) AS n FROM message \
                        WHERE run_id = $1 AND state = 'failed' GROUP BY COALESCE(failure_code, 0) ORDER BY 2 DESC, 1";
const WAITING: &str = "SELECT waiting_for, COUNT(*) AS n, MIN(due_at) AS next_at FROM message \
                       WHERE run_id = $1 AND state = 'queued' AND waiting_for IS NOT NULL \
                       GROUP BY waiting_for ORDER BY 2 DESC, 1";
const STOPPED: &str = "SELECT COALESCE(end_reason, '') AS reason, COUNT(*) AS n FROM message \
                       WHERE run_id = $1 AND state = 'excluded' GROUP BY COALESCE(end_reason, '') ORDER BY 2 DESC, 1";
const MONEY: &str = "SELECT COALESCE(CAST(SUM(estimated) AS BIGINT), 0) AS estimated, \
                     COALESCE(CAST(SUM(reserved) AS BIGINT), 0) AS reserved, \
                     COALESCE(CAST(SUM(charged) AS BIGINT), 0) AS charged FROM message WHERE run_id = $1";
const OUTCOMES: &str = "
    WITH last AS (SELECT MAX(o.id) AS id FROM outcome AS o JOIN message AS m ON m.id = o.message_id
                  WHERE m.run_id = $1 GROUP BY o.message_id)
    SELECT o.outcome, COUNT(*) AS n FROM last JOIN outcome AS o ON o.id = last.id GROUP BY o.outcome ORDER BY 1";
/// Each message counts once: here, under its outcome, or as one that nobody has answered.
const ANSWERED: &str = "
    WITH answer AS (
        SELECT c.origin_message_id AS id, c.state, c.waiting_since FROM conversation AS c
            WHERE c.run_id = $1 AND c.origin_message_id IS NOT NULL
        UNION ALL SELECT u.message_id, c.state, c.waiting_since FROM unclear AS u
            JOIN conversation AS c ON c.id = u.conversation_id WHERE u.run_id = $1),
    undecided AS (
        SELECT a.id, MAX(CASE WHEN a.state = 'open' AND a.waiting_since IS NOT NULL THEN 1 ELSE 0 END) AS waits
        FROM answer AS a WHERE NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.message_id = a.id) GROUP BY a.id)
    SELECT CAST(COALESCE(SUM(waits), 0) AS BIGINT) AS to_be_read, CAST(COALESCE(SUM(1 - waits), 0) AS BIGINT) AS answered
    FROM undecided";
const NO_ANSWER: &str = "
    SELECT COUNT(*) FROM message AS m
    WHERE m.run_id = $1 AND m.state IN ('delivered', 'read')
      AND NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.message_id = m.id)
      AND m.id NOT IN (SELECT c.origin_message_id FROM conversation AS c
                       WHERE c.run_id = $1 AND c.origin_message_id IS NOT NULL)
      AND m.id NOT IN (SELECT u.message_id FROM unclear AS u WHERE u.run_id = $1)";
const EXCLUDED_ROWS: &str = "SELECT row_no FROM exclusion WHERE run_id = $1 AND reason = $2
    AND revision = (SELECT r.revision FROM run AS r WHERE r.id = $1) ORDER BY row_no LIMIT $3";

/// Failures of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Failures {
    /// The provider's code, 0 where it gave none.
    pub code: i64,
    /// Messages.
    pub n: i64,
}

/// Messages that wait for one gate.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Waiting {
    /// The gate.
    pub waiting_for: String,
    /// Messages.
    pub n: i64,
    /// When the first of them is tried again, Unix milliseconds.
    #[schema(value_type = i64)]
    pub next_at: UnixMs,
}

/// Messages stopped at sending for one reason.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stopped {
    /// The reason's word.
    pub reason: String,
    /// Messages.
    pub n: i64,
}

/// What a run costs, in its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Money {
    /// At most.
    pub estimated: Micros,
    /// Kept for what is under way.
    pub reserved: Micros,
    /// So far.
    pub charged: Micros,
}

/// What people answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The last outcome of each message, counted.
    pub outcomes: Vec<(String, i64)>,
    /// Answered without an outcome, and the person waits for somebody.
    pub to_be_read: i64,
    /// Answered without an outcome, and nobody waits any more.
    pub answered: i64,
    /// Reached, and silent so far.
    pub no_answer: i64,
}

/// Failures by code, most first.
pub async fn failures(store: &Store, run: RunId) -> Result<Vec<Failures>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(FAILURES).bind(run).fetch_all(pool).await?))
}

/// What waits, by gate.
pub async fn waiting(store: &Store, run: RunId) -> Result<Vec<Waiting>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(WAITING).bind(run).fetch_all(pool).await?))
}

/// What was stopped at sending, by reason.
pub async fn stopped(store: &Store, run: RunId) -> Result<Vec<Stopped>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(STOPPED).bind(run).fetch_all(pool).await?))
}

/// What it costs.
pub async fn money(store: &Store, run: RunId) -> Result<Money> {
    Ok(on!(&store.read, |pool| sqlx::query_as(MONEY).bind(run).fetch_one(pool).await?))
}

/// What people answered.
pub async fn answers(store: &Store, run: RunId) -> Result<Answers> {
    let (to_be_read, answered): (i64, i64) =
        on!(&store.read, |pool| sqlx::query_as(ANSWERED).bind(run).fetch_one(pool).await?);
    Ok(on!(&store.read, |pool| Answers {
        outcomes: sqlx::query_as(OUTCOMES).bind(run).fetch_all(pool).await?,
        to_be_read,
        answered,
        no_answer: sqlx::query_scalar(NO_ANSWER).bind(run).fetch_one(pool).await?,
    }))
}

/// The first rows left out at loading for `reason`.
pub async fn excluded_rows(store: &Store, run: RunId, reason: ExclusionReason, limit: i64) -> Result<Vec<i64>> {
    Ok(on!(&store.read, |pool| {
        sqlx::query_scalar(EXCLUDED_ROWS).bind(run).bind(reason).bind(limit).fetch_all(pool).await?
    }))
}
