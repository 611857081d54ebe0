//! Canaries: the share of a run that goes first, how far it is, and how it was judged.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Result, Store, StoreError, Tx, on, on_tx};
use crate::domain::canary::Figures;
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;

const QUEUED: &str = "SELECT COUNT(*) FROM message WHERE run_id = $1 AND state = 'queued'";
const BEGIN: &str = "INSERT INTO canary (run_id, wanted, state, began_at) VALUES ($1, $2, 'sending', $3)
    ON CONFLICT (run_id) DO NOTHING";
const OPEN: &str = "SELECT run_id, wanted, state, began_at, sent, judge_at, judged_at, figures FROM canary
    WHERE state IN ('sending', 'waiting') ORDER BY run_id";
const GET: &str =
    "SELECT run_id, wanted, state, began_at, sent, judge_at, judged_at, figures FROM canary WHERE run_id = $1";
/// Those that have left, or tried to; what is put back or left out makes room for another. What left before a run was
/// corrected says nothing about what it sends now.
const LEFT: &str = "SELECT COUNT(*) FROM message WHERE run_id = $1
    AND state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'failed', 'undelivered', 'in_doubt')
    AND id > COALESCE((SELECT MAX(f.last_message) FROM correction AS f WHERE f.run_id = $1), 0)";
const CLAIMED: &str = "SELECT COUNT(*) FROM message WHERE run_id = $1 AND state = 'claimed'";
const FIRST_LATEST: &str =
    "SELECT MIN(latest_at) FROM message WHERE run_id = $1 AND state = 'queued' AND due_at <= $2 AND latest_at > $3";
const WAIT: &str =
    "UPDATE canary SET state = 'waiting', sent = $2, judge_at = $3 WHERE run_id = $1 AND state = 'sending'";
const JUDGED: &str = "UPDATE canary SET state = $2, judged_at = $3, figures = $4
    WHERE run_id = $1 AND state IN ('sending', 'waiting')";
const OVERRULE: &str = "UPDATE canary SET state = 'overruled' WHERE run_id = $1 AND state = 'stopped'";
const STATES: &str = "SELECT state, COALESCE(failure_code, 0), COUNT(*) FROM message WHERE run_id = $1
    AND state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'failed', 'undelivered', 'in_doubt')
    AND id > COALESCE((SELECT MAX(f.last_message) FROM correction AS f WHERE f.run_id = $1), 0)
    GROUP BY state, COALESCE(failure_code, 0)";
/// Whoever asked for no more since the canary began and has got a message of the run. Numbers that cannot be reached, and
/// people whom somebody here put on the list, asked for nothing.
const OPTED_OUT: &str = "SELECT COUNT(DISTINCT s.person_id) FROM suppression AS s
    WHERE s.created_at >= $2 AND s.source NOT IN ('strikes', 'person')
    AND (s.lifted_at IS NULL OR s.lifted_at > s.created_at) AND EXISTS
        (SELECT 1 FROM message AS m WHERE m.run_id = $1 AND m.attempt > 0 AND m.person_id IN
            (SELECT p.id FROM person AS p WHERE p.id = s.person_id
             UNION ALL SELECT p.id FROM person AS p WHERE p.linked_to = s.person_id))";

/// How far a canary is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CanaryState {
    /// It leaves.
    Sending,
    /// It has left; its receipts are waited for.
    Waiting,
    /// It was judged good: the rest follows.
    Passed,
    /// It was judged bad: the run is paused.
    Stopped,
    /// It was judged bad, and a person let the rest follow.
    Overruled,
    /// The run ended, or had nothing left to send, before it was judged.
    Over,
}

impl CanaryState {
    /// The word in database, API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Waiting => "waiting",
            Self::Passed => "passed",
            Self::Stopped => "stopped",
            Self::Overruled => "overruled",
            Self::Over => "over",
        }
    }
}

