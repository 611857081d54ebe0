//! Webhooks' way in: authentic, then durable, then 200; what it says is read later.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::store::webhook;

use super::error::WebError;
use super::state::WebState;

/// No provider sends larger bodies (Meta: at most 3 MB).
pub const LIMIT: usize = 4 * 1024 * 1024;
/// Meta's signature over the raw body.
const SIGNATURE: &str = "x-hub-signature-256";

/// Meta's handshake.
#[derive(Deserialize)]
pub struct Handshake {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// The provider asks whether the address is ours.
pub async fn handshake(
    State(state): State<WebState>,
    Path(account): Path<String>,
    Query(asked): Query<Handshake>,
) -> Result<Response, WebError> {
    let provider = state.engine.providers.get(&account).ok_or(WebError::NotFound)?;
    let answer = provider.handshake(&asked.mode, &asked.token, &asked.challenge).ok_or(WebError::NotAllowed)?;
    Ok(answer.into_response())
}

/// A body comes in. 200 only when it is durable; anything that goes wrong before makes the provider send it again.
pub async fn receive(
    State(state): State<WebState>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, WebError> {
    let provider = state.engine.providers.get(&account).ok_or(WebError::NotFound)?;
    let Ok(bytes) = to_bytes(body, LIMIT).await else {
        state.metrics.webhook(&account, "too_large");
        return Err(WebError::TooLarge);
    };
    let signature = headers.get(SIGNATURE).and_then(|v| v.to_str().ok());
    if !provider.is_authentic(signature, &bytes) {
        state.metrics.webhook(&account, "refused");
        return Err(WebError::NobodyThere);
    }
    webhook::store(state.store(), &account, &bytes, state.now()).await?;
    state.metrics.webhook(&account, "stored");
    state.receiver_wake.notify_one();
    Ok(StatusCode::OK)
}
