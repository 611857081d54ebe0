//! What time and people do to messages that are not in a dispatcher's hands.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on, on_tx, place, run};

const EXPIRE: &str = "UPDATE message SET state = 'expired', ended_at = $1, waiting_for = NULL, end_reason = NULL, reserved = 0
    WHERE state = 'queued' AND id IN
        (SELECT id FROM message WHERE state = 'queued' AND latest_at IS NOT NULL AND latest_at < $1 ORDER BY latest_at LIMIT $2)
    RETURNING run_id";
const LOSE: &str = "UPDATE message SET state = 'in_doubt'
    WHERE state = 'claimed' AND id IN (SELECT id FROM message WHERE state = 'claimed' AND doubt_at < $1 ORDER BY doubt_at LIMIT $2)
    RETURNING run_id";
const GIVE_UP: &str = "UPDATE message SET state = 'undelivered', ended_at = $1, reserved = 0
    WHERE state IN ('accepted', 'in_review', 'sent') AND id IN
        (SELECT id FROM message WHERE state IN ('accepted', 'in_review', 'sent') AND undelivered_at < $1
            ORDER BY undelivered_at LIMIT $2)
    RETURNING id, run_id";
const CANCEL: &str =
    "UPDATE message SET state = 'cancelled', ended_at = $2, waiting_for = NULL, end_reason = NULL, reserved = 0
    WHERE state = 'queued' AND id IN (SELECT id FROM message WHERE run_id = $1 AND state = 'queued' LIMIT $3)";
const RELEASE: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'in_doubt', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT r.value FROM json_each($1) AS r) RETURNING id, run_id",
    postgres: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'in_doubt', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
        RETURNING id, run_id",
};
/// What may have been accepted keeps its reservation until a receipt settles it: leaving it is not saying it cost nothing.
const LEAVE: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'cancelled', end_reason = 'in_doubt', ended_at = $2
        WHERE state = 'in_doubt' AND id IN (SELECT r.value FROM json_each($1) AS r) RETURNING id, run_id",
    postgres: "UPDATE message SET state = 'cancelled', end_reason = 'in_doubt', ended_at = $2
        WHERE state = 'in_doubt' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
        RETURNING id, run_id",
};
const DOUBTS: &str =
    "SELECT id, run_id, campaign_id, row_no, recipient, name, sender, attempt, claimed_at, failure_detail FROM message
    WHERE state = 'in_doubt' AND id > $1 ORDER BY id LIMIT $2";

/// One statement's worth; a chore repeats until fewer are left.
const STEP: i64 = 1_000;

/// A message whose request may have left.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Doubt {
    /// Its id.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Row of the audience.
    pub row_no: i64,
    /// International digits.
    pub recipient: String,
    /// Name.
    pub name: String,
    /// Sender.
    pub sender: String,
    /// Which attempt.
    pub attempt: i64,
    /// When it was claimed.
    pub claimed_at: Option<UnixMs>,
    /// What is known of the answer that did not come.
    pub failure_detail: Option<String>,
}

/// Queued messages whose latest time has passed expire. Returns the runs touched.
pub async fn expire(store: &Store, now: UnixMs) -> Result<BTreeSet<RunId>> {
    repeat(store, EXPIRE, now).await
}

/// Claims whose answer cannot come any more are in doubt: their process died. Returns the runs touched.
pub async fn lose_claims(store: &Store, now: UnixMs) -> Result<BTreeSet<RunId>> {
    repeat(store, LOSE, now).await
}

/// Accepted messages whose time to live plus one hour has passed did not arrive. Returns the runs touched.
pub async fn give_up_undelivered(store: &Store, now: UnixMs) -> Result<BTreeSet<RunId>> {
    let mut runs = BTreeSet::new();
    loop {
        let mut tx = store.begin().await?;
        let step: Vec<(MessageId, RunId)> =
            on_tx!(&mut tx, |conn| sqlx::query_as(GIVE_UP).bind(now).bind(STEP).fetch_all(conn).await)?;
        let ids: Vec<MessageId> = step.iter().map(|(id, _)| *id).collect();
        place::refresh(store, &mut tx, &ids, now).await?;
        tx.commit().await?;
        let done = step.len() as i64;
        runs.extend(step.into_iter().map(|(_, run)| run));
        if done < STEP {
            return Ok(runs);
        }
    }
}

async fn repeat(store: &Store, sql: &'static str, now: UnixMs) -> Result<BTreeSet<RunId>> {
    let mut runs = BTreeSet::new();
    loop {
        let step: Vec<RunId> =
            on!(&store.write, |pool| sqlx::query_scalar(sql).bind(now).bind(STEP).fetch_all(pool).await)?;
        let done = step.len() as i64;
        runs.extend(step);
        if done < STEP {
            return Ok(runs);
        }
    }
}

/// Cancels what is queued of a run, in small steps; what has left is not called back. Returns how many.
pub async fn cancel(store: &Store, run: RunId, at: UnixMs) -> Result<u64> {
    let mut all = 0;
    loop {
        let done = on!(&store.write, |pool| sqlx::query(CANCEL)
            .bind(run)
            .bind(at)
            .bind(STEP)
            .execute(pool)
            .await
            .map(|r| r.rows_affected()))?;
        all += done;
        if (done as i64) < STEP {
            return Ok(all);
        }
    }
}

/// It is established that these attempts did not count: the messages go back in line. Returns how many were in doubt.
pub async fn release_doubt(store: &Store, ids: &[MessageId], at: UnixMs) -> Result<u64> {
    settle_doubt(store, RELEASE, ids, at).await
}

/// A person leaves these as they are: nothing is sent again. Returns how many were in doubt.
pub async fn leave_doubt(store: &Store, ids: &[MessageId], at: UnixMs) -> Result<u64> {
    settle_doubt(store, LEAVE, ids, at).await
}

async fn settle_doubt(store: &Store, sql: Dialects, ids: &[MessageId], at: UnixMs) -> Result<u64> {
    let mut tx = store.begin().await?;
    let (sql, ids) = (sql.of_tx(&tx), crate::store::json(&ids));
    let changed: Vec<(MessageId, RunId)> =
        on_tx!(&mut tx, |conn| sqlx::query_as(sql).bind(&ids).bind(at).fetch_all(conn).await)?;
    let done = changed.len() as u64;
    let ids: Vec<MessageId> = changed.iter().map(|(id, _)| *id).collect();
    place::refresh(store, &mut tx, &ids, at).await?;
    let runs: BTreeSet<RunId> = changed.into_iter().map(|(_, run)| run).collect();
    run::reopen(&mut tx, &runs.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(done)
}

/// Messages in doubt with an id above `after`.
pub async fn doubts(store: &Store, after: MessageId, limit: i64) -> Result<Vec<Doubt>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DOUBTS).bind(after).bind(limit).fetch_all(pool).await)?)
}
