//! What stands beside a thread: who the person is and what they and we have had before.

use serde::Serialize;
use sqlx::FromRow;

use super::{BY_ID, Conversation, ConversationState};
use crate::domain::id::{ConversationId, MessageId, PersonId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const PANEL: &str = "SELECT c.id AS conversation_id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
        COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, p.username, NULLIF(m.row_no, 0) AS row_no, m.external_id, m.happens_at,
        m.timezone, m.cost_centre, k.name AS campaign_name, k.title AS campaign_title, u.name AS assignee_name
    FROM conversation AS c JOIN person AS p ON p.id = c.person_id
    LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN campaign AS k ON k.id = c.campaign_id
    LEFT JOIN app_user AS u ON u.id = c.assignee
    WHERE c.id = $1";

const EARLIER: &str = "SELECT c.id, c.state, c.sender, k.title AS campaign, c.origin_message_id, c.opened_at, c.last_at
    FROM conversation AS c JOIN person AS p ON p.id = c.person_id LEFT JOIN campaign AS k ON k.id = c.campaign_id
    WHERE (p.id = $1 OR p.linked_to = $1) AND c.id <> $2 ORDER BY c.id DESC LIMIT $3";

/// Who the person of a conversation is, and the row it began with.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Panel {
    /// Of which conversation.
    pub conversation_id: ConversationId,
    /// Who.
    pub person_id: PersonId,
    /// Their name: the row's, else the profile's, else empty.
    pub name: String,
    /// Their number, digits, if known. Without one only they can write.
    pub phone: Option<String>,
    /// Their WhatsApp user name.
    pub username: Option<String>,
    /// Row of the audience; none for a message sent by hand.
    pub row_no: Option<i64>,
    /// The row's id.
    pub external_id: Option<String>,
    /// When the row's appointment is.
    pub happens_at: Option<UnixMs>,
    /// The person's time zone.
    pub timezone: Option<String>,
    /// Who pays.
    pub cost_centre: Option<String>,
    /// Folder name of the campaign.
    pub campaign_name: Option<String>,
    /// Title of the campaign.
    pub campaign_title: Option<String>,
    /// Name of whose conversation it is.
    pub assignee_name: Option<String>,
}

/// Another conversation with the same person.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize)]
pub struct Earlier {
    /// Its id.
    pub id: ConversationId,
    /// Open or closed.
    pub state: ConversationState,
    /// Name of the sender.
    pub sender: String,
    /// Title of its campaign.
    pub campaign: Option<String>,
    /// The message it is about.
    pub origin_message_id: Option<MessageId>,
    /// When it began.
    pub opened_at: UnixMs,
    /// When somebody last wrote.
    pub last_at: UnixMs,
}

/// The conversation `id`.
pub async fn get(store: &Store, id: ConversationId) -> Result<Option<Conversation>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await?))
}

/// Who the person of the conversation `id` is.
pub async fn panel(store: &Store, id: ConversationId) -> Result<Option<Panel>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PANEL).bind(id).fetch_optional(pool).await?))
}

/// The person's other conversations, newest first. `root` is the row that stands for them.
pub async fn earlier(store: &Store, root: PersonId, not: ConversationId, limit: i64) -> Result<Vec<Earlier>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(EARLIER).bind(root).bind(not).bind(limit).fetch_all(pool).await?))
}
