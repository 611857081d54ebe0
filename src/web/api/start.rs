//! Starting a campaign and steering its run.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::id::{RunId, VersionId};
use crate::store::{run, version};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::state::WebState;

use super::body::Body;
use super::campaigns::find;
use super::idempotent::Once;
use super::runs::{RunView, view};

/// Which version to start.
#[derive(Deserialize, ToSchema, Default)]
pub struct StartRequest {
    /// The version whose pre-flight was looked at; left out: the latest.
    #[serde(default)]
    version: Option<i64>,
}

/// What a start made.
#[derive(Serialize, ToSchema)]
pub struct StartedView {
    /// The run.
    run: i64,
}

/// Starts a version.
pub async fn start(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body<StartRequest>,
) -> Result<Response, WebError> {
    let found = find(&state, &name).await?;
    let latest = version::latest(state.store(), found.id).await?.ok_or(WebError::NotFound)?;
    if body.value.version.is_some_and(|v| VersionId(v) != latest.id) {
        return Err(WebError::Conflict("newer_version"));
    }
    let route = format!("POST /api/v1/campaigns/{}/start", found.id);
    let once = Once { state: &state, actor: &actor, route, headers: &headers, request: &body.hash };
    let work = Box::pin(async { Ok(StartedView { run: act::start(&state, &actor, latest.id).await?.0 }) });
    once.answer(StatusCode::CREATED, work).await
}

/// Why a run is paused.
#[derive(Deserialize, ToSchema, Default)]
pub struct PauseRequest {
    /// Shown beside who paused it.
    #[serde(default)]
    why: String,
}

impl PauseRequest {
    /// Why, perhaps empty.
    pub fn why(&self) -> &str {
        self.why.trim()
    }
}

/// The run that a campaign's commands mean: its latest.
async fn latest_run(state: &WebState, name: &str) -> Result<RunId, WebError> {
    let found = find(state, name).await?;
    let runs = run::of_campaign(state.store(), found.id, 1).await?;
    runs.first().map(|r| r.id).ok_or(WebError::NotFound)
}

/// Pauses a campaign's latest run.
pub async fn pause(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
    body: Body<PauseRequest>,
) -> Result<Json<RunView>, WebError> {
    let id = latest_run(&state, &name).await?;
    act::pause(&state, &actor, id, body.value.why()).await?;
    view(&state, id).await.map(Json)
}

/// Lets it go on.
pub async fn resume(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<RunView>, WebError> {
    let id = latest_run(&state, &name).await?;
    act::resume(&state, &actor, id).await?;
    view(&state, id).await.map(Json)
}

/// Cancels what is left of it.
pub async fn cancel(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<RunView>, WebError> {
    let id = latest_run(&state, &name).await?;
    act::cancel(&state, &actor, id).await?;
    view(&state, id).await.map(Json)
}

/// Part of the plan.
pub async fn not_yet() -> WebError {
    WebError::NotAvailableYet
}
