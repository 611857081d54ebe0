//! A failure that a webhook reported and whose policy allows another try: the message goes back in line. The attempt that
//! failed is kept in the table `attempt` when the next one opens.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Tx, on_tx, run};

const EARLIER: Dialects = Dialects {
    sqlite: "SELECT a.message_id, COUNT(*) FROM attempt AS a JOIN json_each($1) AS r ON a.message_id = r.value ->> 'id'
        WHERE a.failure_code = r.value ->> 'code' GROUP BY a.message_id",
    postgres: "SELECT a.message_id, COUNT(*) FROM attempt AS a
        JOIN json_to_recordset($1::json) AS r (id bigint, code bigint) ON a.message_id = r.id
        WHERE a.failure_code = r.code GROUP BY a.message_id",
};
const AGAIN: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = 'queued', due_at = MAX(message.due_at, r.value ->> 'due_at'),
            waiting_for = r.value ->> 'waiting_for', end_reason = 'turned_away', undelivered_at = NULL, reserved = 0, pricing = NULL
        FROM r
        WHERE message.id = r.value ->> 'id' AND message.attempt = r.value ->> 'attempt' AND message.state = 'failed'
            AND (message.latest_at IS NULL OR message.latest_at >= r.value ->> 'due_at')
            AND EXISTS (SELECT 1 FROM run WHERE run.id = message.run_id AND run.state IN ('planning', 'running', 'paused'))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING message.id, message.run_id",
    postgres: "UPDATE message SET state = 'queued', due_at = GREATEST(message.due_at, r.due_at),
            waiting_for = r.waiting_for, end_reason = 'turned_away', undelivered_at = NULL, reserved = 0, pricing = NULL
        FROM json_to_recordset($1::json) AS r (id bigint, attempt bigint, due_at bigint, waiting_for text)
        WHERE message.id = r.id AND message.attempt = r.attempt AND message.state = 'failed'
            AND (message.latest_at IS NULL OR message.latest_at >= r.due_at)
            AND EXISTS (SELECT 1 FROM run WHERE run.id = message.run_id AND run.state IN ('planning', 'running', 'paused'))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING message.id, message.run_id",
};
const FAILURES: &str = "SELECT COUNT(*) FROM message AS m JOIN person AS p ON p.id = m.person_id
    WHERE m.person_id IN (SELECT id FROM person WHERE id = $1 UNION SELECT id FROM person WHERE linked_to = $1)
        AND m.failure_code = $2 AND m.ended_at >= $3";

/// A message that has failed and may be tried again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Again {
    /// Which.
    pub id: MessageId,
    /// The attempt that failed.
    pub attempt: i64,
    /// Its code.
    pub code: i64,
    /// Not before.
    pub due_at: UnixMs,
    /// The gate's name.
    pub waiting_for: &'static str,
}

/// How many earlier attempts of each failed with the same code. Messages without any are left out.
pub async fn earlier_failures(tx: &mut Tx, of: &[Again]) -> Result<BTreeMap<MessageId, i64>> {
    let (sql, rows) = (EARLIER.of_tx(tx), crate::store::json(&of));
    let found: Vec<(MessageId, i64)> = on_tx!(tx, |conn| sqlx::query_as(sql).bind(&rows).fetch_all(conn).await)?;
    Ok(found.into_iter().collect())
}

/// Puts them back in line, where their latest time allows it and their run is still open. Returns those it did.
pub async fn try_again(tx: &mut Tx, of: &[Again]) -> Result<Vec<MessageId>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, rows) = (AGAIN.of_tx(tx), crate::store::json(&of));
    let done: Vec<(MessageId, RunId)> = on_tx!(tx, |conn| sqlx::query_as(sql).bind(&rows).fetch_all(conn).await)?;
    let runs: Vec<RunId> = done.iter().map(|(_, run)| *run).collect();
    run::reopen(tx, &runs).await?;
    Ok(done.into_iter().map(|(id, _)| id).collect())
}

/// How many messages to `person` (and whoever is linked to them) failed with `code` since then.
pub async fn failures_of(tx: &mut Tx, person: PersonId, code: i64, since: UnixMs) -> Result<i64> {
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(FAILURES).bind(person).bind(code).bind(since).fetch_one(conn).await)?)
}
