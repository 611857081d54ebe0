//! What each file did to a standing run.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{RunId, VersionId};
use crate::domain::time::UnixMs;

const BEGIN: &str =
    "INSERT INTO amendment (run_id, revision, version_id, began_at, begun_by) VALUES ($1, $2, $3, $4, $5)";
const ADD: &str =
    "UPDATE amendment SET rows_read = rows_read + $3, added = added + $4, changed = changed + $5, same = same + $6,
        already_sent = already_sent + $7, left_out = left_out + $8, removed = removed + $9
    WHERE run_id = $1 AND revision = $2";
/// The first file is planned again: what it did is counted anew.
const AGAIN: &str =
    "UPDATE amendment SET version_id = $2, rows_read = 0, added = 0, changed = 0, same = 0, already_sent = 0,
        left_out = 0, removed = 0 WHERE run_id = $1";
const GET: &str = "SELECT run_id, revision, version_id, began_at, begun_by, rows_read, added, changed, same, already_sent, left_out, removed
    FROM amendment WHERE run_id = $1 AND revision = $2";
const LIST: &str = "SELECT run_id, revision, version_id, began_at, begun_by, rows_read, added, changed, same, already_sent, left_out, removed
    FROM amendment WHERE run_id = $1 ORDER BY revision DESC LIMIT $2";

const TOTALS: &str = "SELECT COUNT(*) AS files, CAST(COALESCE(SUM(rows_read), 0) AS BIGINT) AS rows_read,
        CAST(COALESCE(SUM(added), 0) AS BIGINT) AS added, CAST(COALESCE(SUM(changed), 0) AS BIGINT) AS changed,
        CAST(COALESCE(SUM(same), 0) AS BIGINT) AS same, CAST(COALESCE(SUM(already_sent), 0) AS BIGINT) AS already_sent,
        CAST(COALESCE(SUM(left_out), 0) AS BIGINT) AS left_out, CAST(COALESCE(SUM(removed), 0) AS BIGINT) AS removed
    FROM amendment WHERE run_id = $1";

/// A file taken up by a standing run.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Amendment {
    /// Which run.
    pub run_id: RunId,
    /// Its how-manieth file: 1 is the one it began with.
    pub revision: i64,
    /// Campaign file and audience.
    pub version_id: VersionId,
    /// When; what is too late is judged by this.
    pub began_at: UnixMs,
    /// By whom.
    pub begun_by: String,
    /// What it did.
    #[sqlx(flatten)]
    pub figures: Figures,
}

/// What rows did: those read are those added, changed, as before, already sent and left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct Figures {
    /// Rows of the file.
    pub rows_read: i64,
    /// Rows that became messages.
    pub added: i64,
    /// Rows whose message waited, and goes out otherwise now.
    pub changed: i64,
    /// Rows whose message waited as it is.
    pub same: i64,
    /// Rows whose message had gone, or ended.
    pub already_sent: i64,
    /// Rows left out.
    pub left_out: i64,
    /// Messages that were taken back.
    pub removed: i64,
}

/// A file is being taken up.
pub async fn begin(tx: &mut Tx, (run, revision): (RunId, i64), version: VersionId, at: UnixMs, by: &str) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(BEGIN)
        .bind(run)
        .bind(revision)
        .bind(version)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// A standing run with one file is corrected: it plans that again, with another campaign file.
pub async fn again(tx: &mut Tx, run: RunId, version: VersionId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(AGAIN).bind(run).bind(version).execute(conn).await.map(drop))?;
    Ok(())
}

/// Some of its rows are done, with the rows themselves.
pub async fn add(tx: &mut Tx, run: RunId, revision: i64, done: &Figures) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(ADD)
        .bind(run)
        .bind(revision)
        .bind(done.rows_read)
        .bind(done.added)
        .bind(done.changed)
        .bind(done.same)
        .bind(done.already_sent)
        .bind(done.left_out)
        .bind(done.removed)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The file of that number.
pub async fn get(store: &Store, run: RunId, revision: i64) -> Result<Option<Amendment>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(run).bind(revision).fetch_optional(pool).await)?)
}

/// How many files a run has taken up, and what all of them did.
pub async fn totals(store: &Store, run: RunId) -> Result<(i64, Figures)> {
    #[derive(FromRow)]
    struct Row {
        files: i64,
        #[sqlx(flatten)]
        figures: Figures,
    }
    let row: Row = on!(&store.read, |pool| sqlx::query_as(TOTALS).bind(run).fetch_one(pool).await)?;
    Ok((row.files, row.figures))
}

/// The files of a run, the last first.
pub async fn list(store: &Store, run: RunId, limit: i64) -> Result<Vec<Amendment>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).bind(run).bind(limit).fetch_all(pool).await)?)
}
