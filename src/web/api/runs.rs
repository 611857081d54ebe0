//! Runs: how they are doing, their messages, their results; pause, resume, cancel.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::campaigns;
use super::extract::{Asked, Id, Sent, wrong};
use super::paging::{self, Listed};
use super::row::RowView;
use super::run_view::{RunDetail, RunView};
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::locale::Language;
use crate::store::run::{self, Run};
use crate::store::view::row::{self, RowFilter, RowQuery};
use crate::store::view::run::{RunQuery, list};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::result_files;
use crate::web::row_words::OfRun;
use crate::web::run_rows;
use crate::web::state::WebState;

/// Runs counted at once: each is a query.
const MOST: i64 = 100;
/// A reason is a sentence.
const LONGEST_WHY: usize = 500;

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsAsked {
    /// Folder name or id of a campaign.
    #[serde(default)]
    campaign: String,
    /// Only those that are planning, running or paused.
    #[serde(default)]
    open: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 100.
    limit: Option<i64>,
}

/// Why a run is paused; may be left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Shown with the run.
    #[serde(default)]
    why: String,
}

impl Pause {
    /// The reason without what surrounds it.
    pub fn why(&self) -> Result<&str, WebError> {
        let why = self.why.trim();
        let fits = why.chars().count() <= LONGEST_WHY && !why.contains('\0');
        fits.then_some(why).ok_or_else(|| wrong("why", "at most 500 characters"))
    }
}

/// Which messages of a run.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowsAsked {
    /// Only those in this state.
    #[serde(default)]
    state: String,
    /// Only those that failed with this code of the provider.
    failure: Option<i64>,
    /// Only those whose last outcome is this; `no_answer`: reached, and nobody has answered; `to_be_read`: the answer waits for
    /// somebody to read it; `answered`: it has been, and nothing was decided.
    #[serde(default)]
    outcome: String,
    /// Part of a number, a name or a row's id.
    #[serde(default)]
    q: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

impl RowsAsked {
    fn filter(&self) -> Result<RowFilter, WebError> {
        let asked = [!self.state.is_empty(), self.failure.is_some(), !self.outcome.is_empty()];
        if asked.into_iter().filter(|a| *a).count() > 1 {
            return Err(wrong("state", "ask for one of state, failure and outcome"));
        }
        if let Some(code) = self.failure {
            return Ok(RowFilter::Failure(code));
        }
        if !self.outcome.is_empty() {
            return Ok(RowFilter::answered(&self.outcome));
        }
        if self.state.is_empty() {
            return Ok(RowFilter::Any);
        }
        let words = || MessageState::ALL.map(MessageState::as_str).join(", ");
        MessageState::parse(&self.state).map(RowFilter::State).ok_or_else(|| wrong("state", &words()))
    }
}

/// The run `id`.
pub async fn found(state: &WebState, id: i64) -> Result<Run, WebError> {
    run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)
}

/// Runs, newest first
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(RunsAsked),
    responses((status = 200, description = "Runs with their counts", body = Listed<RunView>),
              (status = 404, description = "There is no such campaign", body = ProblemDocument)))]
pub async fn all(
    State(state): State<WebState>,
    p: Page,
    Asked(asked): Asked<RunsAsked>,
) -> Result<Json<Listed<RunView>>, WebError> {
    let limit = paging::limit(asked.limit.or(Some(MOST)))?.min(MOST);
    let before = paging::number(asked.cursor.as_deref(), i64::MAX)?;
    let campaign = match asked.campaign.as_str() {
        "" => None,
        named => Some(campaigns::found(&state, named).await?.id),
    };
    let query = RunQuery { campaign, open: asked.open };
    let ids = list(state.store(), &query, before, limit + 1).await?;
    let page = Listed::cut(ids, limit, ToString::to_string, |id| id);
    let mut items = Vec::with_capacity(page.items.len());
    for id in page.items {
        items.push(RunView::of(&state, p.language, found(&state, id.0).await?).await?);
    }
    Ok(Json(Listed { items, next: page.next }))
}

/// A run with counts per state, failures, outcomes, cost, and why it waits
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = i64, Path, description = "The run")),
    responses((status = 200, description = "The run", body = RunDetail),
              (status = 404, description = "There is no such run", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, p: Page, Id(id): Id) -> Result<Json<RunDetail>, WebError> {
    let run = found(&state, id).await?;
    Ok(Json(RunDetail::of(&state, p.language, run).await?))
}

/// The messages of a run
#[utoipa::path(get, path = "/api/v1/runs/{id}/messages", tag = "runs",
    params(("id" = i64, Path, description = "The run"), RowsAsked),
    responses((status = 200, description = "Messages in the order of their rows", body = Listed<RowView>),
              (status = 404, description = "There is no such run", body = ProblemDocument)))]
