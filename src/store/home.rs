//! Where a store lives: what tells it from a copy of itself. A copy that sends would send what the original has sent.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tracing::warn;

use super::{Db, Result, Store, Tx, mark, on, on_tx, setting};
use crate::domain::time::UnixMs;
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};

/// Setting: where the store was when a person last let it send.
const HOME: &str = "home";
/// Setting: when a daemon last ran on the store before it was held.
const HELD_SINCE: &str = "held_since";
/// Setting: the store is a copy made by `recado backup`.
const COPY: &str = "copy";

/// Setting: when a daemon last ran on the store before it started this time.
const RAN_BEFORE: &str = "ran_before";

/// A database that was dropped and made again from a dump has other numbers (OIDs) for itself and its tables.
const POSTGRES_DATABASE: &str =
    "SELECT current_database() || '/' || current_schema() || '/' || CAST(d.oid AS TEXT) || '/' || CAST(t.oid AS TEXT)
    FROM pg_database AS d CROSS JOIN pg_class AS t
    WHERE d.datname = current_database() AND t.oid = CAST('setting' AS regclass)";
const POSTGRES_SYSTEM: &str = "SELECT CAST(system_identifier AS TEXT) FROM pg_control_system()";
const SQLITE_FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";
const SQLITE_COPY: &str = "VACUUM INTO $1";
const MARK: &str =
    "INSERT INTO setting (key, value) VALUES ('copy', '1') ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const UNMARK: &str = "DELETE FROM setting WHERE key IN ('copy', 'held_since')";
const NOTE_RAN_BEFORE: &str = "INSERT INTO setting (key, value)
    SELECT 'held_since', r.value FROM setting AS r WHERE r.key = 'ran_before' ON CONFLICT (key) DO NOTHING";
const LIFT: &str = "UPDATE hold SET lifted_at = $1, lifted_by = $2
    WHERE scope = 'store' AND cause = 'restored' AND lifted_at IS NULL";
const DUE: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE state = 'queued' AND due_at <= $1
    AND (run_id = 0 OR EXISTS (SELECT 1 FROM run WHERE run.id = message.run_id AND run.state = 'running')) LIMIT 1) AS due";

const HELD: &str = "SELECT COUNT(*) FROM hold WHERE scope = 'store' AND cause = 'restored' AND lifted_at IS NULL";

/// Why a store must not send before a person says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubtful {
    /// `recado backup` made it.
    Copy,
    /// It lies on another machine, in another file or on another server than at the last start.
    Moved,
    /// The data directory remembers claims that it has not counted: it was restored, or overwritten by an older copy.
    Older,
    /// No daemon has run on it for longer than `restore_after`, and messages are due.
    Stale,
    /// The provider tells of messages that it has never made.
    Foreign,
}

impl Doubtful {
    /// The word in logs and the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Moved => "moved",
            Self::Older => "older",
            Self::Stale => "stale",
            Self::Foreign => "foreign",
        }
    }
}

/// What tells this place: machine and file on SQLite, server, database and schema on PostgreSQL.
pub async fn place(store: &Store) -> Result<String> {
    match &store.write {
        Db::Sqlite(pool) => {
            let file: Option<String> = sqlx::query_scalar(SQLITE_FILE).fetch_optional(pool).await?;
            let inode = file.and_then(|file| std::fs::metadata(file).ok()).map_or(0, |meta| meta.ino());
            // A machine without an id (some containers) is told by its file alone.
            let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
            Ok(format!("{}/{inode}", machine.trim()))
        }
        Db::Postgres(pool) => {
            let database: String = sqlx::query_scalar(POSTGRES_DATABASE).fetch_one(pool).await?;
            // A server may keep its identifier to itself.
            let system: String = sqlx::query_scalar(POSTGRES_SYSTEM).fetch_one(pool).await.unwrap_or_default();
            Ok(format!("{system}/{database}"))
        }
    }
}

/// Why this store must not send; `None`: it may. `last` is when a daemon last ran on it.
pub async fn doubtful(
    store: &Store,
    last: Option<UnixMs>,
    now: UnixMs,
    restore_after: std::time::Duration,
) -> Result<Option<Doubtful>> {
    if setting::read(store, COPY).await?.is_some() {
        return Ok(Some(Doubtful::Copy));
    }
    let here = place(store).await?;
    match setting::read(store, HOME).await? {
        Some(home) if home != here => return Ok(Some(Doubtful::Moved)),
        Some(_) => {}
        None => setting::write(store, HOME, &here).await?,
    }
    if mark::is_behind(store).await? {
        return Ok(Some(Doubtful::Older));
    }
    let stale = last.is_some_and(|last| now.since(last) > restore_after);
    Ok((stale && has_due(store, now).await?).then_some(Doubtful::Stale))
}

