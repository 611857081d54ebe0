//! What would be sent: messages in line, by run.

use serde::Serialize;
use sqlx::FromRow;

use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const RUNS: &str =
    "SELECT m.run_id AS id, COALESCE(MAX(c.name), '') AS name, COALESCE(MAX(r.state), 'running') AS state,
        COUNT(*) AS queued, CAST(SUM(CASE WHEN m.due_at <= $1 THEN 1 ELSE 0 END) AS BIGINT) AS due,
        MIN(CASE WHEN m.due_at <= $1 THEN m.due_at END) AS oldest, MIN(m.due_at) AS next
    FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN campaign AS c ON c.id = r.campaign_id
    WHERE m.state = 'queued' GROUP BY m.run_id ORDER BY m.run_id";

/// A run with messages in line.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize)]
pub struct DueRun {
    /// The run; 0: sent by hand.
    pub id: i64,
    /// Its campaign's name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Messages in line.
    pub queued: i64,
    /// Those whose time has come.
    pub due: i64,
    /// Since when the oldest of those.
    pub oldest: Option<UnixMs>,
    /// When the first of all is due.
    pub next: Option<UnixMs>,
}

/// Runs with messages in line, seen at `now`.
pub async fn runs(store: &Store, now: UnixMs) -> Result<Vec<DueRun>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(RUNS).bind(now).fetch_all(pool).await)?)
}
