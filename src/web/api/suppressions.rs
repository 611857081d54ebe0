//! The do-not-send list.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Id, Sent, wrong};
use super::paging::{self, Listed};
use crate::store::suppression::{self, Suppression};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;
use crate::web::suppressions::{self, ImportDone, NumbersGiven};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppressionsAsked {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// Whom to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// The number; a local one belongs to the first sender's country.
    phone: String,
    /// `marketing`: no promotions; `all`: nothing.
    #[serde(default = "marketing")]
    scope: String,
    /// For the record.
    #[serde(default)]
    note: String,
}

fn marketing() -> String {
    "marketing".to_owned()
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct SuppressionAdded {
    /// False: the person was on the list already.
    pub added: bool,
}

/// The do-not-send list, newest first
#[utoipa::path(get, path = "/api/v1/suppressions", tag = "suppressions", params(SuppressionsAsked),
    responses((status = 200, description = "Everybody on the list", body = Listed<Suppression>)))]
pub async fn all(
    State(state): State<WebState>,
    Asked(asked): Asked<SuppressionsAsked>,
) -> Result<Json<Listed<Suppression>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let before = paging::number(asked.cursor.as_deref(), i64::MAX)?;
    let lines = suppression::list(state.store(), before, limit + 1).await?;
    Ok(Json(Listed::cut(lines, limit, |s| s.id.to_string(), |s| s)))
}

/// Put somebody on the list
#[utoipa::path(post, path = "/api/v1/suppressions", tag = "suppressions", request_body = NewSuppression,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "They are on the list", body = SuppressionAdded),
              (status = 422, description = "The number or the scope is wrong", body = ProblemDocument)))]
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<NewSuppression>,
) -> Result<Response, WebError> {
    let scope = suppressions::scope(&body.scope).map_err(|_| wrong("scope", "marketing or all"))?;
    let added = suppressions::put(&state, &actor, &body.phone, scope, &body.note).await.map_err(|e| match e {
        WebError::Refused(mut problems) => {
            for problem in &mut problems {
                problem.args.push(("field".to_owned(), "phone".to_owned()));
            }
            WebError::Refused(problems)
        }
        WebError::Bad("note") => wrong("note", "at most 500 characters"),
        other => other,
    })?;
    Ok((StatusCode::CREATED, Json(SuppressionAdded { added })).into_response())
}

/// Numbers to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSent {
    /// One number a line, or a pasted sheet.
    numbers: String,
    /// Country of numbers without a code, as `AR`; left out: that of the senders, where all have the same.
    #[serde(default)]
    country: String,
    /// `marketing`: no promotions; `all`: nothing.
    #[serde(default = "marketing")]
    scope: String,
    /// For the record.
    #[serde(default)]
    note: String,
}

/// Put a list of numbers on the list; lines without a number are told, the others are taken
#[utoipa::path(post, path = "/api/v1/suppressions/import", tag = "suppressions", request_body = ImportSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What became of each line", body = ImportDone),
              (status = 422, description = "The scope is wrong", body = ProblemDocument)))]
pub async fn import(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<ImportSent>,
) -> Result<Json<ImportDone>, WebError> {
    suppressions::scope(&body.scope).map_err(|_| wrong("scope", "marketing or all"))?;
    let ImportSent { numbers, country, scope, note } = body;
    let given = NumbersGiven { bytes: numbers.into_bytes(), country, scope, note };
    Ok(Json(suppressions::put_all(&state, &actor, given).await?))
}

/// A file of numbers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's document")]
pub struct NumbersForm {
    /// CSV in any usual encoding, XLSX, ODS, or one number a line.
    #[schema(format = Binary, content_media_type = "text/csv")]
    file: String,
    /// Country of numbers without a code, as `AR`; left out: that of the senders, where all have the same.
    country: Option<String>,
    /// `marketing`: no promotions; `all`: nothing.
    scope: Option<String>,
    /// For the record.
    note: Option<String>,
}

/// Put the numbers of a file on the list, in any form that an audience can have
#[utoipa::path(post, path = "/api/v1/suppressions/file", tag = "suppressions",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    request_body(content = NumbersForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "What became of each line", body = ImportDone),
              (status = 422, description = "The file cannot be read", body = ProblemDocument)))]
pub async fn import_file(
    State(state): State<WebState>,
    actor: Actor,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<ImportDone>, WebError> {
    let given = NumbersGiven::read(form.map_err(WebError::cut_off)?).await?;
    Ok(Json(suppressions::put_all(&state, &actor, given).await?))
}

/// Take a line off the list
#[utoipa::path(delete, path = "/api/v1/suppressions/{id}", tag = "suppressions",
    params(("id" = i64, Path, description = "The line")),
    responses((status = 204, description = "It is lifted"),
              (status = 404, description = "There is no such line, or it was lifted before", body = ProblemDocument)))]
pub async fn lift(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<StatusCode, WebError> {
    suppressions::take_off(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
