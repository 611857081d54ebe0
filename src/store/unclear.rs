//! Replies that may answer several messages: which, until somebody of ours says which one it is. Until then each of these
//! messages counts as answered, and to be read.

use super::{Result, Tx, on_tx};
use crate::domain::id::{CampaignId, ConversationId, EntryId, MessageId, RunId};

const ADD: &str = "INSERT INTO unclear (message_id, entry_id, conversation_id, run_id) VALUES ($1, $2, $3, $4)
    ON CONFLICT (message_id, entry_id) DO NOTHING";
/// A conversation all of whose candidates are of one campaign is of that campaign.
const BELONGS: &str = "UPDATE conversation SET campaign_id = $2, run_id = $3
    WHERE id = $1 AND origin_message_id IS NULL AND campaign_id IS NULL";
const SETTLED: &str = "DELETE FROM unclear WHERE conversation_id = $1 AND entry_id IN
    (SELECT e.id FROM entry AS e WHERE e.conversation_id = $1 AND e.message_id IS NOT NULL)";

/// A message that a reply may answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MayAnswer {
    /// Which.
    pub message: MessageId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its run; [`RunId::BY_HAND`] for one sent by hand.
    pub run: RunId,
}

/// Keeps that the reply `entry` may answer any of `messages`.
pub async fn add(tx: &mut Tx, (conversation, entry): (ConversationId, EntryId), messages: &[MayAnswer]) -> Result<()> {
    for may in messages {
        on_tx!(tx, |c| sqlx::query(ADD)
            .bind(may.message)
            .bind(entry)
            .bind(conversation)
            .bind(may.run)
            .execute(c)
            .await
            .map(drop))?;
    }
    let Some(first) = messages.first().filter(|first| first.run != RunId::BY_HAND) else { return Ok(()) };
    if messages.iter().all(|may| may.campaign == first.campaign) {
        let run = messages.iter().all(|may| may.run == first.run).then_some(first.run);
        on_tx!(tx, |c| sqlx::query(BELONGS)
            .bind(conversation)
            .bind(first.campaign)
            .bind(run)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Somebody has said which message the replies of a conversation answer: the others are not answered any more.
pub async fn settle(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(SETTLED).bind(conversation).execute(c).await.map(drop))?;
    Ok(())
}