pub async fn messages(
    State(state): State<WebState>,
    p: Page,
    Id(id): Id,
    Asked(asked): Asked<RowsAsked>,
) -> Result<Json<Listed<RowView>>, WebError> {
    let run = found(&state, id).await?;
    let limit = paging::limit(asked.limit)?;
    let after = MessageId(paging::number(asked.cursor.as_deref(), 0)?);
    let query = RowQuery { filter: asked.filter()?, search: asked.q, after, limit: limit + 1 };
    let rows = row::page(state.store(), run.id, &query).await?;
    let of = OfRun::read(&state, &run).await?;
    Ok(Json(Listed::cut(rows, limit, |r| r.id.to_string(), |r| RowView::of(&p, &of, r))))
}

/// Every row of a run and what became of it, as CSV
#[utoipa::path(get, path = "/api/v1/runs/{id}/results.csv", tag = "runs",
    params(("id" = i64, Path, description = "The run")),
    responses((status = 200, description = "One line per row of the audience", content_type = "text/csv", body = String),
              (status = 404, description = "There is no such run", body = ProblemDocument)))]
pub async fn results(state: State<WebState>, p: Page, Id(id): Id) -> Result<Response, WebError> {
    run_rows::csv(state, p, axum::extract::Path(id)).await
}

/// A file about a run for people
///
/// `own.csv` and `own.xlsx`: the audience as it came, with what became of each row. `outcomes.csv`: ids and what was answered,
/// in fixed words (`to_be_read`: answered, and the person waits; `answered`: nobody waits, nothing was decided; `no_answer`). `phone.csv` and `phone.xlsx`: whoever was
/// not reached or has not answered, by cost centre, with the hours left.
#[utoipa::path(get, path = "/api/v1/runs/{id}/files/{file}", tag = "runs",
    params(("id" = i64, Path, description = "The run"), ("file" = String, Path, description = "Which file")),
    responses((status = 200, description = "The file", content_type = "text/csv", body = String),
              (status = 404, description = "There is no such run or file", body = ProblemDocument),
              (status = 409, description = "A workbook cannot hold so many rows; the text file can", body = ProblemDocument)))]
pub async fn file(state: State<WebState>, path: Path<(i64, String)>) -> Result<Response, WebError> {
    result_files::show(state, path).await
}

/// Pause a run: nothing of it is sent until it is resumed
#[utoipa::path(post, path = "/api/v1/runs/{id}/pause", tag = "runs", request_body = Pause,
    params(("id" = i64, Path, description = "The run"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is paused", body = RunView),
              (status = 409, description = "It is not planning or running", body = ProblemDocument)))]
pub async fn pause(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
    Sent(body): Sent<Pause>,
) -> Result<Json<RunView>, WebError> {
    let id = found(&state, id).await?.id;
    act::pause(&state, &actor, id, body.why()?).await?;
    told(&state, p.language, id).await
}

/// Let a paused run go on
#[utoipa::path(post, path = "/api/v1/runs/{id}/resume", tag = "runs",
    params(("id" = i64, Path, description = "The run"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It goes on", body = RunView),
              (status = 409, description = "It is not paused", body = ProblemDocument)))]
pub async fn resume(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
) -> Result<Json<RunView>, WebError> {
    let id = found(&state, id).await?.id;
    act::resume(&state, &actor, id).await?;
    told(&state, p.language, id).await
}

/// Cancel what is left of a run; what has left is not called back
#[utoipa::path(post, path = "/api/v1/runs/{id}/cancel", tag = "runs",
    params(("id" = i64, Path, description = "The run"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What was in line is cancelled", body = RunView),
              (status = 409, description = "It has ended", body = ProblemDocument)))]
pub async fn cancel(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
) -> Result<Json<RunView>, WebError> {
    let id = found(&state, id).await?.id;
    act::cancel(&state, &actor, id).await?;
    told(&state, p.language, id).await
}

/// The run as it is now.
pub async fn told(state: &WebState, language: Language, id: RunId) -> Result<Json<RunView>, WebError> {
    Ok(Json(RunView::of(state, language, found(state, id.0).await?).await?))
}
