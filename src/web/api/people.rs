//! One person: everything kept of them, and erasing it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Id, Sent, wrong};
use super::paging::Listed;
use super::standing::AT_ONCE;
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;
use crate::engine::person::{ClientsImported, Edit, Erased, PersonFile, PersonLook};
use crate::store;
use crate::store::client::Found;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;
use crate::web::{people, person, upload};

/// Who.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleAsked {
    /// A number, exactly; a local one belongs to the first sender's country. Or a business-scoped user id, as `AR.1349…`.
    phone: Option<String>,
    /// Words of name and reference, whatever case and accents; or a number in any writing, or its end.
    q: Option<String>,
    /// The last person of the page before.
    cursor: Option<i64>,
}

/// People by number, name or reference, the latest known first
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleAsked),
    responses((status = 200, description = "A page of people, or nobody", body = Listed<Found>),
              (status = 422, description = "It is no number", body = ProblemDocument)))]
pub async fn find(
    State(state): State<WebState>,
    Asked(asked): Asked<PeopleAsked>,
) -> Result<Json<Listed<Found>>, WebError> {
    if let Some(phone) = &asked.phone {
        let found = people::by_phone(&state, phone).await?;
        let found = found.map(|known| Found {
            id: known.root(),
            name: known.name.unwrap_or_default(),
            phone: known.phone.or(known.wa_id),
            reference: String::new(),
        });
        return Ok(Json(Listed { items: found.into_iter().collect(), next: None }));
    }
    let before = asked.cursor.map(PersonId);
    let (items, next) = people::search(&state, asked.q.as_deref().unwrap_or_default(), before).await?;
    Ok(Json(Listed { items, next: next.map(|id| id.to_string()) }))
}

/// Whose names.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesAsked {
    /// Numbers, digits with the country's, at most 10,000.
    #[schema(value_type = Vec<String>)]
    phones: Vec<Phone>,
}

/// What people are called.
#[derive(Serialize, ToSchema)]
pub struct NamesView {
    /// Whether anybody at all is known by a name.
    anybody: bool,
    /// Names by the numbers that were asked for; who is not known by name is not among them.
    names: BTreeMap<String, String>,
}

/// What people are called, by their numbers
///
/// With it `recado check` greets people as the daemon would.
#[utoipa::path(post, path = "/api/v1/people/names", tag = "people", request_body = NamesAsked,
    responses((status = 200, description = "Names", body = NamesView),
              (status = 422, description = "Too many are asked for at once", body = ProblemDocument)))]
pub async fn names(State(state): State<WebState>, Sent(asked): Sent<NamesAsked>) -> Result<Json<NamesView>, WebError> {
    if asked.phones.len() > AT_ONCE {
        return Err(wrong("phones", &format!("at most {AT_ONCE}")));
    }
    let names = store::person::names_of(state.store(), &asked.phones).await?;
    Ok(Json(NamesView { anybody: store::person::is_anybody_named(state.store()).await?, names }))
}

/// A person: who they are, what was sent and why something was not, what they answered
///
/// What was written in chats, who wrote it, notes and tickets are for those who may read conversations.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people",
    params(("id" = i64, Path, description = "The person")),
    responses((status = 200, description = "The person", body = PersonLook),
              (status = 404, description = "There is no such person", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Json<PersonLook>, WebError> {
    Ok(Json(person::look(&state, &actor, PersonId(id)).await?))
}

/// What the house says of a person; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonEdit {
    /// The name, at most 200 characters.
    name: Option<String>,
    /// Their number in the house's own system, at most 200 characters.
    reference: Option<String>,
    /// A note, at most 4,096 characters.
    note: Option<String>,
}

/// Say who a person is; the name stays whatever the provider tells later
#[utoipa::path(post, path = "/api/v1/people/{id}", tag = "people", request_body = PersonEdit,
    params(("id" = i64, Path, description = "The person"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is kept"),
              (status = 404, description = "There is no such person", body = ProblemDocument),
              (status = 422, description = "Something is too long", body = ProblemDocument)))]
pub async fn edit(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Json(edit): Json<PersonEdit>,
) -> Result<StatusCode, WebError> {
    let edit = Edit { name: edit.name, reference: edit.reference, note: edit.note };
    person::edit_one(&state, &actor, PersonId(id), &edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take in a file of clients: number, name and reference by their headers, in every form that an audience may have
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people",
    request_body(content_type = "multipart/form-data", description = "`clients`: the file; `country`: of local numbers, two letters"),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What became of it", body = ClientsImported),
              (status = 422, description = "The file cannot be read", body = ProblemDocument)))]
pub async fn import(
    State(state): State<WebState>,
    actor: Actor,
    form: Multipart,
) -> Result<Json<ClientsImported>, WebError> {
    let brought = upload::clients(&state, form).await?;
    let file = brought.file.ok_or(WebError::Bad("no_audience"))?;
    Ok(Json(people::take_in(&state, &actor, &file, &brought.country).await?))
}

/// Everything kept of a person
#[utoipa::path(get, path = "/api/v1/people/{id}/export", tag = "people",
    params(("id" = i64, Path, description = "The person")),
    responses((status = 200, description = "Everything", body = PersonFile),
              (status = 404, description = "There is no such person", body = ProblemDocument)))]
pub async fn export(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Response, WebError> {
    let all = person::export(&state, &actor, PersonId(id)).await?;
    let name = format!("attachment; filename=\"person-{id}.json\"");
    Ok(([(CONTENT_DISPOSITION, name)], Json(all)).into_response())
}

/// A number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberToErase {
    /// International, or as dialled in the first sender's country; or a business-scoped user id.
    phone: String,
}

/// Erase whoever has a number; where nobody has it any more, what files still hold of it. What is left is named each time
#[utoipa::path(post, path = "/api/v1/people/erase", tag = "people", request_body = NumberToErase,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What was erased, and what was not", body = Erased),
              (status = 422, description = "It is no number, or a message is leaving for them this moment", body = ProblemDocument)))]
pub async fn erase_number(
    State(state): State<WebState>,
    actor: Actor,
    Json(wanted): Json<NumberToErase>,
) -> Result<Json<Erased>, WebError> {
    if let Some(known) = people::by_phone(&state, &wanted.phone).await? {
        return Ok(Json(person::erase_one(&state, &actor, known.id).await?));
    }
    let done = state.engine.erase_number(&wanted.phone).await?;
    let erased = done.map_err(|problem| WebError::Refused(vec![problem]))?;
    let detail = format!("{} rows, {} webhooks", erased.rows, erased.webhooks);
    state.audit(&actor, "person.erase", "a number of nobody known", &detail).await?;
    Ok(Json(erased))
}

/// Erase a person; counts and costs stay, and whoever was on the do-not-send list stays on it as a hash
#[utoipa::path(post, path = "/api/v1/people/{id}/erase", tag = "people",
    params(("id" = i64, Path, description = "The person"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What was erased, and what was not", body = Erased),
              (status = 404, description = "There is no such person", body = ProblemDocument),
              (status = 422, description = "A message is leaving for them this moment", body = ProblemDocument)))]
pub async fn erase(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Json<Erased>, WebError> {
    Ok(Json(person::erase_one(&state, &actor, PersonId(id)).await?))
}
