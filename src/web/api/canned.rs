//! Canned answers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Id, Sent};
use super::paging::Listed;
use crate::engine::canned::CannedDraft;
use crate::store::canned::{self, Canned};
use crate::web::actor::Actor;
use crate::web::canned as act;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

/// A canned answer to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CannedSent {
    /// Its number, to change one; left out: a new one.
    id: Option<i64>,
    /// The team that has it; left out: everybody.
    #[serde(default)]
    team: String,
    /// What agents type after `/`: one word.
    code: String,
    /// At most 4,096 characters. `{{ name }}`, `{{ agent }}` and every variable are filled in, with the filters of campaign
    /// files; what stands in `[…]` the agent fills.
    text: String,
}

/// What was kept.
#[derive(Serialize, ToSchema)]
pub struct CannedKept {
    /// Its number.
    pub id: i64,
}

/// Canned answers
#[utoipa::path(get, path = "/api/v1/canned-answers", tag = "conversations",
    responses((status = 200, description = "By code", body = Listed<Canned>)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Listed<Canned>>, WebError> {
    Ok(Json(Listed { items: canned::all(state.store()).await?, next: None }))
}

/// Keep a canned answer
#[utoipa::path(post, path = "/api/v1/canned-answers", tag = "conversations", request_body = CannedSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is kept", body = CannedKept),
              (status = 409, description = "It is a team's that one is not in", body = ProblemDocument),
              (status = 422, description = "Code or text are wrong, or the code is taken", body = ProblemDocument)))]
pub async fn set(
    State(state): State<WebState>,
    actor: Actor,
    Sent(sent): Sent<CannedSent>,
) -> Result<Response, WebError> {
    let draft = CannedDraft { team: &sent.team, code: &sent.code, text: &sent.text };
    let id = act::save(&state, &actor, sent.id, draft).await?;
    Ok((StatusCode::CREATED, Json(CannedKept { id })).into_response())
}

/// Remove a canned answer
#[utoipa::path(delete, path = "/api/v1/canned-answers/{id}", tag = "conversations",
    params(("id" = i64, Path, description = "The canned answer")),
    responses((status = 204, description = "It is gone"),
              (status = 404, description = "There is no such one", body = ProblemDocument)))]
pub async fn remove(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<StatusCode, WebError> {
    act::throw_away(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
