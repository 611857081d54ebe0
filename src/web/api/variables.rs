//! Custom variables.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::Sent;
use super::paging::Listed;
use crate::store::variable::{self, Variable};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;
use crate::web::template_act;

/// A name and its text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariableSent {
    /// As expressions call it: lower-case letters, digits and `_`.
    name: String,
    /// Its text.
    value: String,
}

/// Custom variables
#[utoipa::path(get, path = "/api/v1/variables", tag = "variables",
    responses((status = 200, description = "By name; those of the configuration are not among them", body = Listed<Variable>)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Listed<Variable>>, WebError> {
    Ok(Json(Listed { items: variable::all(state.store()).await?, next: None }))
}

/// Set a custom variable
#[utoipa::path(post, path = "/api/v1/variables", tag = "variables", request_body = VariableSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is set"),
              (status = 422, description = "The name or the text is wrong", body = ProblemDocument)))]
pub async fn set(
    State(state): State<WebState>,
    actor: Actor,
    Sent(sent): Sent<VariableSent>,
) -> Result<StatusCode, WebError> {
    template_act::set_variable(&state, &actor, &sent.name, &sent.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a custom variable
#[utoipa::path(delete, path = "/api/v1/variables/{name}", tag = "variables",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone"),
              (status = 404, description = "There is no such variable", body = ProblemDocument)))]
pub async fn remove(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<StatusCode, WebError> {
    template_act::remove_variable(&state, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
