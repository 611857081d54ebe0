//! Corrections of paused runs: which version and template messages were made from that had left before, and how far the
//! taking back of the others came.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::message::NewMessage;
use super::{Result, Store, StoreError, Tx, amendment, on, on_tx};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::Content;
use crate::domain::id::{MessageId, RunId, VersionId};
use crate::domain::message::MessageState;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;

/// The run plans its rows again when it goes on.
const SWITCH: &str = "UPDATE run SET version_id = $3, template = $4, planned_rows = 0, rows_read = NULL,
        sent_out_at = NULL
    WHERE id = $1 AND state = 'paused' AND version_id = $2
        AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.run_id = run.id AND m.state = 'claimed')";
/// What goes first is judged anew: what was judged was another text.
const FORGET_CANARY: &str = "DELETE FROM canary WHERE run_id = $1";
const ADD: &str = "INSERT INTO correction (run_id, at, corrected_by, version_id, template, last_message, stayed)
    VALUES ($1, $2, $3, $4, $5, (SELECT COALESCE(MAX(id), 0) FROM message),
        (SELECT COUNT(*) FROM message WHERE run_id = $1 AND NOT (state = 'queued' AND attempt = 0)))";
const LATEST: &str = "SELECT id, at, corrected_by, version_id, last_message, stayed, cleared_at FROM correction
    WHERE run_id = $1 ORDER BY id DESC LIMIT 1";
const BEFORE: &str = "SELECT template FROM correction WHERE run_id = $1 AND last_message >= $2 ORDER BY id LIMIT 1";
/// What may go back in line and carries no template of its own.
const WITHOUT_TEMPLATE: &str = "SELECT id, content FROM message WHERE run_id = $1 AND state IN ('in_doubt', 'failed')
    AND content NOT LIKE '%\"template\":{%'
    AND id <= (SELECT MAX(f.last_message) FROM correction AS f WHERE f.run_id = $1) ORDER BY id LIMIT $2";
const SET_CONTENT: &str = "UPDATE message SET content = $2 WHERE id = $1 AND state IN ('in_doubt', 'failed')";
const STAY: &str = "SELECT row_no, id, state FROM message WHERE run_id = $1 AND id <= $2";
const GONE: &str = "SELECT DISTINCT row_no FROM message WHERE run_id = $1 AND state <> 'queued'";
/// What was tried and is in line again: it goes out as the row says now, unless another message of the run has its key.
const REWRITE: &str =
    "UPDATE message SET content = $2, key = $3, person_id = $4, recipient = $5, name = $6, route = $7,
        cost_centre = $8, external_id = $9, happens_at = $10, timezone = $11,
        due_at = CASE WHEN due_at > $12 THEN due_at ELSE $12 END, latest_at = $13, market = $14, category = $15,
        estimated = $16
    WHERE id = $1 AND state = 'queued' AND NOT EXISTS
        (SELECT 1 FROM message AS o WHERE o.run_id = message.run_id AND o.key = $3 AND o.id <> $1)";
const LEAVE_OUT: &str = "UPDATE message SET state = 'excluded', end_reason = $2, ended_at = $3, waiting_for = NULL,
        reserved = 0
    WHERE id = $1 AND state = 'queued'";
/// What has never been tried leaves no trace anywhere; what has stays, and is looked at row by row.
const TAKE_BACK: &str = "DELETE FROM message WHERE id IN
    (SELECT id FROM message WHERE run_id = $1 AND state = 'queued' AND attempt = 0 ORDER BY id LIMIT $2)";
const TAKE_BACK_EXCLUSIONS: &str = "DELETE FROM exclusion WHERE run_id = $1 AND row_no IN
    (SELECT row_no FROM exclusion WHERE run_id = $1 ORDER BY row_no LIMIT $2)";
const CLEARED: &str = "UPDATE correction SET cleared_at = $2 WHERE run_id = $1 AND cleared_at IS NULL";

/// A correction of a run.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Correction {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: UnixMs,
    /// Who corrected.
    pub corrected_by: String,
    /// The version that the run had before.
    pub version_id: VersionId,
    /// Messages up to this one were made from that.
    pub last_message: MessageId,
    /// Messages that had left, or had been tried, by then.
    pub stayed: i64,
    /// When everything else had been taken back; `None`: not yet.
    pub cleared_at: Option<UnixMs>,
}

/// What a run is to go on with.
#[derive(Clone, Copy, Debug)]
pub struct NewCorrection<'a> {
    /// The run.
    pub run: RunId,
    /// The version it has.
    pub from: VersionId,
    /// Its template's snapshot, as JSON.
    pub from_template: &'a str,
    /// The version it gets.
    pub to: VersionId,
    /// The snapshot it gets, as JSON.
    pub to_template: &'a str,
    /// When.
    pub at: UnixMs,
    /// Who corrects.
    pub by: &'a str,
}

