//! Opening the store: pools, pragmas, migrations.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::log::{self, Log};
use super::mark::Marks;
use super::place::{self, Limited};
use super::room::Room;
use super::setting;
use super::webhook::{self, Webhooks};
use super::{Db, Store};
use crate::config::Patience;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Pages and reports share these; four keep p99 under a millisecond while the planner inserts.
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// Page cache of the writer, in KiB (negative, as SQLite wants it). With SQLite's own 2 MB the writer spent a sixth of
/// its time copying pages it had just dropped.
const WRITER_CACHE: &str = "-5632";

/// The same of each reader: what it drops, the system still has.
const READER_CACHE: &str = "-1024";

/// Pages in the write-ahead log at which it is folded back (16 MB): a busy second writes the same pages many times.
const CHECKPOINT: &str = "4000";

/// Rows that SQLite's thread reads before it waits for ours: a whole claim or settlement, so that the two take turns once.
const ROWS_AHEAD: usize = 1_000;

/// By statement and not when connecting: poolers refuse settings that they do not know there.
const POSTGRES_PATIENCE: &str =
    "SELECT set_config('idle_in_transaction_session_timeout', $1, false), set_config('lock_timeout', $2, false)";

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `store.url` is neither `sqlite:FILE` nor `postgres://…`.
    #[error("store.url must be sqlite:FILE or postgres://…")]
    Url,
    /// PostgreSQL may lose what it committed: a claimed message could be sent twice after a power cut.
    #[error("PostgreSQL runs with {setting} = off: a committed claim could be lost and its message sent twice")]
    NotDurable {
        /// The setting.
        setting: &'static str,
    },
    /// The database refused.
    #[error("database")]
    Db(#[from] sqlx::Error),
    /// A first look failed.
    #[error("store")]
    Store(#[from] super::StoreError),
    /// What the data directory remembers of the store cannot be read.
    #[error("the folder \"marks\" of the data directory cannot be read")]
    Marks(#[source] io::Error),
    /// A later Recado has changed the store, and this one would not understand all of it.
    #[error(
        "the store was brought to migration {version} by a newer Recado: run that one, or restore a backup of before"
    )]
    Newer {
        /// The last migration it has that this Recado does not know.
        version: i64,
    },
    /// A migration failed.
    #[error("migration")]
    Migrate(#[source] MigrateError),
}

impl From<MigrateError> for OpenError {
    fn from(cause: MigrateError) -> Self {
        match cause {
            MigrateError::VersionMissing(version) => Self::Newer { version },
            cause => Self::Migrate(cause),
        }
    }
}

/// One migration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// What it is called.
    pub name: String,
}

const SQLITE_IS_MIGRATED: &str =
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
const POSTGRES_IS_MIGRATED: &str = "SELECT COUNT(*) FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'";
const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// The migrations that a store lacks; empty: it is up to date. Nothing is changed, and no SQLite file is made.
///
/// # Errors
/// When the store is newer than this Recado, or cannot be read.
pub async fn pending(url: &str, data_dir: &Path) -> Result<Vec<Migration>, OpenError> {
    let (known, applied): (&Migrator, Vec<i64>) = if let Some(file) = sqlite_file(url, data_dir) {
        (&SQLITE, if file.exists() { applied_to_file(&file).await? } else { Vec::new() })
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        (&POSTGRES, applied_to_server(url).await?)
    } else {
        return Err(OpenError::Url);
    };
    if let Some(version) = applied.iter().find(|version| !known.version_exists(**version)) {
        return Err(OpenError::Newer { version: *version });
    }
    let missing = known.iter().filter(|migration| !applied.contains(&migration.version));
    Ok(missing.map(|m| Migration { version: m.version, name: m.description.to_string() }).collect())
}

async fn applied_to_file(file: &Path) -> Result<Vec<i64>, OpenError> {
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let is_migrated: i64 = sqlx::query_scalar(SQLITE_IS_MIGRATED).fetch_one(&mut connection).await?;
    let found =
        if is_migrated == 0 { Vec::new() } else { sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await? };
    connection.close().await?;
    Ok(found)
}

