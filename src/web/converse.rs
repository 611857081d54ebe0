//! What agents do to conversations, for pages and API alike. Only people can: a token has no desk.

use crate::domain::id::{ConversationId, MessageId, UserId};
use crate::engine::{AnswerOutcome, Author};
use crate::inbox::Inbox;

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// Longer outcomes are not words.
const LONGEST_OUTCOME: usize = 60;

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
            let subject = format!("conversation {id}");
            state.audit(actor, "conversation.answer", &subject, &format!("message {message}")).await?;
            Ok(message)
        }
        AnswerOutcome::Refused(problem) => Err(WebError::Refused(vec![problem])),
    }
}

/// Takes a conversation that nobody has.
pub async fn claim(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).claim(id, author(actor)?.id).await?;
    note(state, actor, done, "conversation.claim", id, "").await
}

/// Closes it.
pub async fn close(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).close(id, &actor.name, state.now()).await?;
    note(state, actor, done, "conversation.close", id, "").await
}

/// Opens it again.
pub async fn reopen(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).reopen(id, state.now()).await?;
    note(state, actor, done, "conversation.reopen", id, "").await
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
    note(state, actor, done, "conversation.assign", id, &to).await
}

/// Sets or corrects what the person decided.
pub async fn set_outcome(state: &WebState, actor: &Actor, id: ConversationId, outcome: &str) -> Result<(), WebError> {
    let word = outcome.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    if outcome.is_empty() || outcome.chars().count() > LONGEST_OUTCOME || !word {
        return Err(WebError::Bad("outcome"));
    }
    let done = inbox(state).set_outcome(id, None, outcome, &actor.name, state.now()).await?;
    note(state, actor, done, "conversation.outcome", id, outcome).await
}

async fn note(
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
    state.audit(actor, action, &format!("conversation {id}"), detail).await?;
    Ok(())
}
