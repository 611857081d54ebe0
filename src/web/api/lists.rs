//! Templates, costs and holds.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::billing::report::CostReport;
use crate::domain::id::HoldId;
use crate::store::{hold, template};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::costs::{self, Asked};
use crate::web::error::WebError;
use crate::web::holds;
use crate::web::page::Page;
use crate::web::state::WebState;

/// Templates of every account as last read.
#[derive(Serialize, ToSchema)]
pub struct TemplateList {
    /// By account and name.
    items: Vec<TemplateView>,
}

/// A template.
#[derive(Serialize, ToSchema)]
pub struct TemplateView {
    /// Its account.
    account: String,
    /// Its parts, category, status and language, as `domain` has them.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    template: Value,
}

/// The templates.
pub async fn templates(State(state): State<WebState>) -> Result<Json<TemplateList>, WebError> {
    let mut items = Vec::new();
    for account in state.config().accounts.keys() {
        for found in template::list(state.store(), account).await? {
            let template = serde_json::to_value(found)
                .map_err(|e| WebError::Unexpected("a template cannot be written", Box::new(e)))?;
            items.push(TemplateView { account: account.clone(), template });
        }
    }
    Ok(Json(TemplateList { items }))
}

/// The cost report.
pub async fn costs(State(state): State<WebState>, Query(asked): Query<Asked>) -> Result<Json<CostReport>, WebError> {
    costs::report(&state, &asked).await.map(|(report, _)| Json(report))
}

/// Holds in force.
#[derive(Serialize, ToSchema)]
pub struct HoldList {
    /// Oldest first.
    items: Vec<HoldView>,
}

/// A hold.
#[derive(Serialize, ToSchema)]
pub struct HoldView {
    /// Its number.
    id: i64,
    /// `store`, `account`, `sender`, `template` or `run`.
    scope: String,
    /// Which.
    key: String,
    /// `outage`, `refused`, `quality` or `person`.
    cause: String,
    /// The provider's code.
    code: Option<i64>,
    /// Why, in words.
    why: String,
    /// Since when, Unix milliseconds.
    created_at: i64,
    /// When it is tried again; absent: when a person lifts it.
    until_at: Option<i64>,
}

/// The holds.
pub async fn holds(State(state): State<WebState>, p: Page) -> Result<Json<HoldList>, WebError> {
    let open = hold::open(state.store()).await?;
    let items = open.into_iter().map(|h| HoldView {
        why: holds::cause(&p, &h),
        id: h.id.0,
        scope: h.scope.as_str().to_owned(),
        cause: h.cause.as_str().to_owned(),
        key: h.scope_key,
        code: h.code,
        created_at: h.created_at.0,
        until_at: h.until_at.map(|t| t.0),
    });
    Ok(Json(HoldList { items: items.collect() }))
}

/// Something was done.
#[derive(Serialize, ToSchema)]
pub struct Done {
    /// How many it concerned.
    done: u64,
}

impl Done {
    /// So many.
    pub const fn new(done: u64) -> Self {
        Self { done }
    }
}

/// Lifts a hold.
pub async fn lift(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Json<Done>, WebError> {
    act::lift_hold(&state, &actor, HoldId(id)).await?;
    Ok(Json(Done::new(1)))
}
