//! Beside a SQLite store the bodies lie in a file of their own: it has a writer of its own, so that a provider waits for
//! one sync of the disk and for no unit of work, and nothing in it is written a second time. (In the store's own file two
//! of five pages written for receipts were bodies: once as they came, once to mark them as read.)
//!
//! How far each line has been read is one row of the store, written with what the bodies caused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::{Line, Webhooks};
use crate::domain::id::WebhookId;
use crate::store::open::{OpenError, replaced_when_stuck};
use crate::store::{Db, Result, Store, Tx, log, on, on_tx};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/webhooks");

/// Page caches, in KiB (negative, as SQLite wants it): what is written goes on at the end, and is read once.
const WRITER_CACHE: &str = "-512";
const READER_CACHE: &str = "-256";
const READERS: u32 = 2;

const SQLITE_ID: &str = "SELECT id FROM file";
const SQLITE_FURTHEST: &str = "SELECT COALESCE(MAX(last_id), 0) FROM webhook_read WHERE file = $1";
const SQLITE_LAST_ID: &str = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'webhook'";
const SQLITE_NO_LAST_ID: &str = "DELETE FROM sqlite_sequence WHERE name = 'webhook'";
const SQLITE_SET_LAST_ID: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('webhook', $1)";
const SQLITE_COPY: &str = "VACUUM INTO $1";

const SQLITE_READ_UP_TO: &str = "SELECT last_id FROM webhook_read WHERE file = $1 AND line = $2";
const SQLITE_SET_READ_UP_TO: &str = "INSERT INTO webhook_read (file, line, last_id) VALUES ($1, $2, $3)
    ON CONFLICT (file, line) DO UPDATE SET last_id = excluded.last_id";

/// The file for bodies beside the store in `file`: `recado-webhooks.db` beside `recado.db`.
pub fn beside(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let extension = file.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    file.with_file_name(format!("{stem}-webhooks{extension}"))
}

/// Opens it as `options` open the store itself, creating it where it is missing.
pub(in crate::store) async fn open(
    options: &SqliteConnectOptions,
    file: &Path,
    store: &SqlitePool,
) -> std::result::Result<Webhooks, OpenError> {
    let options = options.clone().filename(beside(file));
    let writer = options.clone().pragma("cache_size", WRITER_CACHE).pragma("secure_delete", "ON");
    let write = replaced_when_stuck(SqlitePoolOptions::new().max_connections(1)).connect_with(writer).await?;
    MIGRATIONS.run(&write).await?;
    let id: String = sqlx::query_scalar(SQLITE_ID).fetch_one(&write).await?;
    go_on_after(&write, sqlx::query_scalar(SQLITE_FURTHEST).bind(&id).fetch_one(store).await?).await?;
    let write = Db::Sqlite(write);
    log::cut_at_once(&write).await;
    let reader = options.read_only(true).pragma("cache_size", READER_CACHE);
    let read = SqlitePoolOptions::new().max_connections(READERS).connect_with(reader).await?;
    Ok(Webhooks::new(write, Db::Sqlite(read), Some(Arc::from(id))))
}

/// An older copy of the file would go on with ids that count as read: its next body comes after them.
async fn go_on_after(file: &SqlitePool, furthest: i64) -> std::result::Result<(), sqlx::Error> {
    let mut tx = file.begin_with("BEGIN IMMEDIATE").await?;
    let last: i64 = sqlx::query_scalar(SQLITE_LAST_ID).fetch_one(&mut *tx).await?;
    if last < furthest {
        sqlx::query(SQLITE_NO_LAST_ID).execute(&mut *tx).await?;
        sqlx::query(SQLITE_SET_LAST_ID).bind(furthest).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Copies the file as it is at this instant to `to`, which must not exist.
pub(super) async fn copy_to(read: &SqlitePool, to: &Path) -> std::result::Result<(), sqlx::Error> {
    sqlx::query(SQLITE_COPY).bind(to.to_string_lossy().into_owned()).execute(read).await.map(drop)
}

/// Up to which body of `file` a line has been read.
pub(super) async fn read_up_to(store: &Store, file: &str, line: Line) -> Result<WebhookId> {
    let last = on!(&store.read, |pool| sqlx::query_scalar(SQLITE_READ_UP_TO)
        .bind(file)
        .bind(line)
        .fetch_optional(pool)
        .await?);
    Ok(last.unwrap_or(WebhookId(0)))
}

/// Marks `bodies` of `file` as read, and with each all before it in its line. Returns those that were not read yet.
pub(super) async fn take(tx: &mut Tx, file: &str, bodies: &[(Line, WebhookId)]) -> Result<Vec<WebhookId>> {
    let mut taken = Vec::with_capacity(bodies.len());
    for line in Line::ALL {
        let ids = bodies.iter().filter(|(of, _)| *of == line).map(|(_, id)| *id);
        let Some(last) = ids.clone().max() else { continue };
        let known =
            on_tx!(tx, |c| sqlx::query_scalar(SQLITE_READ_UP_TO).bind(file).bind(line).fetch_optional(c).await)?;
        let known = known.unwrap_or(WebhookId(0));
        taken.extend(ids.filter(|id| *id > known));
        if last > known {
            on_tx!(tx, |c| sqlx::query(SQLITE_SET_READ_UP_TO)
                .bind(file)
                .bind(line)
                .bind(last)
                .execute(c)
                .await
                .map(drop))?;
        }
    }
    Ok(taken)
}
