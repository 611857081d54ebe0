//! Holds in force, and lifting them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Id};
use super::paging::{self, Listed};
use crate::domain::id::HoldId;
use crate::engine::{scope, waiting};
use crate::store::hold::{self, Hold, HoldEnd};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoldsAsked {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A hold with its reason in words.
#[derive(Serialize, ToSchema)]
pub struct HoldView {
    /// The hold.
    #[serde(flatten)]
    pub hold: Hold,
    /// What it stops, in words.
    pub what: String,
    /// What ends it.
    pub ends: HoldEnd,
    /// Why, in one sentence.
    pub message: String,
}

/// What stands still, why, since when, and what makes it go on
#[utoipa::path(get, path = "/api/v1/holds", tag = "holds", params(HoldsAsked),
    responses((status = 200, description = "Holds in force", body = Listed<HoldView>)))]
pub async fn all(
    State(state): State<WebState>,
    p: Page,
    Asked(asked): Asked<HoldsAsked>,
) -> Result<Json<Listed<HoldView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let after = HoldId(paging::number(asked.cursor.as_deref(), 0)?);
    let mut holds = hold::open(state.store()).await?;
    holds.retain(|h| h.id > after);
    holds.sort_by_key(|h| h.id);
    let shape = |h: Hold| HoldView {
        what: scope::named(p.language, h.scope, &h.scope_key),
        message: waiting::held(&h).sentence(p.language),
        ends: h.ends(),
        hold: h,
    };
    Ok(Json(Listed::cut(holds, limit, |h| h.id.to_string(), shape)))
}

/// Let what is held go on
#[utoipa::path(post, path = "/api/v1/holds/{id}/lift", tag = "holds",
    params(("id" = i64, Path, description = "The hold"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is lifted"),
              (status = 404, description = "There was never such a hold", body = ProblemDocument),
              (status = 409, description = "It was lifted before", body = ProblemDocument)))]
pub async fn lift(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<StatusCode, WebError> {
    act::lift_hold(&state, &actor, HoldId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
