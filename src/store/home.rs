//! Where a store lives: what tells it from a copy of itself. A copy that sends would send what the original has sent.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Db, Result, Store, on, setting};
use crate::domain::time::UnixMs;
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};

/// Setting: where the store was when a person last let it send.
const HOME: &str = "home";
/// Setting: when a daemon last ran on the store before it was held.
const HELD_SINCE: &str = "held_since";
/// Setting: the store is a copy made by `recado backup`.
const COPY: &str = "copy";

const POSTGRES_SYSTEM: &str =
    "SELECT CAST(system_identifier AS TEXT) || '/' || current_database() || '/' || current_schema()
    FROM pg_control_system()";
const SQLITE_FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";
const SQLITE_COPY: &str = "VACUUM INTO $1";
const MARK: &str =
    "INSERT INTO setting (key, value) VALUES ('copy', '1') ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const UNMARK: &str = "DELETE FROM setting WHERE key IN ('copy', 'held_since')";
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
    /// No daemon has run on it for longer than `restore_after`, and messages are due.
    Stale,
}

impl Doubtful {
    /// The word in logs and the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Moved => "moved",
            Self::Stale => "stale",
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
        // A server that does not tell its identifier is told by the addresses in the configuration alone.
        Db::Postgres(pool) => Ok(sqlx::query_scalar(POSTGRES_SYSTEM).fetch_one(pool).await.unwrap_or_default()),
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
    let stale = last.is_some_and(|last| now.since(last) > restore_after);
    Ok((stale && has_due(store, now).await?).then_some(Doubtful::Stale))
}

/// Holds the store, and notes when a daemon last ran on it: its own heartbeat goes on while it is held.
pub async fn hold(store: &Store, last: Option<UnixMs>, now: UnixMs) -> Result<()> {
    if hold::place(store, &hold_of_all(), now).await?
        && let Some(last) = last
    {
        setting::write(store, HELD_SINCE, &last.0.to_string()).await?;
    }
    Ok(())
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

/// The hold of everything that a store like this gets.
pub const fn hold_of_all() -> NewHold {
    NewHold {
        scope: HoldScope::Store,
        scope_key: String::new(),
        cause: HoldCause::Restored,
        code: None,
        until_at: None,
    }
}

/// A person says that this store, here, is the one that sends.
pub async fn take_over(store: &Store, at: UnixMs, by: &str) -> Result<bool> {
    let here = place(store).await?;
    setting::write(store, HOME, &here).await?;
    on!(&store.write, |pool| sqlx::query(UNMARK).execute(pool).await.map(drop))?;
    let mut tx = store.begin().await?;
    let lifted = hold::lift_cause(&mut tx, (HoldScope::Store, "", HoldCause::Restored), at, by).await?;
    tx.commit().await?;
    Ok(lifted)
}

/// Copies a SQLite store, as it is at this instant and while it is used, to `file`, which must not exist; the copy
/// carries the mark. False: the store is not a SQLite file.
pub async fn copy_to(store: &Store, file: &Path) -> std::result::Result<bool, super::OpenError> {
    let Db::Sqlite(pool) = &store.read else { return Ok(false) };
    sqlx::query(SQLITE_COPY).bind(file.to_string_lossy().into_owned()).execute(pool).await?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let copy = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query(MARK).execute(&copy).await?;
    copy.close().await;
    Ok(true)
}
