//! Campaigns: list, load, pre-flight.

use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::id::CampaignId;
use crate::domain::role::Right;
use crate::preflight;
use crate::store::campaign::{self, Campaign};
use crate::store::view::campaign::{self as view, CampaignLine};
use crate::store::{run, version};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::page::Page;
use crate::web::state::WebState;
use crate::web::upload::Upload;

use super::body::hash;
use super::idempotent::Once;

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct CampaignView {
    /// Its number.
    id: i64,
    /// Its folder's name.
    name: String,
    /// Its title.
    title: String,
    /// `reminder`, `resume_contact`, `promotion`; absent while its file cannot be read.
    kind: Option<String>,
    /// Its sender.
    sender: String,
    /// What is wrong with its file.
    problem: Option<String>,
    /// Its latest version.
    version: Option<i64>,
    /// Its latest run.
    run: Option<i64>,
    /// When it was first loaded, Unix milliseconds.
    created_at: i64,
}

impl From<CampaignLine> for CampaignView {
    fn from(line: CampaignLine) -> Self {
        Self {
            id: line.id.0,
            name: line.name,
            title: line.title,
            kind: line.kind.map(|k| k.as_str().to_owned()),
            sender: line.sender,
            problem: line.problem,
            version: line.version_id.map(|v| v.0),
            run: line.run_id.map(|r| r.0),
            created_at: line.created_at.0,
        }
    }
}

/// A page of campaigns.
#[derive(Serialize, ToSchema)]
pub struct CampaignList {
    /// Newest first.
    items: Vec<CampaignView>,
    /// Give it as `cursor` for the next page; absent on the last.
    next: Option<String>,
}

/// A page asked for.
#[derive(Deserialize)]
pub struct PageQuery {
    #[serde(default)]
    q: String,
    cursor: Option<i64>,
    limit: Option<i64>,
}

/// The campaign of a number or of a folder's name; the name goes first.
pub async fn find(state: &WebState, name: &str) -> Result<Campaign, WebError> {
    if let Some(found) = campaign::by_name(state.store(), name).await? {
        return Ok(found);
    }
    let id = name.parse().map_err(|_| WebError::NotFound)?;
    campaign::get(state.store(), CampaignId(id)).await?.ok_or(WebError::NotFound)
}

/// The list.
pub async fn list(
    State(state): State<WebState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<CampaignList>, WebError> {
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let mut lines = view::list(state.store(), query.cursor.unwrap_or(i64::MAX), &query.q, limit + 1).await?;
    let more = lines.len() as i64 > limit;
    lines.truncate(limit as usize);
    let next = if more { lines.last().map(|l| l.id.to_string()) } else { None };
    Ok(Json(CampaignList { items: lines.into_iter().map(CampaignView::from).collect(), next }))
}

/// One.
pub async fn show(State(state): State<WebState>, Path(name): Path<String>) -> Result<Json<CampaignView>, WebError> {
    let found = find(&state, &name).await?;
    let version = version::latest(state.store(), found.id).await?;
    let runs = run::of_campaign(state.store(), found.id, 1).await?;
    Ok(Json(CampaignView {
        id: found.id.0,
        name: found.name,
        title: found.title,
        kind: found.kind.map(|k| k.as_str().to_owned()),
        sender: found.sender,
        problem: found.problem,
        version: version.map(|v| v.id.0),
        run: runs.first().map(|r| r.id.0),
        created_at: found.created_at.0,
    }))
}

/// What a load made.
#[derive(Serialize, ToSchema)]
pub struct LoadedView {
    /// The campaign.
    campaign: i64,
    /// The version to look at and to start.
    version: i64,
}

/// Loads a campaign's files.
pub async fn load(
    State(state): State<WebState>,
    actor: Actor,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, WebError> {
    let upload = Upload::read(form).await?;
    let audience = upload.audience.as_ref().map_or(&[][..], |(_, bytes)| bytes);
    let request = hash(&[upload.name.as_bytes(), upload.definition.as_bytes(), audience]);
    let route = "POST /api/v1/campaigns".to_owned();
    let once = Once { state: &state, actor: &actor, route, headers: &headers, request: &request };
    let work = Box::pin(async {
        let audience = upload.audience.as_ref().map(|(name, bytes)| (name.as_str(), bytes.clone()));
        let (campaign, version) = act::load(&state, &actor, &upload.name, &upload.definition, audience).await?;
        Ok(LoadedView { campaign: campaign.0, version: version.0 })
    });
    once.answer(StatusCode::CREATED, work).await
}

/// Whether the sheet lists every row.
#[derive(Deserialize)]
pub struct SheetQuery {
    #[serde(default)]
    rows: bool,
}

/// The sheet of the latest version, as `recado check --json`. Rows and samples only for whoever may see people.
pub async fn preflight(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(name): Path<String>,
    Query(query): Query<SheetQuery>,
) -> Result<Json<Value>, WebError> {
    let found = find(&state, &name).await?;
    let version = version::latest(state.store(), found.id).await?.ok_or(WebError::NotFound)?;
    let people = actor.may(Right::ReadPeople);
    let mut sheet = state.engine.sheet(version.id, query.rows && people).await?;
    if !people {
        sheet.samples.clear();
    }
    let mut value = preflight::json(&sheet, p.language);
    value["version"] = version.id.0.into();
    Ok(Json(value))
}
