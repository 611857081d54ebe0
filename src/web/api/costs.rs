//! What it cost.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asked, wrong};
use crate::billing::report::{self, CostReport};
use crate::web::costs;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;

/// What a report is asked for with.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CostsAsked {
    /// As `2026-11`; left out: the present month.
    #[serde(default)]
    month: String,
    /// `campaign`, `cost_centre`, `account`, `sender`, `market`, `category`, `day`, with commas between; left out: `campaign`.
    #[serde(default)]
    by: String,
}

/// What a month cost, with a total per currency
///
/// With `Accept: text/csv` as a file.
#[utoipa::path(get, path = "/api/v1/costs", tag = "costs", params(CostsAsked),
    responses((status = 200, description = "The report; amounts are decimals in text", content((CostReport = "application/json"), (String = "text/csv"))),
              (status = 422, description = "Not a month, or an unknown key", body = ProblemDocument)))]
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Asked(asked): Asked<CostsAsked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    if let Err(cause) = report::keys(&asked.by) {
        return Err(wrong("by", &cause.to_string()));
    }
    let asked = costs::Asked { month: asked.month, by: asked.by };
    let (shaped, _) = costs::report(&state, &asked).await.map_err(|e| match e {
        WebError::Bad("month") => wrong("month", "as 2026-11"),
        other => other,
    })?;
    if headers.get(ACCEPT).is_some_and(|v| v.as_bytes().starts_with(b"text/csv")) {
        return Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], report::csv(&shaped, p.language)).into_response());
    }
    Ok(Json(shaped).into_response())
}
