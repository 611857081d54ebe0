//! Campaigns: load, look at what would happen, start; pause, resume or cancel the open run.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::campaign_view::CampaignView;
use super::extract::{Asked, Sent};
use super::paging::{self, Listed};
use super::run_view::RunView;
use super::runs::{Pause, told};
use super::written::written;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::preflight::{self, WithRows};
use crate::store::campaign::{self, Campaign};
use crate::store::view::campaign::list;
use crate::store::{run, version};
use crate::web::act::{self, Begun, Looked};
use crate::web::actor::Actor;
use crate::web::campaign::latest;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;
use crate::web::upload::Upload;

/// Campaigns of a page: the latest run of each is counted.
const MOST: i64 = 100;

/// Which campaigns.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignsAsked {
    /// Exactly this folder name.
    name: Option<String>,
    /// Part of a title or name.
    #[serde(default)]
    q: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 100.
    limit: Option<i64>,
}

/// An upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's document")]
pub struct CampaignForm {
    /// Folder name: `[a-z0-9_-]`, at most 64.
    name: String,
    /// The text of `campaign.toml`.
    #[schema(format = Binary, content_media_type = "application/toml")]
    campaign: String,
    /// The audience file; left out, the one loaded before stays.
    #[schema(format = Binary, content_media_type = "text/csv")]
    audience: Option<String>,
    /// A file that the template shows in its header or in a card, under the name that the campaign file gives it; as many
    /// parts of this name as there are files. What is left out stays as it lies in the folder.
    #[schema(format = Binary)]
    header: Option<String>,
}

/// What was loaded.
#[derive(Serialize, ToSchema)]
pub struct LoadedView {
    /// The campaign.
    pub id: CampaignId,
    /// Its folder's name.
    pub name: String,
    /// The version: what `start` takes. The same content gives the same version.
    pub version: VersionId,
    /// Which of the campaign's versions that is, as people count: 1 for the first.
    pub number: i64,
}

/// Which version to start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The version that was looked at. When a newer one was loaded since, nothing starts.
    version: i64,
    /// `shown` of the pre-flight that was looked at: starts exactly that. When the version, the template, the audience,
    /// the prices or what is left to send changed since, nothing starts and the answer says what changed.
    #[serde(default)]
    shown: Option<String>,
    /// A file that is empty, not whole, has other columns or takes much back amends its standing run only with this.
    #[serde(default)]
    anyway: bool,
}

/// The run that began.
#[derive(Serialize, ToSchema)]
pub struct StartedView {
    /// The run, or the standing run that takes the file up; `null`: it begins at its first time.
    pub run: Option<RunId>,
    /// When the first run of a campaign with `every` is due, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub next_due_at: Option<UnixMs>,
}

/// How the sheet is to be.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetAsked {
    /// List every row and what becomes of it.
    #[serde(default)]
    rows: bool,
}

/// The campaign of a folder's name or of a number; the name goes first.
pub async fn found(state: &WebState, id: &str) -> Result<Campaign, WebError> {
    let found = match campaign::by_name(state.store(), id).await? {
        Some(found) => Some(found),
        // "01" is the name of a folder that is not loaded yet, and no number.
        None => match id.parse::<i64>() {
            Ok(number) if number.to_string() == id => campaign::get(state.store(), CampaignId(number)).await?,
            _ => None,
        },
    };
    let no_campaign = || {
        let why = Problem::new("no_campaign", &[("name", id)]);
        WebError::Because { status: StatusCode::NOT_FOUND, word: "not_found", why }
    };
    shown(state, found.ok_or_else(no_campaign)?).await?.ok_or_else(no_campaign)
}

/// A campaign whose folder was removed is there as long as it has runs to be told of.
async fn shown(state: &WebState, c: Campaign) -> Result<Option<Campaign>, WebError> {
    let is_shown = c.removed_at.is_none() || !run::of_campaign(state.store(), c.id, 1).await?.is_empty();
    Ok(is_shown.then_some(c))
}

/// Campaigns, newest first
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", params(CampaignsAsked),
    responses((status = 200, description = "Campaigns, each with its latest run", body = Listed<CampaignView>)))]
pub async fn all(
    State(state): State<WebState>,
    p: Page,
    Asked(asked): Asked<CampaignsAsked>,
) -> Result<Json<Listed<CampaignView>>, WebError> {
    if let Some(name) = asked.name {
        let found = match campaign::by_name(state.store(), &name).await? {
            Some(c) => shown(&state, c).await?,
            None => None,
        };
        let items = match found {
            Some(c) => vec![CampaignView::of(&state, p.language, c).await?],
            None => Vec::new(),
        };
        return Ok(Json(Listed { items, next: None }));
    }
    let limit = paging::limit(asked.limit.or(Some(MOST)))?.min(MOST);
    let before = paging::number(asked.cursor.as_deref(), i64::MAX)?;
    let lines = list(state.store(), before, &asked.q, limit + 1).await?;
    let page = Listed::cut(lines, limit, |l| l.id.to_string(), |l| l);
    let mut items = Vec::with_capacity(page.items.len());
    for line in page.items {
        items.push(CampaignView::of_line(&state, p.language, line).await?);
    }
    Ok(Json(Listed { items, next: page.next }))
}

/// Load a campaign: its file and, where it changed, its audience. Nothing is sent
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    request_body(content = CampaignForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Loaded; look at its pre-flight, then start it", body = LoadedView),
              (status = 422, description = "Something is wrong with the files, with line and column", body = ProblemDocument)))]
