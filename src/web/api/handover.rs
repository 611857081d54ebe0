//! Handing a conversation to an agent, a team or a bot, and back.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::conversations::found;
use super::desk;
use super::extract::{Id, Sent, wrong};
use crate::domain::free::is_blank;
use crate::inbox::assign::{HandOver, Onward, Reach};
use crate::store::conversation::Conversation;
use crate::store::user;
use crate::web::actor::Actor;
use crate::web::converse;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::handover::{hand, onward};
use crate::web::state::WebState;

/// Whose it becomes: a user's or a team's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignBody {
    /// A user's name.
    user: Option<String>,
    /// A team's name.
    team: Option<String>,
    /// What the next reads, at most 4,096 characters.
    #[serde(default)]
    note: String,
    /// For whom a token does it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
}

/// Which bot gets it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotBody {
    /// The name of the bot's token.
    bot: String,
    /// What agents read, at most 4,096 characters.
    #[serde(default)]
    note: String,
    /// For whom a token does it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
}

/// What agents read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackBody {
    /// At most 4,096 characters.
    #[serde(default)]
    pub(super) note: String,
}

/// Hand a conversation to an agent or a team
#[utoipa::path(post, path = "/api/v1/conversations/{id}/assign", tag = "conversations", request_body = AssignBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is theirs", body = Conversation),
              (status = 409, description = "It is closed, or a colleague has it", body = ProblemDocument)))]
pub async fn assign(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<AssignBody>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let to = match (body.user, body.team) {
        (Some(name), None) => {
            let found = user::by_name(state.store(), &name).await?;
            format!("user:{}", found.ok_or_else(|| wrong("user", "nobody of that name may converse"))?.id)
        }
        (None, Some(team)) => format!("team:{team}"),
        _ => return Err(wrong("user", "a user or a team")),
    };
    let (to, name) = onward(&state, &to).await?;
    hand(&state, &actor, found(&state, id).await?.id, (&to, &name), &body.note).await?;
    Ok(Json(found(&state, id).await?))
}

/// Give a conversation to a bot
///
/// While a bot has it, agents do not see it in their lists unless they ask for it. What the bot leaves unanswered for too
/// long comes back to them.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/bot", tag = "conversations", request_body = BotBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "The bot has it", body = Conversation),
              (status = 400, description = "No bot has a token of that name", body = ProblemDocument),
              (status = 409, description = "It is closed, or a colleague has it", body = ProblemDocument)))]
pub async fn to_bot(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<BotBody>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let name = format!("bot:{}", body.bot);
    hand(&state, &actor, found(&state, id).await?.id, (&Onward::Bot(body.bot), &name), &body.note).await?;
    Ok(Json(found(&state, id).await?))
}

/// Take a conversation back from its bot, for the agents
#[utoipa::path(post, path = "/api/v1/conversations/{id}/bot/back", tag = "conversations", request_body = BackBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It waits for an agent", body = Conversation),
              (status = 409, description = "No bot has it", body = ProblemDocument)))]
pub async fn back(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<BackBody>,
) -> Result<Json<Conversation>, WebError> {
    give_back(&state, &actor, (id, None), &body.note).await
}

/// Gives it back, from `bot` alone where one is named.
pub(super) async fn give_back(
    state: &WebState,
    actor: &Actor,
    (id, bot): (i64, Option<&str>),
    note: &str,
) -> Result<Json<Conversation>, WebError> {
    let note = if is_blank(note) { "" } else { note.trim() };
    if note.chars().count() > converse::LONGEST_NOTE || note.contains('\0') {
        return Err(WebError::Bad("conversation_note"));
    }
    let id = found(state, id).await?.id;
    let (by, pen) = (actor.name.as_str(), actor.pen());
    let how = HandOver { by, pen: &pen, of: Reach::All, to: "", note, at: state.now() };
    if !converse::inbox_of(state, actor).give_back(id, bot, &how).await? {
        return Err(WebError::Conflict("conversation_state"));
    }
    Ok(Json(found(state, id.0).await?))
}
