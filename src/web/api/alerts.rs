//! What is wrong and who was told.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::alert::AlertKind;
use crate::domain::id::AlertId;
use crate::domain::time::UnixMs;
use crate::engine::alerts::{Detail, Phase};
use crate::store::alert::{self, Alert, WayRow};
use crate::web::error::WebError;
use crate::web::page::Page;
use crate::web::state::WebState;

/// Every open alert.
#[derive(Serialize, ToSchema)]
pub struct Alerts {
    /// Oldest first.
    pub items: Vec<AlertView>,
}

/// An alert that has not ended.
#[derive(Serialize, ToSchema)]
pub struct AlertView {
    /// Its id.
    pub id: AlertId,
    /// What it is about.
    pub kind: AlertKind,
    /// The same for as long as it is the same trouble.
    pub key: String,
    /// In one sentence.
    pub message: String,
    /// The page to look at.
    pub path: String,
    /// When it was first found.
    pub began_at: UnixMs,
    /// When it had lasted long enough to be told; `null`: it may still pass untold.
    pub told_at: Option<UnixMs>,
    /// Since when it is not found any more; it ends when that has lasted.
    pub gone_at: Option<UnixMs>,
    /// By which ways somebody is told, of those in `[alerts]`.
    pub ways: Vec<AlertWay>,
}

/// How telling by one way stands.
#[derive(Serialize, ToSchema)]
pub struct AlertWay {
    /// `webhook`, `email` or `command`.
    pub way: String,
    /// When it was told.
    pub told_at: Option<UnixMs>,
    /// Tries since.
    pub tries: i64,
    /// Why the last try failed.
    pub failure: Option<String>,
    /// When it is tried next; `null`: given up.
    pub next_at: Option<UnixMs>,
}

impl AlertView {
    fn of(alert: Alert, ways: &[WayRow], p: &Page) -> Self {
        let detail = Detail::read(&alert.detail);
        let ways = ways.iter().filter(|way| way.alert_id == alert.id);
        Self {
            message: detail.sentence(p.language, alert.kind, Phase::Began),
            path: detail.path,
            ways: ways.cloned().map(AlertWay::from).collect(),
            id: alert.id,
            kind: alert.kind,
            key: alert.key,
            began_at: alert.began_at,
            told_at: alert.told_at,
            gone_at: alert.gone_at,
        }
    }
}

impl From<WayRow> for AlertWay {
    fn from(row: WayRow) -> Self {
        let WayRow { way, tries, next_at, began_told_at: told_at, failure, .. } = row;
        Self { way, told_at, tries, failure, next_at }
    }
}

/// What is wrong, since when, and by which ways somebody was told
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts",
    responses((status = 200, description = "Alerts that have not ended", body = Alerts)))]
pub async fn all(State(state): State<WebState>, p: Page) -> Result<Json<Alerts>, WebError> {
    let (open, ways) = alert::shown(state.store()).await?;
    Ok(Json(Alerts { items: open.into_iter().map(|alert| AlertView::of(alert, &ways, &p)).collect() }))
}
