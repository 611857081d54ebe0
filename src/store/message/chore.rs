//! What time and people do to messages that are not in a dispatcher's hands.

use std::collections::BTreeSet;

use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on, on_tx, place};

const EXPIRE: &str = "UPDATE message SET state = 'expired', ended_at = $1, waiting_for = NULL, end_reason = NULL, reserved = 0
    WHERE state = 'queued' AND id IN
        (SELECT id FROM message WHERE state = 'queued' AND latest_at IS NOT NULL AND latest_at < $1 ORDER BY latest_at LIMIT $2)
    RETURNING run_id";
/// From now on `doubt_at` is since when it is in doubt: a confirmation binds what was in doubt when it was shown.
const LOSE: &str = "UPDATE message SET state = 'in_doubt', doubt_at = $1
    WHERE state = 'claimed' AND id IN (SELECT id FROM message WHERE state = 'claimed' AND doubt_at < $1 ORDER BY doubt_at LIMIT $2)
    RETURNING run_id";
const GIVE_UP: &str = "UPDATE message SET state = 'undelivered', ended_at = $1, reserved = 0
    WHERE state IN ('accepted', 'in_review', 'sent') AND id IN
        (SELECT id FROM message WHERE state IN ('accepted', 'in_review', 'sent') AND undelivered_at < $1
            ORDER BY undelivered_at LIMIT $2)
    RETURNING id, run_id";
const LET_GO: &str = "UPDATE message SET reserved = 0 WHERE state = 'cancelled' AND reserved > 0 AND id IN
        (SELECT id FROM message WHERE state = 'cancelled' AND reserved > 0 AND undelivered_at < $1
            ORDER BY undelivered_at LIMIT $2)
    RETURNING run_id";
const CANCEL: &str =
    "UPDATE message SET state = 'cancelled', ended_at = $2, waiting_for = NULL, end_reason = NULL, reserved = 0
    WHERE state = 'queued' AND id IN (SELECT id FROM message WHERE run_id = $1 AND state = 'queued' LIMIT $3)";
/// One statement's worth; a chore repeats until fewer are left.
const STEP: i64 = 1_000;

/// Queued messages whose latest time has passed expire. Returns the runs touched.
pub async fn expire(store: &Store, now: UnixMs) -> Result<BTreeSet<RunId>> {
    repeat(store, EXPIRE, now).await
}

/// What a person left in doubt keeps its reservation until no receipt can come any more. Returns the runs touched.
pub async fn let_go_of_left_doubts(store: &Store, now: UnixMs) -> Result<BTreeSet<RunId>> {
    repeat(store, LET_GO, now).await
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
