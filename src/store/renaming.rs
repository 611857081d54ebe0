//! Rows of the files of a standing run that have other ids than in the file before.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;

const ADD: &str = "INSERT INTO renaming (run_id, revision, n) VALUES ($1, $2, $3)
    ON CONFLICT (run_id, revision) DO UPDATE SET n = renaming.n + excluded.n";
/// Of the files that campaigns took up last and nobody has looked at, whether or not anything of them still waits.
const LAST: &str = "SELECT r.id AS run, c.name, d.n
    FROM renaming AS d JOIN run AS r ON r.id = d.run_id AND r.revision = d.revision
        JOIN amendment AS a ON a.run_id = d.run_id AND a.revision = d.revision
        JOIN campaign AS c ON c.id = r.campaign_id
    WHERE a.begun_by = $1 AND d.seen_at IS NULL AND c.removed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM run AS n WHERE n.campaign_id = r.campaign_id AND n.id > r.id) ORDER BY r.id";
const IS_UNSEEN: &str = "SELECT COUNT(*) FROM renaming WHERE run_id = $1 AND seen_at IS NULL";
const SEE: &str = "UPDATE renaming SET seen_at = $2 WHERE run_id = $1 AND seen_at IS NULL";

/// A run whose last file has rows with other ids than the file before.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Renaming {
    /// The run.
    pub run: RunId,
    /// The campaign's name.
    pub name: String,
    /// So many rows.
    pub n: i64,
}

/// So many rows more of the file with which `run` has this `revision`.
pub async fn add(tx: &mut Tx, run: RunId, revision: i64, n: i64) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(ADD).bind(run).bind(revision).bind(n).execute(conn).await.map(drop))?;
    Ok(())
}

/// Somebody looks at `run`.
pub async fn see(store: &Store, run: RunId, at: UnixMs) -> Result<()> {
    let unseen: i64 = on!(&store.read, |pool| sqlx::query_scalar(IS_UNSEEN).bind(run).fetch_one(pool).await)?;
    if unseen > 0 {
        on!(&store.write, |pool| sqlx::query(SEE).bind(run).bind(at).execute(pool).await.map(drop))?;
    }
    Ok(())
}

/// Runs that `by` gave their last file, and it has such rows which nobody has seen.
pub async fn last_by(store: &Store, by: &str) -> Result<Vec<Renaming>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LAST).bind(by).fetch_all(pool).await)?)
}
