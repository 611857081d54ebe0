//! Lines of a conversation's thread: replies (in), what was written or sent (out), notes of agents.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::outcome::Certainty;
use super::{Result, Store, Tx, on, on_tx};
use crate::domain::event::ReplyContent;
use crate::domain::id::{CampaignId, ConversationId, EntryId, MessageId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;

const SEEN: &str = "SELECT conversation_id FROM entry WHERE direction = 'in' AND provider_id = $1";

const ADD: &str = "INSERT INTO entry
        (conversation_id, direction, content, provider_id, message_id, certainty, author, at, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";

const SHOWN: &str = "SELECT COUNT(*) FROM entry WHERE conversation_id = $1 AND message_id = $2 AND direction = 'out'";

const THREAD: &str = "SELECT e.id, e.direction, e.content, e.provider_id, e.message_id, e.certainty, e.author, e.at,
        m.state, m.content AS message_content, m.failure_code, m.end_reason, m.name AS recipient_name,
        m.sent_at, m.delivered_at, m.read_at, m.test_of, r.cancelled_by,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template
    FROM entry AS e LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    LEFT JOIN run AS r ON r.id = m.run_id
    WHERE e.conversation_id = $1 ORDER BY e.at, e.id";

const UNCLEAR: &str = "SELECT at, received_at FROM entry
    WHERE conversation_id = $1 AND direction = 'in' AND certainty = 'ambiguous' ORDER BY received_at DESC, id DESC LIMIT 1";

/// Of the replies that could belong to several messages, those since the one chosen had gone out.
const ASSIGN: &str = "UPDATE entry SET message_id = $2, certainty = 'set'
    WHERE conversation_id = $1 AND direction = 'in' AND certainty = 'ambiguous' AND received_at >= $3";

const LAST_IN: &str = "UPDATE conversation SET last_in = $2 WHERE id = $1";

const ANSWERED_SINCE: &str = "SELECT COUNT(*) FROM entry
    WHERE conversation_id = $1 AND id > $2 AND direction = 'out' AND author <> '' AND author <> $3";

/// Which way a line goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Direction {
    /// From the person.
    In,
    /// To the person; the text and the ticks are its message's.
    Out,
    /// Between agents only.
    Note,
}

/// A line to add.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which way it goes.
    pub direction: Direction,
    /// What the person sent, or a note's text. `None` for out: the message holds it.
    pub content: Option<&'a ReplyContent>,
    /// The provider's id of a reply.
    pub provider_id: Option<&'a str>,
    /// The message sent (out), or the one the reply is about (in).
    pub message: Option<MessageId>,
    /// How sure that is.
    pub certainty: Option<Certainty>,
    /// The agent; empty for replies and campaigns.
    pub author: &'a str,
    /// When it was written or sent.
    pub at: UnixMs,
    /// When Recado had it.
    pub received_at: UnixMs,
}

/// A line as stored, with what its message tells.
#[derive(Clone, Debug, FromRow)]
pub struct Line {
    /// Its id.
    pub id: EntryId,
    /// Which way it goes.
    pub direction: Direction,
    /// JSON of [`ReplyContent`] for in and notes; `null` for out.
    pub content: String,
    /// The provider's id of a reply.
    pub provider_id: Option<String>,
    /// The message sent (out), or the one the reply is about (in).
    pub message_id: Option<MessageId>,
    /// How sure that is.
    pub certainty: Option<Certainty>,
    /// The agent; empty for replies and campaigns.
    pub author: String,
    /// When it was written or sent.
    pub at: UnixMs,
    /// State of the message sent.
    pub state: Option<MessageState>,
    /// What the message sent is made of, as JSON of [`Content`](crate::domain::fill::Content).
    pub message_content: Option<String>,
    /// Why it failed.
    pub failure_code: Option<i64>,
    /// Why it was not sent.
    pub end_reason: Option<String>,
    /// The name in the message's row.
    pub recipient_name: Option<String>,
    /// When the provider sent it.
    pub sent_at: Option<UnixMs>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
    /// The run's snapshot of the template, as JSON.
    pub template: Option<String>,
    /// The campaign that the message sent is a test of, where it is one.
    pub test_of: Option<CampaignId>,
    /// Who cancelled the run.
    pub cancelled_by: Option<String>,
}

/// The conversation that already has the reply with this provider's id.
pub async fn seen(tx: &mut Tx, provider_id: &str) -> Result<Option<ConversationId>> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SEEN).bind(provider_id).fetch_optional(c).await?))
}

/// Adds a line. The person's last one is known to the conversation too: what is unread goes by it.
pub async fn add(tx: &mut Tx, new: &NewEntry<'_>) -> Result<EntryId> {
    let content = super::json(&new.content);
    let id: EntryId = on_tx!(tx, |c| sqlx::query_scalar(ADD)
        .bind(new.conversation)
        .bind(new.direction)
        .bind(&content)
        .bind(new.provider_id)
        .bind(new.message)
        .bind(new.certainty)
        .bind(new.author)
        .bind(new.at)
        .bind(new.received_at)
        .fetch_one(c)
        .await?);
    if new.direction == Direction::In {
        on_tx!(tx, |c| sqlx::query(LAST_IN).bind(new.conversation).bind(id).execute(c).await.map(drop))?;
    }
    Ok(id)
}

/// Whether the thread shows `message` already.
pub async fn shows(tx: &mut Tx, conversation: ConversationId, message: MessageId) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(SHOWN).bind(conversation).bind(message).fetch_one(c).await?);
    Ok(n > 0)
}

/// Whether somebody other than `author` wrote to the person after the line `last`.
pub async fn is_answered_since(tx: &mut Tx, id: ConversationId, last: EntryId, author: &str) -> Result<bool> {
    let n: i64 =
        on_tx!(tx, |c| sqlx::query_scalar(ANSWERED_SINCE).bind(id).bind(last).bind(author).fetch_one(c).await?);
    Ok(n > 0)
}

/// Every line of a conversation, oldest first.
pub async fn lines(store: &Store, conversation: ConversationId) -> Result<Vec<Line>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(THREAD).bind(conversation).fetch_all(pool).await?))
}

/// The last reply of a conversation that could belong to several messages and that nobody has assigned yet: when it
/// was written, and when Recado had it.
pub async fn unclear(tx: &mut Tx, conversation: ConversationId) -> Result<Option<(UnixMs, UnixMs)>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(UNCLEAR).bind(conversation).fetch_optional(c).await?))
}

/// Makes the unclear replies that came at `since` or later answers of `message`. Returns how many there were.
pub async fn assign(tx: &mut Tx, conversation: ConversationId, message: MessageId, since: UnixMs) -> Result<u64> {
    Ok(on_tx!(tx, |c| sqlx::query(ASSIGN)
        .bind(conversation)
        .bind(message)
        .bind(since)
        .execute(c)
        .await?
        .rows_affected()))
}