async fn applied_to_server(url: &str) -> Result<Vec<i64>, OpenError> {
    let mut connection = PgConnectOptions::from_str(url)?.application_name("recado").connect().await?;
    let is_migrated: i64 = sqlx::query_scalar(POSTGRES_IS_MIGRATED).fetch_one(&mut connection).await?;
    let found =
        if is_migrated == 0 { Vec::new() } else { sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await? };
    connection.close().await?;
    Ok(found)
}

/// Opens `url`, creating the SQLite file (relative to `data_dir`) where it is missing, and brings the schema up to date.
/// PostgreSQL waits for us as long as it usually does.
pub async fn open(url: &str, data_dir: &Path) -> Result<Store, OpenError> {
    open_with(url, data_dir, Patience::default()).await
}

/// The same with the patience that the configuration names.
pub async fn open_with(url: &str, data_dir: &Path, patience: Patience) -> Result<Store, OpenError> {
    let store = if let Some(file) = sqlite_file(url, data_dir) {
        sqlite(&file, data_dir).await?
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        postgres(url, data_dir, patience).await?
    } else {
        return Err(OpenError::Url);
    };
    place::look(&store).await?;
    Ok(store)
}

/// The SQLite file that `url` names; `None` when it names none.
pub fn sqlite_file(url: &str, data_dir: &Path) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").map(|file| data_dir.join(file))
}

async fn sqlite(file: &Path, data_dir: &Path) -> Result<Store, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With NORMAL a power cut can undo a committed claim whose message was already sent and billed.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(log::PATIENCE)
        .row_buffer_size(ROWS_AHEAD);
    let writer = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT);
    // What is deleted or grows elsewhere is overwritten where it was: nobody who is erased stays readable in free space.
    let writer = writer.pragma("secure_delete", "ON");
    let write = replaced_when_stuck(SqlitePoolOptions::new().max_connections(1)).connect_with(writer).await?;
    SQLITE.run(&write).await?;
    let webhooks = webhook::open(&options, file, &write).await?;
    let write = Db::Sqlite(write);
    // Whoever was erased just before a crash is still in the log.
    log::cut_at_once(&write).await;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.read_only(true).pragma("cache_size", READER_CACHE))
        .await?;
    Ok(Store {
        marks: marks(&write, data_dir).await?,
        write,
        read: Db::Sqlite(read),
        webhooks,
        limited: Limited::default(),
        room: Room::default(),
        log: Log::default(),
    })
}

/// What the data directory remembers of this store.
async fn marks(db: &Db, data_dir: &Path) -> Result<Marks, OpenError> {
    Marks::open(data_dir, setting::instance_of(db).await?).map_err(OpenError::Marks)
}

/// When a COMMIT fails for lack of room, SQLite has rolled back by itself; sqlx's own ROLLBACK then fails, and it goes on
/// believing in a transaction that refuses every other. Such a connection is replaced.
pub(super) fn replaced_when_stuck(writers: SqlitePoolOptions) -> SqlitePoolOptions {
    writers.before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

async fn postgres(url: &str, data_dir: &Path, patience: Patience) -> Result<Store, OpenError> {
    let options = PgConnectOptions::from_str(url)?.application_name("recado");
    // Another node may be migrating, and an index takes as long as it takes; the log is no place for all of a migration.
    let mut patient = options.clone().disable_statement_logging().connect().await?;
    POSTGRES.run(&mut patient).await?;
    patient.close().await?;
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).after_connect(move |connection, _| {
        Box::pin(async move {
            let [transaction, lock] = [patience.transaction, patience.lock].map(|span| span.as_millis().to_string());
            sqlx::query(POSTGRES_PATIENCE).bind(transaction).bind(lock).execute(connection).await.map(drop)
        })
    });
    let pool = pool.connect_with(options).await?;
    for (setting, query) in [("fsync", "SHOW fsync"), ("synchronous_commit", "SHOW synchronous_commit")] {
        let value: String = sqlx::query_scalar(query).fetch_one(&pool).await?;
        if value == "off" {
            return Err(OpenError::NotDurable { setting });
        }
    }
    let write = Db::Postgres(pool.clone());
    Ok(Store {
        marks: marks(&write, data_dir).await?,
        webhooks: Webhooks::among_the_others(&write),
        write,
        read: Db::Postgres(pool),
        limited: Limited::default(),
        room: Room::default(),
        log: Log::default(),
    })
}
