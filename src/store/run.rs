//! Runs: one execution of a campaign, and how far it came.

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, canary, on, on_tx, window};
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::{CampaignKind, Priority};
use crate::domain::message::MessageState;
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;

mod begin;
pub mod standing;

pub use begin::{NewRun, Sort, insert};

const GET: &str = "SELECT id, campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at,
        revision, planned_rows, rows_read, paused_by, paused_why, paused_at, resumed_at, cancelled_by, sent_out_at, closed_at
    FROM run WHERE id = $1";
const OF_CAMPAIGN: &str = "SELECT id, campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at,
        revision, planned_rows, rows_read, paused_by, paused_why, paused_at, resumed_at, cancelled_by, sent_out_at, closed_at
    FROM run WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2";
const OPEN: &str = "SELECT id, campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at,
        revision, planned_rows, rows_read, paused_by, paused_why, paused_at, resumed_at, cancelled_by, sent_out_at, closed_at
    FROM run WHERE state IN ('planning', 'running', 'paused') ORDER BY id";
const IDS_OF_CAMPAIGN: &str = "SELECT id FROM run WHERE campaign_id = $1 AND id >= $2 ORDER BY id";
const OF_SAME_AUDIENCE: &str = "SELECT c.name, r.id,
        CAST(CASE WHEN EXISTS (SELECT 1 FROM message AS m WHERE m.run_id = r.id AND m.claimed_at IS NOT NULL) THEN 1 ELSE 0 END
            AS BIGINT) AS has_begun
    FROM version AS v JOIN run AS r ON r.version_id = v.id
    JOIN campaign AS c ON c.id = v.campaign_id WHERE v.rows_hash = $2 AND v.campaign_id <> $1
        AND (r.state <> 'cancelled'
            OR EXISTS (SELECT 1 FROM message AS m WHERE m.run_id = r.id AND m.claimed_at IS NOT NULL))
    ORDER BY r.id DESC LIMIT 1";
const SET_TEMPLATE: &str = "UPDATE run SET template = $2 WHERE id = $1";
const PLANNING: &str = "SELECT id FROM run WHERE state = 'planning' ORDER BY priority, id";
const RUNNING: &str =
    "SELECT id, priority, version_id, revision FROM run WHERE sender = $1 AND state = 'running' ORDER BY priority, id";
const STARTED_BEFORE: &str = "SELECT r.id FROM run AS r WHERE r.version_id = $1 AND (r.state <> 'cancelled'
        OR EXISTS (SELECT 1 FROM message AS m WHERE m.run_id = r.id AND m.attempt > 0))
    ORDER BY r.id DESC LIMIT 1";
const OPEN_OF_CAMPAIGN: &str =
    "SELECT id FROM run WHERE campaign_id = $1 AND state IN ('planning', 'running', 'paused')
    ORDER BY id DESC LIMIT 1";
const ADVANCE: &str = "UPDATE run SET planned_rows = $3 WHERE id = $1 AND state = 'planning' AND planned_rows = $2";
const PLANNED: &str = "UPDATE run SET state = 'running', rows_read = planned_rows WHERE id = $1 AND state = 'planning'";
const PAUSE: &str = "UPDATE run SET state = 'paused', paused_by = $2, paused_why = $3, paused_at = $4
    WHERE id = $1 AND state IN ('planning', 'running')";
const RESUME: &str = "UPDATE run SET state = CASE WHEN rows_read IS NULL THEN 'planning' ELSE 'running' END,
        paused_by = NULL, paused_why = NULL, paused_at = NULL, resumed_at = $2
    WHERE id = $1 AND state = 'paused'";
/// What was cancelled was not sent out, also where nothing was left to cancel.
const CANCEL: &str = "UPDATE run SET state = 'cancelled', cancelled_by = $2, sent_out_at = NULL
    WHERE id = $1 AND state IN ('planning', 'running', 'paused')";
