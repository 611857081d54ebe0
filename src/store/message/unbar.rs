//! Messages that were left out because nobody of their country was written to: they wait again once a person says that
//! the country is open.

use std::collections::BTreeSet;

use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on, on_tx, run};

const LEFT_OUT: &str = "SELECT id, run_id, recipient FROM message
    WHERE state = 'excluded' AND end_reason = 'unreachable' AND account = $1 AND ended_at >= $2 AND id > $3
    ORDER BY id LIMIT $4";
/// Back in line without an end: what was left out was never asked of the provider.
const UNBAR: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'queued', due_at = $2, waiting_for = NULL, end_reason = NULL, ended_at = NULL
        WHERE state = 'excluded' AND end_reason = 'unreachable' AND (latest_at IS NULL OR latest_at >= $2)
            AND id IN (SELECT r.value FROM json_each($1) AS r)
            AND (run_id = 0 OR EXISTS (SELECT 1 FROM run AS u WHERE u.id = message.run_id AND u.state IN ('planning', 'running', 'paused')))
        RETURNING run_id",
    postgres: "UPDATE message SET state = 'queued', due_at = $2, waiting_for = NULL, end_reason = NULL, ended_at = NULL
        WHERE state = 'excluded' AND end_reason = 'unreachable' AND (latest_at IS NULL OR latest_at >= $2)
            AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND (run_id = 0 OR EXISTS (SELECT 1 FROM run AS u WHERE u.id = message.run_id AND u.state IN ('planning', 'running', 'paused')))
        RETURNING run_id",
};

/// Messages of `account` left out as unreachable since then, above `after`, with their runs and numbers.
pub async fn left_out(
    store: &Store,
    account: &str,
    since: UnixMs,
    after: MessageId,
    limit: i64,
) -> Result<Vec<(MessageId, RunId, String)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LEFT_OUT)
        .bind(account)
        .bind(since)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Puts these of `runs` back in line where it is not too late; the runs are open again unless they were cancelled. Returns
/// how many.
pub async fn unbar(store: &Store, ids: &[MessageId], runs: &BTreeSet<RunId>, at: UnixMs) -> Result<u64> {
    let mut tx = store.begin().await?;
    for id in runs.iter().filter(|id| **id != RunId::BY_HAND) {
        run::reopen_unless_cancelled(&mut tx, *id).await?;
    }
    let (sql, ids) = (UNBAR.of_tx(&tx), crate::store::json(&ids));
    let done: Vec<RunId> = on_tx!(&mut tx, |conn| sqlx::query_scalar(sql).bind(&ids).bind(at).fetch_all(conn).await)?;
    if !done.is_empty() {
        tx.commit().await?;
    }
    Ok(done.len() as u64)
}
