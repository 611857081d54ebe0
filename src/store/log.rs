//! SQLite's write-ahead log keeps pages as they were until it is folded back and cut off, though the rows say something else
//! by then: whoever was erased could be read there. (In the file itself what is freed is overwritten: `secure_delete`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::warn;

use super::{Db, Result, Store};

/// Waits for those who read; says whether it waited in vain.
const CUT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// How long: nothing is sent meanwhile.
const BRIEFLY: &str = "PRAGMA busy_timeout = 250";

/// How long whoever writes waits for another process.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const PATIENTLY: &str = "PRAGMA busy_timeout = 10000";

/// Whether the log still says what was erased.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<AtomicBool>);

impl Store {
    /// What was erased just now is to be readable nowhere: cuts the log, at once or, while somebody reads from it, with
    /// [`Store::cut_log_again`].
    pub async fn cut_log(&self) {
        let mut is_cut = true;
        for db in self.with_logs() {
            is_cut &= cut_at_once(db).await;
        }
        self.log.0.store(!is_cut, Ordering::Relaxed);
    }

    /// Cuts the log where that is still to be done.
    pub async fn cut_log_again(&self) -> Result<()> {
        if !self.log.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        for db in self.with_logs() {
            if !cut(db).await? {
                return Ok(());
            }
        }
        self.log.0.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The databases that have a log each: the store, and the webhooks beside it.
    fn with_logs(&self) -> [&Db; 2] {
        [&self.write, &self.webhooks.write]
    }
}

/// False when it could not be cut; why is in the log of the daemon, and what called for it is done all the same.
pub(super) async fn cut_at_once(db: &Db) -> bool {
    cut(db).await.unwrap_or_else(|cause| {
        let error = &cause as &dyn std::error::Error;
        warn!(error, "the database's log could not be cut: what was erased may be readable in it");
        false
    })
}

/// False while somebody reads from the log. PostgreSQL's is its operator's.
async fn cut(db: &Db) -> Result<bool> {
    let Db::Sqlite(pool) = db else { return Ok(true) };
    let mut writer = pool.acquire().await?;
    sqlx::query(BRIEFLY).execute(&mut *writer).await?;
    let cut = sqlx::query_as(CUT).fetch_one(&mut *writer).await;
    sqlx::query(PATIENTLY).execute(&mut *writer).await?;
    let (is_in_use, _, _): (bool, i64, i64) = cut?;
    Ok(!is_in_use)
}