const REOPEN: Dialects = Dialects {
    sqlite: "UPDATE run SET sent_out_at = NULL, closed_at = NULL,
            state = CASE WHEN state = 'closed' THEN 'running' ELSE state END
        WHERE id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "UPDATE run SET sent_out_at = NULL, closed_at = NULL,
            state = CASE WHEN state = 'closed' THEN 'running' ELSE state END
        WHERE id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
const REOPEN_ONE: &str = "UPDATE run SET sent_out_at = NULL, closed_at = NULL,
        state = CASE WHEN state = 'closed' THEN 'running' ELSE state END
    WHERE id = $1 AND state <> 'cancelled'";
/// Only where every row has been read: one that is still being planned has nothing queued yet.
const SENT_OUT: &str = "UPDATE run SET sent_out_at = $1
    WHERE state = 'running' AND rows_read IS NOT NULL AND sent_out_at IS NULL AND NOT EXISTS
        (SELECT 1 FROM message AS m WHERE m.run_id = run.id AND m.state IN ('queued', 'claimed', 'in_doubt'))
    RETURNING id";
/// Locked first: a run of which failed messages go back in line at this instant is then seen as it is afterwards.
const CLOSABLE: Dialects = Dialects {
    sqlite: "SELECT id FROM run
        WHERE (state = 'cancelled' OR (state = 'running' AND rows_read IS NOT NULL)) AND closed_at IS NULL AND NOT EXISTS
            (SELECT 1 FROM message AS m WHERE m.run_id = run.id
                AND m.state IN ('queued', 'claimed', 'accepted', 'in_review', 'sent', 'in_doubt'))",
    postgres: "SELECT id FROM run
        WHERE (state = 'cancelled' OR (state = 'running' AND rows_read IS NOT NULL)) AND closed_at IS NULL AND NOT EXISTS
            (SELECT 1 FROM message AS m WHERE m.run_id = run.id
                AND m.state IN ('queued', 'claimed', 'accepted', 'in_review', 'sent', 'in_doubt'))
        ORDER BY id FOR UPDATE",
};
const CLOSE: &str = "UPDATE run SET closed_at = $1,
        sent_out_at = CASE WHEN state = 'running' THEN COALESCE(sent_out_at, $1) END,
        state = CASE WHEN state = 'running' THEN 'closed' ELSE state END
    WHERE (state = 'cancelled' OR (state = 'running' AND rows_read IS NOT NULL)) AND closed_at IS NULL AND NOT EXISTS
        (SELECT 1 FROM message AS m WHERE m.run_id = run.id
            AND m.state IN ('queued', 'claimed', 'accepted', 'in_review', 'sent', 'in_doubt'))
    RETURNING id";
const CANCELLED_WITH_QUEUED: &str = "SELECT id FROM run WHERE state = 'cancelled' AND closed_at IS NULL
    AND EXISTS (SELECT 1 FROM message AS m WHERE m.run_id = run.id AND m.state = 'queued')";
const NEXT_DUE: &str = "SELECT m.due_at, m.waiting_for FROM message AS m JOIN run AS r ON r.id = m.run_id
    WHERE m.state = 'queued' AND m.sender = r.sender AND m.priority = r.priority AND m.run_id = $1
    ORDER BY m.due_at LIMIT 1";
const HAS_DOUBTS: &str =
    "SELECT COUNT(*) FROM (SELECT id FROM message WHERE run_id = $1 AND state = 'in_doubt' LIMIT 1) AS d";
/// Accepted once, failed since, and in line for another try: an index of its own holds these few.
const BACK: &str = "SELECT COUNT(*) FROM message WHERE run_id = $1 AND state = 'queued' AND accepted_at IS NOT NULL";
const COUNTS: &str = "SELECT state, COUNT(*) FROM message WHERE run_id = $1 GROUP BY state ORDER BY state";

/// A run.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Which version of it.
    pub version_id: VersionId,
    /// What it is for.
    pub kind: CampaignKind,
    /// Account it sends through.
    pub account: String,
    /// Sender it sends from.
    pub sender: String,
    /// Who goes first on the sender.
    pub priority: Priority,
    /// Its state.
    pub state: RunState,
    /// Snapshot of the template, as JSON of [`Snapshot`].
    pub template: String,
    /// Currency of its messages' costs.
    pub currency: String,
    /// Who started it.
    pub starter: String,
    /// When.
    pub started_at: UnixMs,
    /// Of a standing run, how many files it has taken up; 0: it is a run of one file.
    pub revision: i64,
    /// Rows planned so far.
    pub planned_rows: i64,
    /// Rows of the audience; `None` while planning.
    pub rows_read: Option<i64>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Why, as JSON: a list of [`Problem`], empty for no reason. See [`Run::paused_for`].
    pub paused_why: Option<String>,
    /// When.
    pub paused_at: Option<UnixMs>,
    /// When it was last let go on.
    pub resumed_at: Option<UnixMs>,
    /// Who cancelled it.
    pub cancelled_by: Option<String>,
    /// When nothing was queued, claimed or in doubt any more.
    pub sent_out_at: Option<UnixMs>,
    /// When every message had been delivered, read or had ended.
    pub closed_at: Option<UnixMs>,
}

