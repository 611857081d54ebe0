//! How the messaging limits stand.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::tier::{self, Standing};
use crate::web::error::WebError;
use crate::web::state::WebState;

/// Every portfolio.
#[derive(Serialize, ToSchema)]
pub struct Portfolios {
    /// By name.
    pub items: Vec<Standing>,
}

/// How many new people each portfolio may still reach in 24 hours
#[utoipa::path(get, path = "/api/v1/portfolios", tag = "portfolios",
    responses((status = 200, description = "Every portfolio, by name", body = Portfolios)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Portfolios>, WebError> {
    Ok(Json(Portfolios { items: tier::standings(&state.engine).await? }))
}