pub async fn load(
    State(state): State<WebState>,
    actor: Actor,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, WebError> {
    let upload = Upload::read(&state, form.map_err(WebError::cut_off)?).await?;
    let (id, version) = act::load(&state, &actor, &upload).await?;
    let name = upload.name;
    let number = version::number(state.store(), id, version).await?;
    Ok((StatusCode::CREATED, Json(LoadedView { id, name, version, number })).into_response())
}

/// A campaign
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name")),
    responses((status = 200, description = "The campaign with its latest run", body = CampaignView),
              (status = 404, description = "There is no such campaign", body = ProblemDocument)))]
pub async fn one(
    State(state): State<WebState>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Json<CampaignView>, WebError> {
    let c = found(&state, &id).await?;
    Ok(Json(CampaignView::of(&state, p.language, c).await?))
}

/// What would happen if the latest version were started now
///
/// The sheet of `recado check --json`, with `campaign` and `version` added. Blockers keep it from starting. With
/// `Accept: text/plain` it comes as people read it. Rows and samples need the right to see people.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/preflight", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), SheetAsked),
    responses((status = 200, description = "The sheet", content((Object = "application/json"), (String = "text/plain"))),
              (status = 404, description = "There is no such campaign", body = ProblemDocument)))]
pub async fn sheet(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Asked(asked): Asked<SheetAsked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let people = actor.may(Right::ReadPeople);
    if asked.rows && !people {
        return Err(WebError::NotAllowed);
    }
    let c = found(&state, &id).await?;
    let version = latest(&state, c.id).await?;
    let (mut sheet, rows) = if asked.rows {
        state.engine.sheet_with_rows(version.id).await?
    } else {
        (state.engine.sheet(version.id).await?, None)
    };
    if !people {
        sheet.samples.clear();
    }
    if headers.get(ACCEPT).is_some_and(|v| v.as_bytes().starts_with(b"text/plain")) {
        let body = match rows {
            Some(mut rows) => written(move |to| preflight::write_text(to, &sheet, p.language, &mut rows)),
            None => preflight::text(&sheet, p.language).into(),
        };
        return Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response());
    }
    let mut value = preflight::json(&sheet, p.language);
    value["campaign"] = c.id.0.into();
    value["version"] = version.id.0.into();
    let Some(rows) = rows else { return Ok(Json(value).into_response()) };
    let body = written(move |to| Ok(serde_json::to_writer(to, &WithRows::new(value, rows))?));
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// Start a version: approves what its pre-flight showed
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/start", tag = "campaigns", request_body = Start,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It runs", body = StartedView),
              (status = 409, description = "It changed since it was shown", body = ProblemDocument),
              (status = 422, description = "Blockers", body = ProblemDocument)))]
pub async fn start(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<String>,
    Sent(body): Sent<Start>,
) -> Result<Response, WebError> {
    let c = found(&state, &id).await?;
    let shown = Looked { version: VersionId(body.version), shown: body.shown.as_deref(), anyway: body.anyway };
    let view = match act::start_shown(&state, &actor, c.id, shown).await? {
        Begun::Run(run) => StartedView { run: Some(run), next_due_at: None },
        Begun::At(at) => StartedView { run: None, next_due_at: Some(at) },
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// The open run of a campaign.
async fn open_run(state: &WebState, id: &str) -> Result<RunId, WebError> {
    let c = found(state, id).await?;
    if let Some(open) = run::open_of_campaign(state.store(), c.id).await? {
        return Ok(open);
    }
    let last = run::of_campaign(state.store(), c.id, 1).await?.pop();
    let why = last.and_then(|run| act::ended(&run)).unwrap_or_else(|| Problem::new("never_started", &[]));
    Err(WebError::Because { status: StatusCode::CONFLICT, word: "no_open_run", why })
}

/// Pause the campaign's open run
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/pause", tag = "campaigns", request_body = Pause,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is paused", body = RunView),
              (status = 409, description = "No run is open, or it is paused already", body = ProblemDocument)))]
pub async fn pause(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Sent(body): Sent<Pause>,
) -> Result<Json<RunView>, WebError> {
    let run = open_run(&state, &id).await?;
    act::pause(&state, &actor, run, body.why()?).await?;
    told(&state, p.language, run).await
}

/// Let the campaign's paused run go on
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/resume", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It goes on", body = RunView),
              (status = 409, description = "No run is paused", body = ProblemDocument)))]
pub async fn resume(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Json<RunView>, WebError> {
    let run = open_run(&state, &id).await?;
    act::resume(&state, &actor, run).await?;
    told(&state, p.language, run).await
}

/// Cancel what is left of the campaign's open run
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/cancel", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What was in line is cancelled", body = RunView),
              (status = 409, description = "No run is open", body = ProblemDocument)))]
pub async fn cancel(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Json<RunView>, WebError> {
    let run = open_run(&state, &id).await?;
    act::cancel(&state, &actor, run).await?;
    told(&state, p.language, run).await
}

/// Let a campaign with `every` not begin again; what runs goes on
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/end", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It does not begin again"),
              (status = 409, description = "It would not have", body = ProblemDocument)))]
pub async fn end(State(state): State<WebState>, actor: Actor, Path(id): Path<String>) -> Result<StatusCode, WebError> {
    let c = found(&state, &id).await?;
    act::end_recurring(&state, &actor, c.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
