//! Answers that are no template, which each number may send so many of for free a month.

use crate::domain::time::UnixMs;
use crate::store::{Result, Tx, on_tx};

/// A partial index counts them: the category is a literal in the statement.
const SERVICE: &str = "SELECT COUNT(*) FROM (SELECT m.id FROM message AS m
    WHERE m.sender = $1 AND m.category = 'service' AND m.created_at >= $2
        AND m.state NOT IN ('failed', 'excluded', 'expired', 'cancelled', 'undelivered') LIMIT $3) AS used";

/// How many answers of `sender` since then have arrived or may still arrive; more than `most` are not counted.
pub async fn services_since(tx: &mut Tx, sender: &str, since: UnixMs, most: i64) -> Result<i64> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SERVICE).bind(sender).bind(since).bind(most).fetch_one(c).await?))
}
