//! The conversations that a bot has.

use super::Conversation;
use crate::domain::id::ConversationId;
use crate::store::{Result, Store, on};

const OF_BOT: &str =
    "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id, ticket_id,
        origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until, close_after, closed_at,
        closed_by
    FROM conversation WHERE state = 'open' AND bot = $1 AND (CAST($2 AS BIGINT) = 0 OR waiting_since IS NOT NULL)
        AND id > $3
    ORDER BY id LIMIT $4";

/// Open conversations that `bot` has, by number, after `after`; `waiting`: only those whose person waits for it.
pub async fn of_bot(
    store: &Store,
    bot: &str,
    waiting: bool,
    (after, limit): (ConversationId, i64),
) -> Result<Vec<Conversation>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_BOT)
        .bind(bot)
        .bind(i64::from(waiting))
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await?))
}