/// Gives the run its new version. False when it is not paused, or has another version by now.
pub async fn add(tx: &mut Tx, new: &NewCorrection<'_>) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(SWITCH)
        .bind(new.run)
        .bind(new.from)
        .bind(new.to)
        .bind(new.to_template)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done != 1 {
        return Ok(false);
    }
    on_tx!(tx, |conn| sqlx::query(ADD)
        .bind(new.run)
        .bind(new.at)
        .bind(new.by)
        .bind(new.from)
        .bind(new.from_template)
        .execute(conn)
        .await
        .map(drop))?;
    amendment::again(tx, new.run, new.to).await?;
    on_tx!(tx, |conn| sqlx::query(FORGET_CANARY).bind(new.run).execute(conn).await.map(drop))?;
    Ok(true)
}

/// The last correction of a run.
pub async fn latest(store: &Store, run: RunId) -> Result<Option<Correction>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(LATEST).bind(run).fetch_optional(pool).await)?)
}

/// The template that `message` was made from, where its run has another now.
pub async fn template_before(store: &Store, run: RunId, message: MessageId) -> Result<Option<Snapshot>> {
    let found: Option<String> =
        on!(&store.read, |pool| sqlx::query_scalar(BEFORE).bind(run).bind(message).fetch_optional(pool).await)?;
    let read = |text: String| serde_json::from_str(&text);
    found.map(read).transpose().map_err(|_| StoreError::Corrupt { what: "correction.template" })
}

/// Takes back up to `limit` messages that were never tried, then exclusions; how many. 0: nothing is left to take back.
pub async fn take_back(store: &Store, run: RunId, limit: i64) -> Result<u64> {
    for sql in [TAKE_BACK, TAKE_BACK_EXCLUSIONS] {
        let mut tx = store.begin().await?;
        let done = on_tx!(&mut tx, |conn| sqlx::query(sql)
            .bind(run)
            .bind(limit)
            .execute(conn)
            .await
            .map(|r| r.rows_affected()))?;
        tx.commit().await?;
        if done > 0 {
            return Ok(done);
        }
    }
    Ok(0)
}

/// Up to `limit` messages that may go back in line, were made before the run was corrected, and carry no template.
pub async fn without_template(store: &Store, run: RunId, limit: i64) -> Result<Vec<(MessageId, Content)>> {
    let found: Vec<(MessageId, String)> =
        on!(&store.write, |pool| sqlx::query_as(WITHOUT_TEMPLATE).bind(run).bind(limit).fetch_all(pool).await)?;
    let read = |(id, text): (MessageId, String)| Some((id, serde_json::from_str(&text).ok()?));
    found.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Corrupt { what: "message.content" })
}

/// Gives such messages what they are made of, the template with it.
pub async fn set_contents(store: &Store, contents: &[(MessageId, Content)]) -> Result<()> {
    let mut tx = store.begin().await?;
    for (id, content) in contents {
        let text = super::json(content);
        on_tx!(&mut tx, |conn| sqlx::query(SET_CONTENT).bind(id).bind(&text).execute(conn).await.map(drop))?;
    }
    tx.commit().await
}

/// What is left of a run of messages up to `last`: row, message, state.
pub async fn stay(store: &Store, run: RunId, last: MessageId) -> Result<Vec<(i64, MessageId, MessageState)>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(STAY).bind(run).bind(last).fetch_all(pool).await)?)
}

/// Rows whose messages have left, or ended: a correction changes nothing of them.
pub async fn gone(store: &Store, run: RunId) -> Result<BTreeSet<i64>> {
    let rows: Vec<i64> = on!(&store.read, |pool| sqlx::query_scalar(GONE).bind(run).fetch_all(pool).await)?;
    Ok(rows.into_iter().collect())
}

/// Gives a message that is in line what its row says now. False when another message of the run has that key, or it is
/// not in line any more.
pub async fn rewrite(tx: &mut Tx, id: MessageId, to: &NewMessage) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(REWRITE)
        .bind(id)
        .bind(&to.content)
        .bind(&to.key)
        .bind(to.person_id)
        .bind(&to.recipient)
        .bind(&to.name)
        .bind(&to.route)
        .bind(&to.cost_centre)
        .bind(&to.external_id)
        .bind(to.happens_at)
        .bind(&to.timezone)
        .bind(to.due_at)
        .bind(to.latest_at)
        .bind(&to.market)
        .bind(to.category)
        .bind(to.estimated)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// A message that is in line gets nothing any more.
pub async fn leave_out(tx: &mut Tx, id: MessageId, reason: ExclusionReason, at: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(LEAVE_OUT).bind(id).bind(reason).bind(at).execute(conn).await.map(drop))?;
    Ok(())
}

/// Everything was taken back: rows are planned from here on.
pub async fn cleared(store: &Store, run: RunId, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(CLEARED).bind(run).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}