/// A canary.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Canary {
    /// Of which run.
    pub run_id: RunId,
    /// So many messages go first.
    pub wanted: i64,
    /// How far it is.
    pub state: CanaryState,
    /// Since when.
    pub began_at: UnixMs,
    /// So many did, once they have.
    pub sent: Option<i64>,
    /// When it is judged at the latest.
    pub judge_at: Option<UnixMs>,
    /// When it was.
    pub judged_at: Option<UnixMs>,
    figures: Option<String>,
}

impl Canary {
    /// By what it was judged; `None`: not yet.
    pub fn figures(&self) -> Result<Option<Figures>> {
        let read =
            |text: &String| serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "canary.figures" });
        self.figures.as_ref().map(read).transpose()
    }
}

/// Messages of `run` that are in line.
pub async fn queued(store: &Store, run: RunId) -> Result<i64> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(QUEUED).bind(run).fetch_one(pool).await)?)
}

/// So many messages of `run` go first; what it has already stays.
pub async fn begin(store: &Store, run: RunId, wanted: i64, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(BEGIN).bind(run).bind(wanted).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Every canary that is not judged yet. Read beside the writer: what is committed is seen.
pub async fn open(store: &Store) -> Result<Vec<Canary>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OPEN).fetch_all(pool).await)?)
}

/// The canary of `run`.
pub async fn get(store: &Store, run: RunId) -> Result<Option<Canary>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(GET).bind(run).fetch_optional(pool).await)?)
}

/// Messages of `run` that have left, or tried to.
pub async fn left(store: &Store, run: RunId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(LEFT).bind(run).fetch_one(pool).await)?)
}

/// Messages of `run` that are leaving now.
pub async fn claimed(store: &Store, run: RunId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(CLAIMED).bind(run).fetch_one(pool).await)?)
}

/// The earliest latest time after `now` of what is in line and due by `until`.
pub async fn first_latest(store: &Store, run: RunId, now: UnixMs, until: UnixMs) -> Result<Option<UnixMs>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(FIRST_LATEST).bind(run).bind(until).bind(now).fetch_one(pool).await)?)
}

/// It has left, `sent` messages of it; receipts are waited for until `judge_at`.
pub async fn wait(store: &Store, run: RunId, sent: i64, judge_at: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(WAIT)
        .bind(run)
        .bind(sent)
        .bind(judge_at)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// It is judged; false when another has judged it.
pub async fn judged(tx: &mut Tx, run: RunId, state: CanaryState, figures: &Figures, at: UnixMs) -> Result<bool> {
    let figures = super::json(figures);
    let done = on_tx!(tx, |conn| sqlx::query(JUDGED)
        .bind(run)
        .bind(state)
        .bind(at)
        .bind(&figures)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// A person lets the rest follow.
pub(super) async fn overrule(tx: &mut Tx, run: RunId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(OVERRULE).bind(run).execute(conn).await.map(drop))?;
    Ok(())
}

/// How it stands. `against` says whether a failure with that code speaks against the run.
pub async fn figures(store: &Store, canary: &Canary, against: impl Fn(i64) -> bool) -> Result<Figures> {
    let (run, since) = (canary.run_id, canary.began_at);
    let counted: Vec<(String, i64, i64)> =
        on!(&store.read, |pool| sqlx::query_as(STATES).bind(run).fetch_all(pool).await)?;
    let opted_out: i64 =
        on!(&store.read, |pool| sqlx::query_scalar(OPTED_OUT).bind(run).bind(since).fetch_one(pool).await)?;
    let mut figures = Figures { opted_out, ..Figures::default() };
    for (state, code, n) in counted {
        figures.sent += n;
        match state.as_str() {
            "delivered" | "read" => figures.delivered += n,
            "failed" => {
                figures.failed += n;
                figures.against += if against(code) { n } else { 0 };
            }
            "undelivered" => {}
            _ => figures.open += n,
        }
    }
    Ok(figures)
}
