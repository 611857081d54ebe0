//! The do-not-send list.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::suppression::{self, Suppression, SuppressionScope};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::state::WebState;
use crate::web::suppressions::{put, scope, take_off};

use super::body::Body;
use super::idempotent::Once;
use super::lists::Done;

/// A line of the list.
#[derive(Serialize, ToSchema)]
pub struct SuppressionView {
    /// Its number.
    id: i64,
    /// The number with `+`, if known.
    phone: Option<String>,
    /// The name, if known.
    name: Option<String>,
    /// `marketing` or `all`.
    scope: String,
    /// `reply`, `provider`, `preference` or `person`.
    source: String,
    /// For the record.
    note: String,
    /// When, Unix milliseconds.
    created_at: i64,
    /// Who put it there.
    created_by: String,
}

impl From<Suppression> for SuppressionView {
    fn from(s: Suppression) -> Self {
        let scope = match s.scope {
            SuppressionScope::Marketing => "marketing",
            SuppressionScope::All => "all",
        };
        Self {
            id: s.id,
            phone: s.phone.map(|d| format!("+{d}")),
            name: s.name,
            scope: scope.to_owned(),
            source: s.source,
            note: s.note,
            created_at: s.created_at.0,
            created_by: s.created_by,
        }
    }
}

/// A page of the list.
#[derive(Serialize, ToSchema)]
pub struct SuppressionList {
    /// Newest first.
    items: Vec<SuppressionView>,
    /// Give it as `cursor` for the next page.
    next: Option<String>,
}

/// A page asked for.
#[derive(Deserialize)]
pub struct PageQuery {
    cursor: Option<i64>,
    limit: Option<i64>,
}

/// The list.
pub async fn list(
    State(state): State<WebState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<SuppressionList>, WebError> {
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let mut lines = suppression::list(state.store(), query.cursor.unwrap_or(i64::MAX), limit + 1).await?;
    let more = lines.len() as i64 > limit;
    lines.truncate(limit as usize);
    let next = if more { lines.last().map(|l| l.id.to_string()) } else { None };
    Ok(Json(SuppressionList { items: lines.into_iter().map(SuppressionView::from).collect(), next }))
}

/// Whom to put on it.
#[derive(Deserialize, ToSchema)]
pub struct SuppressionRequest {
    /// The number; a local one is completed with the first sender's country.
    phone: String,
    /// `marketing` or `all`.
    scope: String,
    /// For the record.
    #[serde(default)]
    note: String,
}

/// Puts somebody on it.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    headers: HeaderMap,
    body: Body<SuppressionRequest>,
) -> Result<Response, WebError> {
    let asked = body.value;
    let scope = scope(&asked.scope)?;
    let route = "POST /api/v1/suppressions".to_owned();
    let once = Once { state: &state, actor: &actor, route, headers: &headers, request: &body.hash };
    let work =
        Box::pin(async { Ok(Done::new(u64::from(put(&state, &actor, &asked.phone, scope, &asked.note).await?))) });
    once.answer(StatusCode::CREATED, work).await
}

/// Takes a line off.
pub async fn lift(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Json<Done>, WebError> {
    take_off(&state, &actor, id).await?;
    Ok(Json(Done::new(1)))
}