impl Run {
    /// Why it is paused, as codes and figures that the locales put into words; a person's own words are one of them.
    pub fn paused_for(&self) -> Vec<Problem> {
        let why = self.paused_why.as_deref().unwrap_or_default();
        serde_json::from_str(why).unwrap_or_default()
    }

    /// The snapshot of the template. Fails when the stored text is not one.
    pub fn snapshot(&self) -> Result<crate::domain::template::Template> {
        self.snapshots().map(|snapshot| snapshot.main)
    }

    /// The same with its translations.
    pub fn snapshots(&self) -> Result<Snapshot> {
        serde_json::from_str(&self.template).map_err(|_| super::StoreError::Corrupt { what: "run.template" })
    }
}

/// The run `id`.
pub async fn get(store: &Store, id: RunId) -> Result<Option<Run>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}

/// Runs of `campaign`, the last first.
pub async fn of_campaign(store: &Store, campaign: CampaignId, limit: i64) -> Result<Vec<Run>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_CAMPAIGN).bind(campaign).bind(limit).fetch_all(pool).await)?)
}

/// A run of another campaign over the same audience.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct SameAudience {
    /// That campaign's name.
    #[sqlx(rename = "name")]
    pub campaign: String,
    /// The run.
    #[sqlx(rename = "id")]
    pub run: RunId,
    has_begun: i64,
}

impl SameAudience {
    /// Whether any of it has gone out.
    pub const fn has_begun(&self) -> bool {
        self.has_begun > 0
    }
}

/// The latest run of another campaign than `campaign` over the audience of that hash. One that was cancelled before
/// anything left says nothing.
pub async fn of_same_audience(store: &Store, campaign: CampaignId, hash: &str) -> Result<Option<SameAudience>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_SAME_AUDIENCE).bind(campaign).bind(hash).fetch_optional(pool).await)?)
}

/// Every run of `campaign` from number `from` on, the oldest first.
pub async fn ids_of_campaign(store: &Store, campaign: CampaignId, from: RunId) -> Result<Vec<RunId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(IDS_OF_CAMPAIGN).bind(campaign).bind(from).fetch_all(pool).await)?)
}

/// Every run that is planning, running or paused.
pub async fn open(store: &Store) -> Result<Vec<Run>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OPEN).fetch_all(pool).await)?)
}

/// The same, as part of a unit of work.
pub async fn open_in(tx: &mut Tx) -> Result<Vec<Run>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(OPEN).fetch_all(conn).await)?)
}

/// What is known of the template of `id` now.
pub async fn set_template(tx: &mut Tx, id: RunId, template: &Snapshot) -> Result<()> {
    let text = super::json(template);
    on_tx!(tx, |conn| sqlx::query(SET_TEMPLATE).bind(id).bind(&text).execute(conn).await.map(drop))?;
    Ok(())
}

/// Runs whose rows are still to be planned, the most urgent first.
pub async fn planning(store: &Store) -> Result<Vec<RunId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(PLANNING).fetch_all(pool).await)?)
}

/// Running runs of `sender` with their priority, version and revision. Read beside the writer: what is committed is seen, and the claim looks
/// again.
pub async fn running(store: &Store, sender: &str) -> Result<Vec<(RunId, Priority, VersionId, i64)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(RUNNING).bind(sender).fetch_all(pool).await)?)
}

/// An earlier run of the same version, unless it was cancelled before anything left.
pub async fn started_before(store: &Store, version: VersionId) -> Result<Option<RunId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(STARTED_BEFORE).bind(version).fetch_optional(pool).await)?)
}

/// The open run of `campaign`.
pub async fn open_of_campaign(store: &Store, campaign: CampaignId) -> Result<Option<RunId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(OPEN_OF_CAMPAIGN).bind(campaign).fetch_optional(pool).await)?)
}

/// Moves the planner's cursor; false when the run is not planning any more or another planner moved it.
pub async fn advance(tx: &mut Tx, id: RunId, from: i64, to: i64) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(ADVANCE)
        .bind(id)
        .bind(from)
        .bind(to)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Every row is planned: sending begins. False when the run is not planning any more.
