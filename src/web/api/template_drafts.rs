//! Templates that are written and not submitted yet.

use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Id, Sent, wrong};
use super::paging::Listed;
use crate::domain::fill::Rendered;
use crate::domain::problem::Problem;
use crate::domain::template::Template;
use crate::domain::template::draft::Draft;
use crate::engine::Uploaded;
use crate::provider::Sample;
use crate::store::template::draft::{self, Kept};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, ProblemItem, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;
use crate::web::template_act;
use crate::web::upload;

/// A draft to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftSent {
    /// The account it is for.
    account: String,
    /// What it says.
    draft: Draft,
}

/// A draft with what must be mended before it is submitted.
#[derive(Serialize, ToSchema)]
pub struct DraftView {
    /// The draft.
    #[serde(flatten)]
    pub kept: Kept,
    /// As a person would see it, filled with the examples.
    pub shown: Rendered,
    /// What must be mended.
    pub problems: Vec<ProblemItem>,
    /// What it may be turned down for, and need not be: it can be submitted as it is.
    pub warnings: Vec<ProblemItem>,
}

async fn view(state: &WebState, p: &Page, kept: Kept) -> Result<DraftView, WebError> {
    let problems = state.engine.draft_problems(&kept.account, &kept.draft).await?;
    let warnings = state.engine.draft_warnings(&kept.account, &kept.draft);
    let items = |all: &[Problem]| all.iter().map(|problem| ProblemItem::of(p.language, problem)).collect();
    Ok(DraftView { shown: kept.draft.shown(), problems: items(&problems), warnings: items(&warnings), kept })
}

/// The number of a draft.
#[derive(Serialize, ToSchema)]
pub struct DraftKept {
    /// Its number.
    pub id: i64,
}

/// Drafts of templates
#[utoipa::path(get, path = "/api/v1/template-drafts", tag = "templates",
    responses((status = 200, description = "Drafts by account, name and language", body = Listed<DraftView>)))]
pub async fn all(State(state): State<WebState>, p: Page) -> Result<Json<Listed<DraftView>>, WebError> {
    let drafts = draft::all(state.store()).await?;
    let mut items = Vec::with_capacity(drafts.len());
    for kept in drafts {
        items.push(view(&state, &p, kept).await?);
    }
    Ok(Json(Listed { items, next: None }))
}

/// Write a draft; one of the same account, name and language is written over
#[utoipa::path(post, path = "/api/v1/template-drafts", tag = "templates", request_body = DraftSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is kept", body = DraftKept),
              (status = 404, description = "There is no such account", body = ProblemDocument),
              (status = 422, description = "Its name or its language is wrong, or the account's templates are written elsewhere", body = ProblemDocument)))]
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    Sent(sent): Sent<DraftSent>,
) -> Result<Response, WebError> {
    let id = template_act::save_draft(&state, &actor, &sent.account, None, &sent.draft).await?;
    Ok((StatusCode::CREATED, Json(DraftKept { id })).into_response())
}

/// One draft, with what must be mended before it is submitted
#[utoipa::path(get, path = "/api/v1/template-drafts/{id}", tag = "templates",
    params(("id" = i64, Path, description = "The draft")),
    responses((status = 200, description = "The draft", body = DraftView),
              (status = 404, description = "There is no such draft", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, p: Page, Id(id): Id) -> Result<Json<DraftView>, WebError> {
    let kept = draft::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    Ok(Json(view(&state, &p, kept).await?))
}

/// Submit a draft for approval
#[utoipa::path(post, path = "/api/v1/template-drafts/{id}/submit", tag = "templates",
    params(("id" = i64, Path, description = "The draft"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "The provider has it; its category may be another than was asked for", body = Template),
              (status = 404, description = "There is no such draft", body = ProblemDocument),
              (status = 422, description = "It breaks a rule, or the provider said no", body = ProblemDocument)))]
pub async fn submit(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Response, WebError> {
    let (_, template) = template_act::submit(&state, &actor, id).await?;
    Ok((StatusCode::CREATED, Json(*template)).into_response())
}

/// Throw a draft away
#[utoipa::path(delete, path = "/api/v1/template-drafts/{id}", tag = "templates",
    params(("id" = i64, Path, description = "The draft")),
    responses((status = 204, description = "It is gone"),
              (status = 404, description = "There is no such draft", body = ProblemDocument)))]
pub async fn throw_away(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<StatusCode, WebError> {
    template_act::throw_away(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A file that a template is reviewed with, and whose it is.
#[derive(ToSchema)]
pub struct SampleSent {
    /// The account it is for.
    #[expect(dead_code, reason = "the document's shape of a form that is read part by part")]
    account: String,
    /// The picture (JPEG, PNG), video (MP4, 3GP) or document (PDF).
    #[schema(value_type = String, format = Binary)]
    #[expect(dead_code, reason = "likewise")]
    file: Vec<u8>,
}

/// Give the provider the sample of a header; what it calls it goes into a draft's header as `sample`
#[utoipa::path(post, path = "/api/v1/template-samples", tag = "templates",
    request_body(content = SampleSent, content_type = "multipart/form-data"),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "The provider has it", body = Uploaded),
              (status = 404, description = "There is no such account", body = ProblemDocument),
              (status = 422, description = "WhatsApp takes no such file, or the provider none at all", body = ProblemDocument)))]
pub async fn sample(State(state): State<WebState>, actor: Actor, form: Multipart) -> Result<Response, WebError> {
    let (of, file) = upload::form_with_file::<SampleOf>(form, "file").await?;
    let Some((name, bytes)) = file else { return Err(wrong("file", "there is no file")) };
    let uploaded = template_act::sample(&state, &actor, &of.account, Sample { name, bytes }).await?;
    Ok((StatusCode::CREATED, Json(uploaded)).into_response())
}

#[derive(Deserialize)]
struct SampleOf {
    account: String,
}
