//! How many conversations wait for the people of a team.

use crate::store::{Result, Store, on};

/// What a bot has waits for nobody of ours. Nobody needs to know of more: with so many everything that goes by it stands still.
const WAITING: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM conversation
    WHERE state = 'open' AND waiting_since IS NOT NULL AND bot IS NULL AND team = $1 LIMIT 100000) AS found";

/// Open conversations of a team whose person waits for an answer of somebody in it.
pub async fn waiting_for(store: &Store, team: &str) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(WAITING).bind(team).fetch_one(pool).await)?)
}
