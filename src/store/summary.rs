//! What became of everything: the totals that `demo` ends with.

use std::collections::BTreeMap;

use super::{Result, Store, on};
use crate::domain::money::Micros;

const RUNS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(rows_read), 0) AS BIGINT) FROM run";
const STATES: &str = "SELECT state, COUNT(*) FROM message WHERE run_id <> 0 GROUP BY state";
const EXCLUSIONS: &str = "SELECT COUNT(*) FROM exclusion";
const CONVERSATIONS: &str = "SELECT COUNT(*) FROM conversation";
/// The last outcome of a message counts.
const OUTCOMES: &str = "SELECT outcome, COUNT(*) FROM outcome
    WHERE id IN (SELECT MAX(id) FROM outcome GROUP BY message_id) GROUP BY outcome";
const CHARGED: &str = "SELECT currency, CAST(SUM(charged) AS BIGINT) FROM message WHERE charged <> 0 GROUP BY currency";

/// Totals over every run of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Runs.
    pub runs: i64,
    /// Rows read by them.
    pub rows_read: i64,
    /// Rows left out.
    pub exclusions: i64,
    /// Messages of runs per state.
    pub states: BTreeMap<String, i64>,
    /// Conversations.
    pub conversations: i64,
    /// Messages per outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// What was charged, per currency; messages sent by hand and answers included.
    pub charged: BTreeMap<String, Micros>,
}

impl Summary {
    /// Messages of runs.
    pub fn messages(&self) -> i64 {
        self.states.values().sum()
    }

    /// Planned, and neither accepted, ended nor in doubt; and rows that became nothing. Must be 0 once runs are closed.
    pub fn lost(&self) -> i64 {
        let waiting: i64 = ["queued", "claimed"].iter().filter_map(|s| self.states.get(*s)).sum();
        waiting + (self.rows_read - self.exclusions - self.messages())
    }
}

/// Reads the totals.
pub async fn read(store: &Store) -> Result<Summary> {
    on!(&store.read, |pool| {
        let (runs, rows_read) = sqlx::query_as(RUNS).fetch_one(pool).await?;
        let states: Vec<(String, i64)> = sqlx::query_as(STATES).fetch_all(pool).await?;
        let outcomes: Vec<(String, i64)> = sqlx::query_as(OUTCOMES).fetch_all(pool).await?;
        let charged: Vec<(String, Micros)> = sqlx::query_as(CHARGED).fetch_all(pool).await?;
        Ok(Summary {
            runs,
            rows_read,
            exclusions: sqlx::query_scalar(EXCLUSIONS).fetch_one(pool).await?,
            states: states.into_iter().collect(),
            conversations: sqlx::query_scalar(CONVERSATIONS).fetch_one(pool).await?,
            outcomes: outcomes.into_iter().collect(),
            charged: charged.into_iter().collect(),
        })
    })
}
