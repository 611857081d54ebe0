//! Webhook bodies, kept as they came: durable before the provider is told so.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use serde::Serialize;
use serde_json::json;
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, oneshot};

use super::{Db, Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::id::WebhookId;
use crate::domain::time::UnixMs;

/// Bodies travel in hexadecimal: a list of JSON carries no bytes.
const INSERT: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO webhook (account, received_at, line, body, state)
        SELECT r.value ->> 'account', r.value ->> 'at', r.value ->> 'line', unhex(r.value ->> 'body'), 'new' FROM r",
    postgres: "INSERT INTO webhook (account, received_at, line, body, state)
        SELECT r.account, r.at, r.line, decode(r.body, 'hex'), 'new'
        FROM json_to_recordset($1::json) AS r (account text, at bigint, line text, body text)",
};

const WAITING: &str = "SELECT id, account, received_at, body FROM webhook
    WHERE state = 'new' AND line = $1 AND id > $2 ORDER BY id LIMIT $3";

const TAKE: Dialects = Dialects {
    sqlite: "UPDATE webhook SET state = 'done', done_at = $2
             WHERE state = 'new' AND id IN (SELECT value FROM json_each($1)) RETURNING id",
    postgres: "UPDATE webhook SET state = 'done', done_at = $2
               WHERE state = 'new' AND id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               RETURNING id",
};

const FAIL: &str =
    "UPDATE webhook SET state = 'failed', problem = $2, done_at = $3 WHERE id = $1 AND state IN ('new', 'done')";

const BACKLOG: &str = "SELECT COUNT(*), MIN(received_at) FROM webhook WHERE state = 'new'";

/// Rows of one commit; the limit of every write transaction on SQLite.
const MAX_TOGETHER: usize = 500;

/// Which bodies a body waits behind: the order of arrival is kept among those of one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Line {
    /// What people write and do, and what was written to them elsewhere.
    People,
    /// What a provider tells of messages, templates and accounts, and what cannot be read.
    News,
}

/// Where bodies wait for the commit that carries them: whoever gets the turn writes for all that wait. A commit costs
/// one sync of the disk however many rows it holds. On SQLite whoever takes the writer, for whatever work, writes them
/// first (`Lane::write_first`): a provider waits for the unit of work under way and not for those in line behind it.
#[derive(Clone, Debug, Default)]
pub struct Lane(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
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

/// A stored body.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Webhook {
    /// Its id; ids rise in the order of arrival.
    pub id: WebhookId,
    /// Name of the account whose address it came to.
    pub account: String,
    /// When it came.
    pub received_at: UnixMs,
    /// The raw bytes.
    pub body: Vec<u8>,
}

/// What waits to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Backlog {
    /// How many bodies.
    pub count: i64,
    /// When the oldest of them came.
    pub oldest: Option<UnixMs>,
}

/// Stores a body. When this returns `Ok`, the body survives a power cut.
pub async fn store(store: &Store, account: &str, line: Line, body: &[u8], at: UnixMs) -> Result<()> {
    let (written, mut told) = oneshot::channel();
    let lane = &store.webhooks.0;
    let arrived = || Arrived { account: account.to_owned(), at, line, body: hex::encode(body) };
    lane.push(Pending { arrived: arrived(), written });
    let is_kept = tokio::select! {
        biased;
        word = &mut told => word.is_ok(),
        _turn = lane.turn.lock() => loop {
            // Until this body is written, and no longer: who kept the turn while others arrive would never answer.
            tokio::select! {
                biased;
                word = &mut told => break word.is_ok(),
                () = write(store) => {}
            }
        },
    };
    if is_kept {
        return Ok(());
    }
    // The shared commit failed, or its writer was dropped half-way: alone it tells its own error.
    insert(store, &arrived()).await
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

impl Lane {
    /// Writes the bodies that wait, as the first work of a writer that somebody takes. A body that cannot be written says
    /// so to its own caller alone.
    pub(super) async fn write_first(&self, writer: &mut SqliteConnection) {
        let batch = self.0.next();
        if batch.is_empty() {
            return;
        }
        if sqlx::query(INSERT.sqlite).bind(rows(&batch)).execute(writer).await.is_ok() {
            tell(batch);
        }
    }
}

/// Takes a writer, so that what waits then is written. On an error it tells nobody, and each caller tries alone.
///
/// Nothing is awaited between the word to the callers and the end: whoever waits for it beside that word never drops it
/// half-way.
async fn write(store: &Store) {
    let lane = &store.webhooks.0;
    match &store.write {
        Db::Sqlite(pool) => {
            if pool.acquire().await.is_err() {
                drop(lane.next());
            }
        }
        Db::Postgres(pool) => {
            let taken = pool.acquire().await;
            let batch = lane.next();
            if let Ok(mut writer) = taken
                && sqlx::query(INSERT.postgres).bind(rows(&batch)).execute(&mut *writer).await.is_ok()
            {
                tell(batch);
            }
        }
    }
}

fn rows(batch: &[Pending]) -> String {
    super::json(&batch.iter().map(|pending| &pending.arrived).collect::<Vec<_>>())
}

fn tell(batch: Vec<Pending>) {
    for pending in batch {
        // A caller that has gone away needs no answer.
        let _ = pending.written.send(());
    }
}

/// One statement, which is its own transaction.
async fn insert(store: &Store, arrived: &Arrived) -> Result<()> {
    let (sql, rows) = (INSERT.of(&store.write), super::json(&[arrived]));
    Ok(on!(&store.write, |pool| sqlx::query(sql).bind(&rows).execute(pool).await.map(drop))?)
}

/// Bodies of a line that nobody has read yet, in the order of arrival, after `after`.
pub async fn waiting(store: &Store, line: Line, after: WebhookId, limit: i64) -> Result<Vec<Webhook>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(WAITING).bind(line).bind(after).bind(limit).fetch_all(pool).await?))
}

/// Marks bodies as read, as part of the work they cause. Returns those that were still new: another node may have
/// taken some.
pub async fn take(tx: &mut Tx, ids: &[WebhookId], at: UnixMs) -> Result<Vec<WebhookId>> {
    let sql = TAKE.of_tx(tx);
    let ids = json!(ids).to_string();
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).bind(at).fetch_all(c).await?))
}

/// Keeps a body that could not be read to its end, with the reason in words without personal data.
pub async fn fail(tx: &mut Tx, id: WebhookId, problem: &str, at: UnixMs) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(FAIL).bind(id).bind(problem).bind(at).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How much waits to be read.
pub async fn backlog(store: &Store) -> Result<Backlog> {
    let (count, oldest) = on!(&store.read, |pool| sqlx::query_as(BACKLOG).fetch_one(pool).await?);
    Ok(Backlog { count, oldest })
}
