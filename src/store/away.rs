//! Who was told that nobody is here.

use super::{Result, Tx, on_tx};
use crate::domain::id::ConversationId;
use crate::domain::time::UnixMs;

const FIRST: &str = "INSERT INTO away_answer (conversation_id, opens_at) VALUES ($1, $2)
    ON CONFLICT (conversation_id, opens_at) DO NOTHING";

/// Whether nobody has told it in this conversation yet for the closed time that ends at `opens`; it counts as told.
pub async fn first(tx: &mut Tx, conversation: ConversationId, opens: UnixMs) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(FIRST)
        .bind(conversation)
        .bind(opens)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}