pub async fn planned(store: &Store, id: RunId) -> Result<bool> {
    changed(on!(&store.write, |pool| sqlx::query(PLANNED).bind(id).execute(pool).await.map(|r| r.rows_affected())))
}

/// Pauses it for these reasons; false when it is not planning or running.
pub async fn pause(tx: &mut Tx, id: RunId, by: &str, why: &[Problem], at: UnixMs) -> Result<bool> {
    let why = super::json(why);
    changed(on_tx!(tx, |conn| sqlx::query(PAUSE)
        .bind(id)
        .bind(by)
        .bind(&why)
        .bind(at)
        .execute(conn)
        .await
        .map(|r| r.rows_affected())))
}

/// Goes on where it was paused; false when it is not paused. What its breakers saw before counts no more, and a canary
/// that stopped it is overruled.
pub async fn resume(store: &Store, id: RunId, at: UnixMs) -> Result<bool> {
    let mut tx = store.begin().await?;
    let done = changed(on_tx!(&mut tx, |conn| sqlx::query(RESUME)
        .bind(id)
        .bind(at)
        .execute(conn)
        .await
        .map(|r| r.rows_affected())))?;
    if done {
        window::forget(&mut tx, id).await?;
        canary::overrule(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(done)
}

/// Ends it; false when it is not open. Its messages are cancelled by [`super::message::cancel`].
pub async fn cancel(store: &Store, id: RunId, by: &str) -> Result<bool> {
    changed(on!(&store.write, |pool| sqlx::query(CANCEL)
        .bind(id)
        .bind(by)
        .execute(pool)
        .await
        .map(|r| r.rows_affected())))
}

/// Something of these runs is to be sent again: they are not sent out and not closed any more.
pub async fn reopen(tx: &mut Tx, runs: &[RunId]) -> Result<()> {
    let (sql, ids) = (REOPEN.of_tx(tx), super::json(&runs));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&ids).execute(conn).await.map(drop))?;
    Ok(())
}

/// The same for one run, unless it was cancelled; it is locked until the end of the unit of work.
pub(super) async fn reopen_unless_cancelled(tx: &mut Tx, id: RunId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(REOPEN_ONE).bind(id).execute(conn).await.map(drop))?;
    Ok(())
}

/// Marks running runs with nothing queued, claimed or in doubt as sent out; returns them.
pub async fn mark_sent_out(store: &Store, at: UnixMs) -> Result<Vec<RunId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(SENT_OUT).bind(at).fetch_all(pool).await)?)
}

/// Closes runs whose every message has been delivered, read or has ended; returns them.
pub async fn close_settled(store: &Store, at: UnixMs) -> Result<Vec<RunId>> {
    let look = CLOSABLE.of(&store.read);
    let closable: Vec<RunId> = on!(&store.read, |pool| sqlx::query_scalar(look).fetch_all(pool).await)?;
    if closable.is_empty() {
        return Ok(closable);
    }
    let mut tx = store.begin().await?;
    let lock = CLOSABLE.of_tx(&tx);
    let _: Vec<RunId> = on_tx!(&mut tx, |conn| sqlx::query_scalar(lock).fetch_all(conn).await)?;
    let closed = on_tx!(&mut tx, |conn| sqlx::query_scalar(CLOSE).bind(at).fetch_all(conn).await)?;
    tx.commit().await?;
    Ok(closed)
}

/// Cancelled runs with messages that went back in line since.
pub async fn cancelled_with_queued(store: &Store) -> Result<Vec<RunId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(CANCELLED_WITH_QUEUED).fetch_all(pool).await)?)
}

/// When the next queued message of the run is due, and the gate it waits behind.
pub async fn next_due(store: &Store, id: RunId) -> Result<Option<(UnixMs, Option<String>)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(NEXT_DUE).bind(id).fetch_optional(pool).await)?)
}

/// Whether something of the run is in doubt.
pub async fn has_doubts(store: &Store, id: RunId) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(HAS_DOUBTS).bind(id).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// Messages of the run that the provider had taken and that are in line again.
pub async fn back(store: &Store, id: RunId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(BACK).bind(id).fetch_one(pool).await)?)
}

/// Messages of the run by state, counted from the rows.
pub async fn counts(store: &Store, id: RunId) -> Result<Vec<(MessageState, i64)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(COUNTS).bind(id).fetch_all(pool).await)?)
}

fn changed(rows: std::result::Result<u64, sqlx::Error>) -> Result<bool> {
    Ok(rows? == 1)
}
