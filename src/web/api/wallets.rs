//! How the prepaid wallets stand.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::wallet::{self, WalletStanding};
use crate::web::error::WebError;
use crate::web::state::WebState;

/// Every wallet.
#[derive(Serialize, ToSchema)]
pub struct Wallets {
    /// By account; accounts whose provider keeps no wallet, or whose wallet was never read, are left out.
    pub items: Vec<WalletStanding>,
}

/// What is left in the wallets at the providers, and what is missing for everything in line
#[utoipa::path(get, path = "/api/v1/wallets", tag = "wallets",
    responses((status = 200, description = "Every wallet, by account", body = Wallets)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Wallets>, WebError> {
    Ok(Json(Wallets { items: wallet::standings(&state.engine).await? }))
}
