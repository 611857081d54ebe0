//! One person: everything kept of them, and erasing it.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Id};
use super::paging::Listed;
use crate::domain::id::PersonId;
use crate::engine::person::{Erased, PersonExport};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::people;
use crate::web::state::WebState;

/// Who.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleAsked {
    /// A number; a local one belongs to the first sender's country.
    phone: String,
}

/// A person.
#[derive(Serialize, ToSchema)]
pub struct PersonView {
    /// The number of the row that stands for them.
    pub id: PersonId,
    /// Number, digits.
    pub phone: Option<String>,
    /// Name.
    pub name: Option<String>,
}

/// The person with a number
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleAsked),
    responses((status = 200, description = "The person, or nobody", body = Listed<PersonView>),
              (status = 422, description = "It is no number", body = ProblemDocument)))]
pub async fn find(
    State(state): State<WebState>,
    Asked(asked): Asked<PeopleAsked>,
) -> Result<Json<Listed<PersonView>>, WebError> {
    let found = people::find(&state, &asked.phone).await?;
    let items = found.map(|known| PersonView { id: known.id, phone: known.phone, name: known.name });
    Ok(Json(Listed { items: items.into_iter().collect(), next: None }))
}

/// Everything kept of a person
#[utoipa::path(get, path = "/api/v1/people/{id}/export", tag = "people",
    params(("id" = i64, Path, description = "The person")),
    responses((status = 200, description = "Everything", body = PersonExport),
              (status = 404, description = "There is no such person", body = ProblemDocument)))]
pub async fn export(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Response, WebError> {
    let all = people::export(&state, &actor, PersonId(id)).await?;
    let name = format!("attachment; filename=\"person-{id}.json\"");
    Ok(([(CONTENT_DISPOSITION, name)], Json(all)).into_response())
}

/// Erase a person; counts and costs stay, and whoever was on the do-not-send list stays on it as a hash
#[utoipa::path(post, path = "/api/v1/people/{id}/erase", tag = "people",
    params(("id" = i64, Path, description = "The person"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What was erased, and what was not", body = Erased),
              (status = 404, description = "There is no such person", body = ProblemDocument),
              (status = 422, description = "A message is leaving for them this moment", body = ProblemDocument)))]
pub async fn erase(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Json<Erased>, WebError> {
    Ok(Json(people::erase_one(&state, &actor, PersonId(id)).await?))
}
