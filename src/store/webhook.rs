//! Webhook bodies, kept as they came: durable before the provider is told so. On PostgreSQL they are a table among the others,
//! marked as they are read, for several nodes read them; beside a SQLite store they lie in a file of their own.

mod file;
mod lane;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{Db, Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::id::WebhookId;
use crate::domain::time::UnixMs;

pub use file::beside;
pub(super) use file::open;

const WAITING: Dialects = Dialects {
    sqlite: "SELECT id, account, received_at, line, body FROM webhook WHERE line = $1 AND id > $2 ORDER BY id LIMIT $3",
    postgres: "SELECT id, account, received_at, line, body FROM webhook
        WHERE state = 'new' AND line = $1 AND id > $2 ORDER BY id LIMIT $3",
};

const POSTGRES_TAKE: &str = "UPDATE webhook SET state = 'done', done_at = $2
    WHERE state = 'new' AND id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) RETURNING id";

const FAIL: &str = "INSERT INTO webhook_problem (webhook_id, problem, at) VALUES ($1, $2, $3)
    ON CONFLICT (webhook_id) DO UPDATE SET problem = excluded.problem, at = excluded.at";

const SQLITE_BACKLOG: &str = "SELECT COUNT(*) AS count, MIN(received_at) AS oldest FROM webhook
    WHERE (line = 'people' AND id > $1) OR (line = 'news' AND id > $2)";
const POSTGRES_BACKLOG: &str = "SELECT COUNT(*) AS count, MIN(received_at) AS oldest FROM webhook WHERE state = 'new'";

/// One that was not read yet is kept: what it says is applied first.
const SQLITE_FORGET: &str = "DELETE FROM webhook WHERE id IN (SELECT w.id FROM webhook AS w ORDER BY w.id LIMIT 1000)
    AND received_at < $1 AND ((line = 'people' AND id <= $2) OR (line = 'news' AND id <= $3))";
const POSTGRES_FORGET: &str = "DELETE FROM webhook WHERE id IN
    (SELECT id FROM webhook WHERE state <> 'new' AND received_at < $1 ORDER BY id LIMIT 1000)";
const FORGET_PROBLEMS: &str = "DELETE FROM webhook_problem WHERE at < $1";

const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM webhook";
const SQLITE_ERASE: &str = "DELETE FROM webhook WHERE id > $1 AND id <= $2
    AND ((line = 'people' AND id <= $4) OR (line = 'news' AND id <= $5)) AND EXISTS
        (SELECT 1 FROM json_each($3) AS r WHERE instr(webhook.body, CAST(r.value AS BLOB)) > 0)";
const POSTGRES_ERASE: &str = "DELETE FROM webhook WHERE state <> 'new' AND id > $1 AND id <= $2 AND EXISTS
        (SELECT 1 FROM json_array_elements_text($3::json) AS r (value)
            WHERE position(convert_to(r.value, 'UTF8') IN webhook.body) > 0)";

/// Bodies looked at in one step of an erasure.
const STEP: i64 = 1_000;

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

impl Line {
    /// Both.
    pub const ALL: [Self; 2] = [Self::People, Self::News];
}

/// Where the bodies of a store lie, and those on their way there.
#[derive(Clone, Debug)]
pub struct Webhooks {
    pub(super) write: Db,
    read: Db,
    /// The id of the file beside a SQLite store.
    file: Option<Arc<str>>,
    queue: Arc<lane::Queue>,
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
    /// The line it waits in.
    pub line: Line,
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

impl Webhooks {
    fn new(write: Db, read: Db, file: Option<Arc<str>>) -> Self {
        Self { write, read, file, queue: Arc::default() }
    }

    /// Those of a store on PostgreSQL: a table among the others.
    pub(super) fn among_the_others(pool: &Db) -> Self {
        Self::new(pool.clone(), pool.clone(), None)
    }

    /// Waits for connections in use.
    pub(super) async fn close(&self) {
        on!(&self.read, |pool| pool.close().await);
        on!(&self.write, |pool| pool.close().await);
    }

    /// Copies the file of a SQLite store, as it is at this instant, to `to`, which must not exist; on PostgreSQL nothing.
    pub(super) async fn copy_to(&self, to: &Path) -> std::result::Result<(), sqlx::Error> {
        match &self.read {
            Db::Sqlite(read) => file::copy_to(read, to).await,
            Db::Postgres(_) => Ok(()),
        }
    }

