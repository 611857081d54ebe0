//! A fresh store on each database. `RECADO_TEST_POSTGRES` names a PostgreSQL server; `make test` starts one.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use recado::store::{Db, Store, open, webhook};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, PgConnection, SqlitePool};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A store that is thrown away with the test.
pub struct TestStore {
    store: Store,
    /// Holds the SQLite file, and whatever else the test wants to put beside it.
    pub dir: tempfile::TempDir,
}

impl Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    /// Where the bodies of webhooks lie: beside SQLite in a file of their own.
    pub async fn webhooks(&self) -> Db {
        match &self.store.write {
            Db::Sqlite(_) => {
                let file = webhook::beside(&self.dir.path().join("recado.db"));
                Db::Sqlite(
                    SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.expect("it is there"),
                )
            }
            postgres @ Db::Postgres(_) => postgres.clone(),
        }
    }

    /// `sqlite` or `postgres`, for assertion messages.
    pub fn name(&self) -> &'static str {
        self.store.write.name()
    }
}

/// One fresh store on SQLite and one on PostgreSQL. Without a PostgreSQL server the second is left out on a
/// developer's machine and is a failure under CI.
pub async fn stores() -> Vec<TestStore> {
    let mut all = vec![sqlite().await];
    if let Ok(server) = std::env::var("RECADO_TEST_POSTGRES") {
        all.push(postgres(&server).await);
    } else {
        assert!(std::env::var("CI").is_err(), "RECADO_TEST_POSTGRES is not set: run `make test`");
    }
    all
}

async fn sqlite() -> TestStore {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = open("sqlite:recado.db", dir.path()).await.expect("a fresh SQLite file");
    TestStore { store, dir }
}

async fn postgres(server: &str) -> TestStore {
    let schema = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(server).await.expect("the test server answers");
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    admin.execute(create).await.expect("a fresh schema");
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-csearch_path%3D{schema}");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = open(&url, dir.path()).await.expect("a migrated schema");
    TestStore { store, dir }
}
