//! Attempts in doubt, of every run.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::id::{MessageId, RunId};
use crate::store::message;
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::settle;
use crate::web::state::WebState;

use super::body::Body;
use super::lists::Done;

/// A message in doubt.
#[derive(Serialize, ToSchema)]
pub struct DoubtView {
    /// Its number.
    message: i64,
    /// Its run.
    run: i64,
    /// Its row.
    row: i64,
    /// The number it was to go to, with `+`.
    to: String,
    /// The row's name.
    name: String,
    /// Its sender.
    sender: String,
    /// Which try.
    attempt: i64,
    /// When that began, Unix milliseconds.
    claimed_at: Option<i64>,
}

/// A page of doubts.
#[derive(Serialize, ToSchema)]
pub struct DoubtList {
    /// In the order of their messages.
    items: Vec<DoubtView>,
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
pub async fn list(State(state): State<WebState>, Query(query): Query<PageQuery>) -> Result<Json<DoubtList>, WebError> {
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let after = MessageId(query.cursor.unwrap_or(0));
    let mut found = message::doubts(state.store(), after, limit + 1).await?;
    let more = found.len() as i64 > limit;
    found.truncate(limit as usize);
    let next = if more { found.last().map(|d| d.id.to_string()) } else { None };
    let items = found.into_iter().map(|d| DoubtView {
        message: d.id.0,
        run: d.run_id.0,
        row: d.row_no,
        to: format!("+{}", d.recipient),
        name: d.name,
        sender: d.sender,
        attempt: d.attempt,
        claimed_at: d.claimed_at.map(|t| t.0),
    });
    Ok(Json(DoubtList { items: items.collect(), next }))
}

/// How to settle which.
#[derive(Deserialize, ToSchema)]
pub struct SettleRequest {
    /// `send_again` or `leave`.
    how: String,
    /// These messages …
    #[serde(default)]
    messages: Vec<i64>,
    /// … or all of this run.
    #[serde(default)]
    run: Option<i64>,
}

/// Settles them.
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    body: Body<SettleRequest>,
) -> Result<Json<Done>, WebError> {
    let asked = body.value;
    let how = settle::parse(&asked.how)?;
    let ids: Vec<MessageId> = match asked.run {
        Some(run) => settle::in_doubt(&state, RunId(run)).await?,
        None => asked.messages.into_iter().map(MessageId).collect(),
    };
    if ids.is_empty() {
        return Err(WebError::Bad("nothing_ticked"));
    }
    act::settle(&state, &actor, &ids, how).await.map(|n| Json(Done::new(n)))
}
