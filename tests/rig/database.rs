//! The database of an installation.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, Executor, PgConnection};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A fresh database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file in the data directory.
    Sqlite,
    /// A schema of its own on the server that `RECADO_TEST_POSTGRES` names.
    Postgres(String),
}

impl Database {
    /// A fresh schema; `None` without a server.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var("RECADO_TEST_POSTGRES").ok()?;
        let schema = format!("rig{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&server).await.expect("the test server answers");
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        admin.execute(create).await.expect("a fresh schema");
        let separator = if server.contains('?') { '&' } else { '?' };
        Some(Self::Postgres(format!("{server}{separator}options=-csearch_path%3D{schema}")))
    }

    /// SQLite, and PostgreSQL where there is a server. Under CI there must be one.
    pub async fn both() -> Vec<Self> {
        let postgres = Self::postgres().await;
        assert!(postgres.is_some() || std::env::var("CI").is_err(), "RECADO_TEST_POSTGRES is not set: run `make test`");
        std::iter::once(Self::Sqlite).chain(postgres).collect()
    }

    /// `store.url`.
    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite => "sqlite:recado.db",
            Self::Postgres(url) => url,
        }
    }

    /// For reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}