    /// Up to which body each line has been read, in the order of [`Line::ALL`]; nothing is said where every body is marked.
    async fn read_up_to(&self, store: &Store) -> Result<[WebhookId; 2]> {
        let Some(file) = &self.file else { return Ok([WebhookId(0); 2]) };
        let [people, news] = Line::ALL;
        Ok([file::read_up_to(store, file, people).await?, file::read_up_to(store, file, news).await?])
    }
}

/// Stores a body. When this returns `Ok`, the body survives a power cut.
pub async fn store(store: &Store, account: &str, line: Line, body: &[u8], at: UnixMs) -> Result<()> {
    lane::store(&store.webhooks, account, line, body, at).await
}

/// Bodies of a line that nobody has read yet, in the order of arrival, after `after`.
pub async fn waiting(store: &Store, line: Line, after: WebhookId, limit: i64) -> Result<Vec<Webhook>> {
    let read = match &store.webhooks.file {
        Some(file) => file::read_up_to(store, file, line).await?,
        None => WebhookId(0),
    };
    let (sql, after) = (WAITING.of(&store.webhooks.read), after.max(read));
    Ok(on!(&store.webhooks.read, |pool| sqlx::query_as(sql).bind(line).bind(after).bind(limit).fetch_all(pool).await?))
}

/// Marks bodies as read, as part of the work they cause; those of a line follow each other without a gap. Returns those that
/// nobody had read: another node may have taken some.
pub async fn take(store: &Store, tx: &mut Tx, bodies: &[(Line, WebhookId)], at: UnixMs) -> Result<Vec<WebhookId>> {
    if let Some(file) = &store.webhooks.file {
        return file::take(tx, file, bodies).await;
    }
    let ids = json(&bodies.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    Ok(on_tx!(tx, |c| sqlx::query_scalar(POSTGRES_TAKE).bind(&ids).bind(at).fetch_all(c).await?))
}

/// Notes that a body could not be read to its end, with the reason in words without personal data.
pub async fn fail(tx: &mut Tx, id: WebhookId, problem: &str, at: UnixMs) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(FAIL).bind(id).bind(problem).bind(at).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How much waits to be read.
pub async fn backlog(store: &Store) -> Result<Backlog> {
    let [people, news] = store.webhooks.read_up_to(store).await?;
    Ok(match &store.webhooks.read {
        Db::Sqlite(pool) => sqlx::query_as(SQLITE_BACKLOG).bind(people).bind(news).fetch_one(pool).await?,
        Db::Postgres(pool) => sqlx::query_as(POSTGRES_BACKLOG).fetch_one(pool).await?,
    })
}

/// Removes a step of the bodies that came before `before` and were read.
pub(super) async fn forget(store: &Store, before: UnixMs) -> Result<()> {
    let [people, news] = store.webhooks.read_up_to(store).await?;
    match &store.webhooks.write {
        Db::Sqlite(pool) => {
            sqlx::query(SQLITE_FORGET).bind(before).bind(people).bind(news).execute(pool).await.map(drop)?;
        }
        Db::Postgres(pool) => sqlx::query(POSTGRES_FORGET).bind(before).execute(pool).await.map(drop)?,
    }
    on!(&store.write, |pool| sqlx::query(FORGET_PROBLEMS).bind(before).execute(pool).await.map(drop))?;
    Ok(())
}

/// Deletes the bodies that were read and name any of `needles`, a thousand bodies at a time. How many.
pub async fn erase(store: &Store, needles: &[String]) -> Result<u64> {
    let last: WebhookId = on!(&store.webhooks.read, |pool| sqlx::query_scalar(LAST).fetch_one(pool).await)?;
    let [people, news] = store.webhooks.read_up_to(store).await?;
    let (needles, mut from, mut done) = (json(needles), 0, 0);
    while from < last.0 {
        let up_to = from + STEP;
        done += match &store.webhooks.write {
            Db::Sqlite(pool) => {
                let step = sqlx::query(SQLITE_ERASE).bind(from).bind(up_to).bind(&needles).bind(people).bind(news);
                step.execute(pool).await?.rows_affected()
            }
            Db::Postgres(pool) => {
                let step = sqlx::query(POSTGRES_ERASE).bind(from).bind(up_to).bind(&needles);
                step.execute(pool).await?.rows_affected()
            }
        };
        from = up_to;
    }
    Ok(done)
}
