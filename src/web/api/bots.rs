//! What a bot does: it reads and answers the conversations it has, and gives them back. Others do not exist for it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answers::AnswerSent;
use super::conversations::{ConversationDetail, detail};
use super::extract::{Asked, Id, Sent};
use super::handover::{self, BackBody};
use super::paging::{self, Listed};
use crate::domain::id::ConversationId;
use crate::engine::{AnswerOutcome, Seen};
use crate::store::conversation::{self, Conversation};
use crate::web::actor::Actor;
use crate::web::converse;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

/// Which of its conversations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BotAsked {
    /// Only those whose person waits for an answer.
    #[serde(default)]
    waiting: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A bot's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotAnswer {
    /// At most 4,096 characters.
    text: String,
}

/// What was decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotOutcome {
    /// A word of at most 40 small letters, digits and `_`, as `confirmed`; not `opted_out`, `no_answer`, `answered` or `to_be_read`. The conversation's `outcomes` are those its campaign knows.
    outcome: String,
}

/// The bot behind a token.
fn bot(actor: &Actor) -> Result<&str, WebError> {
    actor.bot().ok_or(WebError::Conflict("needs_bot"))
}

async fn theirs(state: &WebState, actor: &Actor, id: i64) -> Result<Conversation, WebError> {
    let bot = bot(actor)?;
    let found = conversation::get(state.store(), ConversationId(id)).await?;
    found.filter(|c| c.bot.as_deref() == Some(bot)).ok_or(WebError::NotFound)
}

/// The conversations that the bot has
#[utoipa::path(get, path = "/api/v1/bot/conversations", tag = "bots", params(BotAsked),
    responses((status = 200, description = "By number, the first first", body = Listed<Conversation>),
              (status = 409, description = "Only a token with the role bot has any", body = ProblemDocument)))]
pub async fn all(
    State(state): State<WebState>,
    actor: Actor,
    Asked(asked): Asked<BotAsked>,
) -> Result<Json<Listed<Conversation>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let after = ConversationId(paging::number(asked.cursor.as_deref(), 0)?);
    let found = conversation::of_bot(state.store(), bot(&actor)?, asked.waiting, (after, limit + 1)).await?;
    Ok(Json(Listed::cut(found, limit, |c| c.id.to_string(), |c| c)))
}

/// A conversation that the bot has, with its thread
#[utoipa::path(get, path = "/api/v1/bot/conversations/{id}", tag = "bots",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = ConversationDetail),
              (status = 404, description = "The bot has no such conversation", body = ProblemDocument)))]
pub async fn one(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<ConversationDetail>, WebError> {
    let c = theirs(&state, &actor, id).await?;
    Ok(Json(detail(&state, c).await?))
}

/// Answer, while the window is open
#[utoipa::path(post, path = "/api/v1/bot/conversations/{id}/answer", tag = "bots", request_body = BotAnswer,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is in line", body = AnswerSent),
              (status = 404, description = "The bot has no such conversation", body = ProblemDocument),
              (status = 422, description = "The window is closed, or somebody took it meanwhile", body = ProblemDocument)))]
pub async fn answer(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<BotAnswer>,
) -> Result<Response, WebError> {
    // What is answered already needs no leave any more.
    if !actor.once.is_made() {
        theirs(&state, &actor, id).await?;
    }
    match state.engine.answer_as_bot(ConversationId(id), &body.text, bot(&actor)?, &actor.once).await? {
        AnswerOutcome::Sent(message) => {
            let (subject, detail) = (format!("conversation {id}"), format!("message {message}"));
            state.audit(&actor, "conversation.answer", &subject, &detail).await?;
            Ok((StatusCode::CREATED, Json(AnswerSent { message })).into_response())
        }
        AnswerOutcome::Overtaken => Err(WebError::Conflict("conversation_state")),
        AnswerOutcome::Refused(problem) => Err(WebError::Refused(vec![problem])),
    }
}

/// Set or correct what the person decided
#[utoipa::path(post, path = "/api/v1/bot/conversations/{id}/outcome", tag = "bots", request_body = BotOutcome,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is kept, beside the earlier ones", body = Conversation),
              (status = 404, description = "The bot has no such conversation", body = ProblemDocument)))]
pub async fn set_outcome(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<BotOutcome>,
) -> Result<Json<Conversation>, WebError> {
    let c = theirs(&state, &actor, id).await?;
    converse::set_outcome(&state, &actor, c.id, (body.outcome.trim(), Seen::default())).await?;
    Ok(Json(c))
}

/// Give it back to the agents
#[utoipa::path(post, path = "/api/v1/bot/conversations/{id}/back", tag = "bots", request_body = BackBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It waits for an agent", body = Conversation),
              (status = 404, description = "The bot has no such conversation", body = ProblemDocument)))]
pub async fn back(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<BackBody>,
) -> Result<Json<Conversation>, WebError> {
    // What was given back already is not theirs any more.
    if !actor.once.is_made() {
        theirs(&state, &actor, id).await?;
    }
    handover::give_back(&state, &actor, (id, Some(bot(&actor)?)), &body.note).await
}
