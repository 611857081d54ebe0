//! Bodies on their way in: whoever gets the turn writes for all that wait. A commit costs one sync of the disk however many
//! rows it holds.

use std::sync::{Mutex as StdMutex, PoisonError};

use serde::Serialize;
use tokio::sync::{Mutex, oneshot};

use super::{Line, Webhooks};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, json, on};

/// Bodies travel in hexadecimal: a list of JSON carries no bytes.
const INSERT: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO webhook (account, received_at, line, body)
        SELECT r.value ->> 'account', r.value ->> 'at', r.value ->> 'line', unhex(r.value ->> 'body') FROM r",
    postgres: "INSERT INTO webhook (account, received_at, line, body, state)
        SELECT r.account, r.at, r.line, decode(r.body, 'hex'), 'new'
        FROM json_to_recordset($1::json) AS r (account text, at bigint, line text, body text)",
};

/// Rows of one commit; the limit of every write transaction on SQLite.
const MAX_TOGETHER: usize = 500;

/// Who waits, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: StdMutex<Vec<Pending>>,
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Pending {
    arrived: Arrived,
    written: oneshot::Sender<()>,
}

/// A body in the form in which it is bound.
#[derive(Debug, Serialize)]
struct Arrived {
    account: String,
    at: UnixMs,
    line: Line,
    body: String,
}

/// Stores a body, with those that wait at the same time.
pub(super) async fn store(webhooks: &Webhooks, account: &str, line: Line, body: &[u8], at: UnixMs) -> Result<()> {
    let (written, mut told) = oneshot::channel();
    let arrived = || Arrived { account: account.to_owned(), at, line, body: hex::encode(body) };
    webhooks.queue.push(Pending { arrived: arrived(), written });
    let is_kept = tokio::select! {
        biased;
        word = &mut told => word.is_ok(),
        _turn = webhooks.queue.turn.lock() => loop {
            // Until this body is written, and no longer: who kept the turn while others arrive would never answer.
            tokio::select! {
                biased;
                word = &mut told => break word.is_ok(),
                () = write_all(webhooks) => {}
            }
        },
    };
    if is_kept {
        return Ok(());
    }
    // The shared commit failed, or its writer was dropped half-way: alone it tells its own error.
    insert(webhooks, &[&arrived()]).await
}

impl Queue {
    fn push(&self, pending: Pending) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
    }

    fn next(&self) -> Vec<Pending> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let n = waiting.len().min(MAX_TOGETHER);
        waiting.drain(..n).collect()
    }
}

/// Writes what waits. On an error it tells nobody, and each caller tries alone.
///
/// Nothing is awaited between the word to the callers and the end: whoever waits for it beside that word never drops it
/// half-way.
async fn write_all(webhooks: &Webhooks) {
    let batch = webhooks.queue.next();
    let rows: Vec<&Arrived> = batch.iter().map(|pending| &pending.arrived).collect();
    if insert(webhooks, &rows).await.is_ok() {
        for pending in batch {
            // A caller that has gone away needs no answer.
            let _ = pending.written.send(());
        }
    }
}

/// One statement, which is its own transaction.
async fn insert(webhooks: &Webhooks, rows: &[&Arrived]) -> Result<()> {
    let (sql, rows) = (INSERT.of(&webhooks.write), json(rows));
    Ok(on!(&webhooks.write, |pool| sqlx::query(sql).bind(&rows).execute(pool).await.map(drop))?)
}
