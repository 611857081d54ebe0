//! Who is here: presence, room for conversations, and saying whether one takes them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::Sent;
use crate::domain::id::{ConversationId, UserId};
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::store::presence::{self, Availability};
use crate::store::user;
use crate::web::actor::Actor;
use crate::web::availability;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

use super::paging::Listed;

/// Somebody who may converse.
#[derive(Serialize, ToSchema)]
pub struct AgentView {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// What they said of themselves; `null`: nothing yet.
    pub availability: Option<Availability>,
    /// Whether a page of theirs is open.
    pub here: bool,
    /// When one last was.
    pub seen_at: Option<UnixMs>,
    /// The conversation they look at now.
    pub looks_at: Option<ConversationId>,
    /// Whether they write in it.
    pub typing: bool,
    /// How many conversations are given to them at most at a time.
    pub capacity: i64,
}

/// Whether one takes conversations.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityBody {
    /// `available` or `away`.
    state: Availability,
}

/// Everybody who may converse
#[utoipa::path(get, path = "/api/v1/agents", tag = "conversations",
    responses((status = 200, description = "Everybody who may converse", body = Listed<AgentView>)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Listed<AgentView>>, WebError> {
    let (store, now) = (state.store(), state.now());
    let here = presence::all(store).await?;
    let users = user::all(store).await?.into_iter().filter(|u| u.disabled_at.is_none() && u.role.may(Right::Converse));
    let items = users.map(|u| {
        let known = here.iter().find(|p| p.user_id == u.id);
        AgentView {
            id: u.id,
            name: u.name,
            availability: known.map(|p| p.state),
            here: known.is_some_and(|p| p.is_here(now)),
            seen_at: known.map(|p| p.seen_at),
            looks_at: known.filter(|p| p.is_here(now)).and_then(|p| p.conversation_id),
            typing: known.is_some_and(|p| p.is_typing(now)),
            capacity: u.capacity.unwrap_or(state.config().conversations.capacity),
        }
    });
    Ok(Json(Listed { items: items.collect(), next: None }))
}

/// Say whether you take conversations
#[utoipa::path(post, path = "/api/v1/me/availability", tag = "me", request_body = AvailabilityBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It counts from now on"),
              (status = 409, description = "A token has no desk", body = ProblemDocument)))]
pub async fn set(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<AvailabilityBody>,
) -> Result<StatusCode, WebError> {
    availability::say(&state, &actor, body.state).await?;
    Ok(StatusCode::NO_CONTENT)
}
