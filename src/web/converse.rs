//! What agents do to conversations, for pages and API alike. Only people can: a token has no desk.

use crate::domain::id::{ConversationId, MessageId, UserId};
use crate::engine::{AnswerOutcome, Author};
use crate::inbox::Inbox;
use crate::inbox::choice::Choice;
use crate::store::conversation::Conversation;
use crate::store::outcome;

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// Longer outcomes are not words.
const LONGEST_OUTCOME: usize = 60;

/// Characters of a note.
pub const LONGEST_NOTE: usize = 4_096;

/// What can still be chosen for the conversation's last unclear reply.
pub async fn choices(state: &WebState, id: ConversationId) -> Result<Vec<Choice>, WebError> {
    Ok(inbox(state).choices(id).await?)
}

/// What was decided last about the message a conversation is about.
pub async fn decided(state: &WebState, c: &Conversation) -> Result<Option<String>, WebError> {
    let Some(message) = c.origin_message_id else { return Ok(None) };
    Ok(outcome::of_message(state.store(), message).await?.into_iter().next().map(|o| o.outcome))
}

/// The person behind `actor`, as an author.
pub fn author(actor: &Actor) -> Result<Author, WebError> {
    let id = actor.user.ok_or(WebError::Conflict("needs_person"))?;
    Ok(Author { id, name: actor.name.clone() })
}

fn inbox(state: &WebState) -> Inbox {
    Inbox::new(state.store().clone(), state.engine.changes.clone())
}

/// Sends an answer while the window is open.
pub async fn answer(state: &WebState, actor: &Actor, id: ConversationId, text: &str) -> Result<MessageId, WebError> {
    match state.engine.answer(id, text, &author(actor)?).await? {
        AnswerOutcome::Sent(message) => {
            audit(state, actor, "conversation.answer", id, &format!("message {message}")).await?;
            Ok(message)
        }
        AnswerOutcome::Refused(problem) => Err(WebError::Refused(vec![problem])),
    }
}

/// Takes a conversation that nobody has.
pub async fn claim(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).claim(id, author(actor)?.id).await?;
    changed(state, actor, done, "conversation.claim", id, "").await
}

/// Closes it.
pub async fn close(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).close(id, &actor.name, state.now()).await?;
    changed(state, actor, done, "conversation.close", id, "").await
}

/// Opens it again.
pub async fn reopen(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).reopen(id, state.now()).await?;
    changed(state, actor, done, "conversation.reopen", id, "").await
}

/// Hands it to an agent or a team.
pub async fn assign(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    agent: Option<UserId>,
    team: Option<&str>,
) -> Result<(), WebError> {
    let done = inbox(state).assign(id, agent, team).await?;
    let to = agent.map_or_else(|| team.unwrap_or_default().to_owned(), |a| format!("user {a}"));
    changed(state, actor, done, "conversation.assign", id, &to).await
}

/// Sets or corrects what the person decided.
pub async fn set_outcome(state: &WebState, actor: &Actor, id: ConversationId, outcome: &str) -> Result<(), WebError> {
    let word = outcome.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    if outcome.is_empty() || outcome.chars().count() > LONGEST_OUTCOME || !word {
        return Err(WebError::Bad("outcome"));
    }
    let done = inbox(state).set_outcome(id, None, outcome, &actor.name, state.now()).await?;
    changed(state, actor, done, "conversation.outcome", id, outcome).await
}

/// Says which message an unclear reply answers.
pub async fn choose(state: &WebState, actor: &Actor, id: ConversationId, message: MessageId) -> Result<(), WebError> {
    if !inbox(state).choose(id, message).await? {
        return Err(WebError::Conflict("choice_gone"));
    }
    audit(state, actor, "conversation.about", id, &format!("message {message}")).await
}

/// Writes a note that only those who converse see. The audit has no copy of its words.
pub async fn note(state: &WebState, actor: &Actor, id: ConversationId, text: &str) -> Result<(), WebError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NOTE {
        return Err(WebError::Bad("conversation_note"));
    }
    if !inbox(state).note(id, text, &actor.name, state.now()).await? {
        return Err(WebError::NotFound);
    }
    audit(state, actor, "conversation.note", id, "").await
}

async fn changed(
    state: &WebState,
    actor: &Actor,
    done: bool,
    action: &str,
    id: ConversationId,
    detail: &str,
) -> Result<(), WebError> {
    if !done {
        return Err(WebError::Conflict("conversation_state"));
    }
    audit(state, actor, action, id, detail).await
}

async fn audit(
    state: &WebState,
    actor: &Actor,
    action: &str,
    id: ConversationId,
    detail: &str,
) -> Result<(), WebError> {
    state.audit(actor, action, &format!("conversation {id}"), detail).await?;
    Ok(())
}
