//! The database: SQLite or PostgreSQL behind one closed enum, portable SQL written once.
//!
//! Each submodule is one noun and holds its statements as named constants. A function that takes `&Store` runs its own
//! statement; one that takes `&mut Tx` is part of the caller's unit of work. No transaction spans a provider call.

pub mod alert;
pub mod alias;
pub mod amendment;
pub mod arrival;
pub mod audience;
pub mod audit;
pub mod away;
pub mod budget;
pub mod campaign;
pub mod canary;
pub mod candidate;
pub mod canned;
pub mod changes;
pub mod chatwoot;
pub mod click;
pub mod client;
pub mod consent;
pub mod conversation;
pub mod correction;
pub mod cost;
mod db;
pub mod draft;
pub mod entry;
pub mod erased;
pub mod exclusion;
pub mod heard;
pub mod hold;
pub mod home;
pub mod idempotency;
pub mod identity;
pub mod lease;
mod log;
pub mod mark;
pub mod media;
pub mod message;
pub mod notice;
mod open;
pub mod orphan;
pub mod outcome;
pub mod outgoing;
pub mod password;
pub mod person;
pub mod place;
pub mod preference;
pub mod presence;
pub mod reading;
pub mod receipt;
pub mod recurrence;
pub mod refusal;
pub mod renaming;
pub mod retention;
pub mod room;
pub mod run;
pub mod secret;
pub mod session;
pub mod setting;
pub mod statistics;
pub mod summary;
pub mod suppression;
pub mod template;
pub mod test_message;
pub mod ticket;
pub mod token;
pub mod turn;
pub mod unclear;
pub mod user;
pub mod variable;
pub mod version;
pub mod view;
pub mod wallet;
pub mod webhook;
pub mod window;

pub use db::{Db, Dialects, Tx};
pub(crate) use db::{on, on_tx};
pub use open::{Migration, OpenError, open, open_with, pending, sqlite_file};

/// What a store function reports when something is wrong that the caller did not expect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A guarded change met another number of rows than it must.
    #[error("expected to change {expected} rows, changed {actual}")]
    Guard {
        /// Rows that had to change.
        expected: u64,
        /// Rows that did.
        actual: u64,
    },
    /// A stored value is not what its column holds by contract.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// Table and column.
        what: &'static str,
    },
    /// The database.
    #[error("database")]
    Db(#[from] sqlx::Error),
}

/// SQLite: no room for a page (`SQLITE_FULL`) or for the index of the log (`SQLITE_IOERR_SHMSIZE`).
const SQLITE_NO_ROOM: [&str; 2] = ["13", "4874"];
/// PostgreSQL: `disk_full`.
const POSTGRES_NO_ROOM: &str = "53100";
/// PostgreSQL: connection exceptions, and a server that stops or starts.
const POSTGRES_AWAY: [&str; 2] = ["08", "57P0"];

impl StoreError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        let Self::Db(sqlx::Error::Database(told)) = self else { return false };
        told.code().is_some_and(|code| SQLITE_NO_ROOM.contains(&&*code) || code == POSTGRES_NO_ROOM)
    }

    /// Whether the database cannot be reached, or is going away.
    pub fn is_away(&self) -> bool {
        let Self::Db(cause) = self else { return false };
        match cause {
            sqlx::Error::Database(told) => {
                told.code().is_some_and(|code| POSTGRES_AWAY.iter().any(|away| code.starts_with(away)))
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        }
    }

    /// Whether the same work may succeed later: the database was away, busy or full. What the data itself cannot
    /// satisfy (a constraint, a value out of range, a text with NUL) never will.
    pub fn passes(&self) -> bool {
        let Self::Db(cause) = self else { return false };
        match cause {
            sqlx::Error::Database(told) => match told.code().as_deref() {
                // SQLite: constraint, mismatch, too big, range, in their extended forms too (code modulo 256).
                Some(code) if code.len() < 5 => {
                    !code.parse::<u32>().is_ok_and(|c| [18, 19, 20, 25].contains(&(c % 256)))
                }
                // PostgreSQL: data exception, integrity constraint violation.
                Some(code) => !(code.starts_with("22") || code.starts_with("23")),
                None => true,
            },
            _ => self.is_away(),
        }
    }
}

/// Result of store functions.
pub type Result<T> = std::result::Result<T, StoreError>;

/// `value` as the text of one JSON bind.
pub(crate) fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain rows with string keys always serialize")
}

/// The database with its two ways in. On PostgreSQL both are the same pool.
#[derive(Clone, Debug)]
pub struct Store {
    /// Writes, and reads that must see them. SQLite: one connection.
    pub write: Db,
    /// Reads for pages and reports; never blocks a write.
    pub read: Db,
    /// Webhook bodies.
    webhooks: webhook::Webhooks,
    /// Whether any portfolio is limited.
    limited: place::Limited,
    /// Whether the disk is full.
    room: room::Room,
    /// What the data directory remembers of what was claimed.
    marks: mark::Marks,
    /// Whether the database's log still says what was erased.
    log: log::Log,
}

impl Store {
    /// Begins a unit of work (SQLite: `BEGIN IMMEDIATE`). Dropping it rolls back.
    pub async fn begin(&self) -> Result<Tx> {
        self.write.begin().await
    }

    /// Begins a look at the database as it is now, beside the writes (SQLite: on the pool for reads). Dropping it ends it.
    pub async fn look(&self) -> Result<Tx> {
        self.read.look().await
    }

    /// Whether one daemon at a time works on it. On PostgreSQL several may.
    pub const fn is_of_one_node(&self) -> bool {
        matches!(self.write, Db::Sqlite(_))
    }

    /// Closes its pools, waiting for connections in use.
    pub async fn close(&self) {
        self.webhooks.close().await;
        on!(&self.read, |pool| pool.close().await);
        on!(&self.write, |pool| pool.close().await);
    }
}
