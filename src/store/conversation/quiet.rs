//! Conversations that ended by themselves because nobody wrote any more: whom to take up again.

use sqlx::FromRow;

use crate::domain::id::ConversationId;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

/// Of each person the latest conversation, where that is one of these; nobody whom somebody talks with now, whose matter is
/// settled (by a word that ended it, by an outcome) or who wants no more. One that ended by itself was quiet for its time
/// before; what is heard afterwards ends it in another way. `$4`: whose silence it was: `them`, `us`, or empty for both.
const EXPIRED: &str =
    "SELECT c.id, COALESCE(p.phone, p.wa_id) AS phone, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
        u.name AS agent, c.team, c.sender, k.title AS campaign, c.last_at
    FROM conversation AS c JOIN person AS p ON p.id = c.person_id
    LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
    LEFT JOIN campaign AS k ON k.id = c.campaign_id
    WHERE c.state = 'closed' AND c.closed_by = '' AND c.closed_at >= $1 AND c.id > $2
        AND c.closed_at >= c.last_at + c.close_after
        AND NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.message_id = c.origin_message_id)
        AND NOT EXISTS (SELECT 1 FROM suppression AS s WHERE s.lifted_at IS NULL AND s.person_id IN
            (SELECT f.id FROM person AS f WHERE f.id = c.person_id OR f.linked_to = c.person_id))
        AND ($4 = '' OR $4 = CASE (SELECT e.direction FROM entry AS e
                WHERE e.conversation_id = c.id AND e.direction IN ('in', 'out') ORDER BY e.at DESC, e.id DESC LIMIT 1)
            WHEN 'in' THEN 'us' ELSE 'them' END)
        AND COALESCE(p.phone, p.wa_id) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM conversation AS n WHERE n.person_id = c.person_id AND n.id > c.id)
    ORDER BY c.id LIMIT $3";

/// Whose silence it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Silent {
    /// The person's: we wrote last.
    Them,
    /// Ours: they wrote last.
    Us,
    /// Either's.
    #[default]
    Either,
}

impl Silent {
    const fn word(self) -> &'static str {
        match self {
            Self::Them => "them",
            Self::Us => "us",
            Self::Either => "",
        }
    }
}

/// Such a conversation.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Quiet {
    /// Its number.
    pub id: ConversationId,
    /// The person's number, digits.
    pub phone: String,
    /// The person's name, or empty.
    pub name: String,
    /// Name of the agent who had it.
    pub agent: Option<String>,
    /// The team that had it.
    pub team: Option<String>,
    /// With which sender.
    pub sender: String,
    /// Title of the campaign it came of.
    pub campaign: Option<String>,
    /// When something was last written.
    pub last_at: UnixMs,
}

/// Those closed by themselves since `since`, after the conversation `after`.
pub async fn quiet(
    store: &Store,
    since: UnixMs,
    silent: Silent,
    (after, limit): (ConversationId, i64),
) -> Result<Vec<Quiet>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(EXPIRED)
        .bind(since)
        .bind(after)
        .bind(limit)
        .bind(silent.word())
        .fetch_all(pool)
        .await?))
}
