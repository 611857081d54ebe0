//! Rows of the files of a standing run that have other ids than in the file before.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::RunId;

const ADD: &str = "INSERT INTO renaming (run_id, revision, n) VALUES ($1, $2, $3)
    ON CONFLICT (run_id, revision) DO UPDATE SET n = renaming.n + excluded.n";
/// Of the files that runs took up last.
const LAST: &str = "SELECT r.id AS run, c.name, d.n
    FROM renaming AS d JOIN run AS r ON r.id = d.run_id AND r.revision = d.revision
        JOIN amendment AS a ON a.run_id = d.run_id AND a.revision = d.revision
        JOIN campaign AS c ON c.id = r.campaign_id
    WHERE a.begun_by = $1 AND c.removed_at IS NULL AND r.state IN ('planning', 'running', 'paused') ORDER BY r.id";

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

/// Runs that `by` gave their last file, and it has such rows.
pub async fn last_by(store: &Store, by: &str) -> Result<Vec<Renaming>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LAST).bind(by).fetch_all(pool).await)?)
}
