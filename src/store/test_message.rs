//! Rows of campaigns that people sent to themselves: messages of no run, outside counts, frequency and outcomes.

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{CampaignId, MessageId};
use crate::domain::time::UnixMs;

const MARK: &str = "UPDATE message SET test_of = $2 WHERE id = $1";
const SINCE: &str = "SELECT created_at FROM message WHERE author = $1 AND created_at > $2 AND test_of IS NOT NULL
    ORDER BY created_at";

/// Marks `message`, which was queued in the same unit of work, as a test of `campaign`.
pub async fn mark(tx: &mut Tx, message: MessageId, campaign: CampaignId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(MARK).bind(message).bind(campaign).execute(conn).await.map(drop))?;
    Ok(())
}

/// When `author` sent tests since then, oldest first.
pub async fn since(store: &Store, author: &str, since: UnixMs) -> Result<Vec<UnixMs>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(SINCE).bind(author).bind(since).fetch_all(pool).await)?)
}
