//! What an agent sees of a person beside the conversation.

use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const RECENT: &str = "
    SELECT m.id, m.run_id, COALESCE(c.title, '') AS title, m.state, m.due_at, m.author,
           (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome
    FROM message AS m LEFT JOIN campaign AS c ON c.id = m.campaign_id
    WHERE m.person_id = $1 AND m.conversation_id IS NULL ORDER BY m.id DESC LIMIT $2";

/// A campaign's message to the person.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Sent {
    /// Its id.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Title of its campaign; empty for one sent by hand.
    pub title: String,
    /// Where it is.
    pub state: MessageState,
    /// When it was due.
    pub due_at: UnixMs,
    /// Who sent it by hand.
    pub author: String,
    /// What the person decided.
    pub outcome: Option<String>,
}

/// The last messages of campaigns to `person`.
pub async fn recent(store: &Store, person: PersonId, limit: i64) -> Result<Vec<Sent>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(RECENT).bind(person).bind(limit).fetch_all(pool).await?))
}