/// A daemon starts that found `last` as the last sign of another. A sign younger than `fresh` is that of a living one.
pub async fn begins(store: &Store, last: Option<UnixMs>, now: UnixMs, fresh: std::time::Duration) -> Result<()> {
    match last.filter(|last| now.since(*last) > fresh) {
        Some(last) => setting::write(store, RAN_BEFORE, &last.0.to_string()).await,
        None => Ok(()),
    }
}

/// Holds the store, and notes when a daemon last ran on it: its own heartbeat goes on while it is held.
pub async fn hold(store: &Store, why: Doubtful, last: Option<UnixMs>, now: UnixMs) -> Result<()> {
    let mut tx = store.begin().await?;
    if place_in(&mut tx, why, now).await?
        && let Some(last) = last
    {
        let last = last.0.to_string();
        on_tx!(&mut tx, |conn| sqlx::query(setting::WRITE).bind(HELD_SINCE).bind(last).execute(conn).await.map(drop))?;
    }
    tx.commit().await
}

/// Holds the store for what is found while a daemon runs on it: what has left since that daemon started is known, what
/// left before is not. False: it is held already.
pub async fn hold_in(tx: &mut Tx, why: Doubtful, now: UnixMs) -> Result<bool> {
    let placed = place_in(tx, why, now).await?;
    if placed {
        on_tx!(tx, |conn| sqlx::query(NOTE_RAN_BEFORE).execute(conn).await.map(drop))?;
    }
    Ok(placed)
}

/// The database has counted less than the data directory remembers: it was restored under a running daemon, or between
/// two looks.
pub async fn hold_older(store: &Store, now: UnixMs) -> Result<()> {
    let mut tx = store.begin().await?;
    if hold_in(&mut tx, Doubtful::Older, now).await? {
        tx.commit().await?;
        warn!("this store is older than what has left from here: nothing is sent until `recado takeover`");
    }
    Ok(())
}

async fn place_in(tx: &mut Tx, why: Doubtful, now: UnixMs) -> Result<bool> {
    let held: i64 = on_tx!(tx, |conn| sqlx::query_scalar(HELD).fetch_one(conn).await)?;
    Ok(held == 0 && hold::place_in(tx, &hold_of_all(why), now).await?)
}

/// Whether it may be a copy, and nobody has said yet that it is the one that sends.
pub async fn is_held(store: &Store) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(HELD).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// When a daemon last ran on the store before it was held; `None`: it was not held at a start.
pub async fn held_since(store: &Store) -> Result<Option<UnixMs>> {
    Ok(setting::read(store, HELD_SINCE).await?.and_then(|at| at.parse().ok()).map(UnixMs))
}

async fn has_due(store: &Store, now: UnixMs) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(DUE).bind(now).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// The hold of everything that a store like this gets; its key says why.
fn hold_of_all(why: Doubtful) -> NewHold {
    NewHold {
        scope: HoldScope::Store,
        scope_key: why.as_str().to_owned(),
        cause: HoldCause::Restored,
        code: None,
        until_at: None,
    }
}

/// A person says that this store, here, is the one that sends.
pub async fn take_over(store: &Store, at: UnixMs, by: &str) -> Result<bool> {
    let here = place(store).await?;
    setting::write(store, HOME, &here).await?;
    mark::jump(store).await?;
    on!(&store.write, |pool| sqlx::query(UNMARK).execute(pool).await.map(drop))?;
    let lifted = on!(&store.write, |pool| sqlx::query(LIFT).bind(at).bind(by).execute(pool).await?.rows_affected());
    Ok(lifted > 0)
}

/// Copies a SQLite store, as it is at this instant and while it is used, to `file`, which must not exist; the copy
/// carries the mark. The webhooks beside it are copied after it: what came meanwhile is read from the copy. False: the store is
/// not a SQLite file.
pub async fn copy_to(store: &Store, file: &Path) -> std::result::Result<bool, super::OpenError> {
    let Db::Sqlite(pool) = &store.read else { return Ok(false) };
    sqlx::query(SQLITE_COPY).bind(file.to_string_lossy().into_owned()).execute(pool).await?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let copy = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query(MARK).execute(&copy).await?;
    copy.close().await;
    store.webhooks.copy_to(&super::webhook::beside(file)).await?;
    Ok(true)
}
