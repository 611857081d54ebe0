//! What somebody of ours wrote and did not arrive brings its conversation back, with a line that says so.

use super::{ConversationState, Happening, by_id, hold_person, latest, step};
use crate::domain::event::ReplyContent;
use crate::domain::fill::Content;
use crate::domain::free::Free;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::{Dialects, Result, Tx, identity, json, on_tx};

/// What agents and bots wrote. What was answered by itself asks for nobody: whoever tapped a button has said what they want.
const WRITTEN: Dialects = Dialects {
    sqlite: "SELECT e.conversation_id, m.content FROM message AS m
             JOIN entry AS e ON e.message_id = m.id AND e.direction = 'out'
             WHERE m.id IN (SELECT value FROM json_each($1)) AND m.run_id = 0 AND m.test_of IS NULL
                 AND m.author NOT IN ('', 'automatic') AND m.state IN ('failed', 'excluded', 'expired')
             ORDER BY e.conversation_id, m.id",
    postgres: "SELECT e.conversation_id, m.content FROM message AS m
               JOIN entry AS e ON e.message_id = m.id AND e.direction = 'out'
               WHERE m.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) AND m.run_id = 0
                   AND m.test_of IS NULL AND m.author NOT IN ('', 'automatic')
                   AND m.state IN ('failed', 'excluded', 'expired')
               ORDER BY e.conversation_id, m.id",
};

/// Of what agents and bots wrote in a conversation, what nobody knows of whether it left.
const DOUBTFUL: &str = "SELECT e.conversation_id, m.content FROM message AS m
    JOIN entry AS e ON e.message_id = m.id AND e.direction = 'out'
    WHERE e.conversation_id = $1 AND m.state = 'in_doubt' AND m.run_id = 0 AND m.test_of IS NULL
        AND m.author NOT IN ('', 'automatic')
    ORDER BY m.id";

/// Letters of what did not arrive, by which it is known again.
const EXCERPT: usize = 80;

/// Of `messages` those that somebody of ours wrote and that have just ended without reaching the person: their conversations
/// wait again for whoever had them, unread, and open if they were closed. Where the person has another open conversation with
/// that sender, a closed one stays as it is. Returns the conversations that changed.
///
/// # Errors
/// The database.
pub async fn bring_back(tx: &mut Tx, messages: &[MessageId], at: UnixMs) -> Result<Vec<ConversationId>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (WRITTEN.of_tx(tx), json(messages));
    let written: Vec<(ConversationId, String)> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?);
    take_up(tx, written, Why::Failed, at).await
}

/// A conversation that would end now waits instead, where nobody knows of an answer in it whether it left, with a line for
/// each. Returns what changed.
///
/// # Errors
/// The database.
pub async fn bring_back_doubtful(tx: &mut Tx, id: ConversationId, at: UnixMs) -> Result<Vec<ConversationId>> {
    let written = on_tx!(tx, |c| sqlx::query_as(DOUBTFUL).bind(id).fetch_all(c).await?);
    take_up(tx, written, Why::InDoubt, at).await
}

/// Why a conversation comes back.
#[derive(Clone, Copy)]
enum Why {
    /// What was written did not arrive.
    Failed,
    /// Nobody knows whether it left.
    InDoubt,
}

impl Why {
    const fn line(self) -> &'static str {
        match self {
            Self::Failed => ReplyContent::NOT_DELIVERED,
            Self::InDoubt => ReplyContent::IN_DOUBT,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Failed => "conversation.not_delivered",
            Self::InDoubt => "conversation.in_doubt",
        }
    }
}

async fn take_up(
    tx: &mut Tx,
    written: Vec<(ConversationId, String)>,
    why: Why,
    at: UnixMs,
) -> Result<Vec<ConversationId>> {
    let mut back = Vec::new();
    for (id, content) in written {
        let Ok(content) = serde_json::from_str::<Content>(&content) else { continue };
        // Nobody misses a reaction.
        if matches!(content, Content::Free { free: Free::Reaction { .. }, .. }) || !may_open(tx, id).await? {
            continue;
        }
        if step(tx, id, Happening::NotDelivered, at).await?.is_some() {
            say(tx, id, (why, content), at).await?;
            let subject = format!("conversation {id}");
            let deed = Deed { actor: audit::ITSELF, action: why.action(), subject: &subject, detail: "" };
            audit::write_in(tx, at, deed).await?;
            back.push(id);
        }
    }
    Ok(back)
}

/// Whether it is open, or nothing stands against opening it.
async fn may_open(tx: &mut Tx, id: ConversationId) -> Result<bool> {
    let Some(found) = by_id(tx, id).await? else { return Ok(false) };
    if found.state == ConversationState::Open {
        return Ok(true);
    }
    let root = identity::row(tx, found.person_id).await?.root();
    let family = identity::family(tx, root).await?;
    hold_person(tx, &family).await?;
    let last = latest(tx, &family, &found.sender).await?;
    Ok(last.is_none_or(|last| last.id == id || last.state == ConversationState::Closed))
}

/// The line among agents; what is unread goes by it.
async fn say(tx: &mut Tx, id: ConversationId, (why, written): (Why, Content), at: UnixMs) -> Result<()> {
    let text = written.rendered(|| None).map(|text| text.body).unwrap_or_default();
    let content = ReplyContent::Other { what: why.line().to_owned(), summary: excerpt(&text) };
    let line = NewEntry {
        conversation: id,
        direction: Direction::Note,
        content: Some(&content),
        provider_id: None,
        quoted: None,
        message: None,
        certainty: None,
        author: audit::ITSELF,
        at,
        received_at: at,
    };
    let entry = entry::add(tx, &line).await?;
    entry::to_read(tx, vec![(id, entry)]).await
}

fn excerpt(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short =
        if line.chars().count() <= EXCERPT { line } else { line.chars().take(EXCERPT).chain(['…']).collect() };
    Some(short).filter(|short| !short.is_empty())
}
