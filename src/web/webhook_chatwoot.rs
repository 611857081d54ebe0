//! Chatwoot's way in: authentic, then durable, then 200; what it says is taken up later. Chatwoot waits five seconds and
//! then marks the agent's message as failed.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};

use crate::engine::chatwoot;

use super::error::WebError;
use super::state::WebState;
use super::webhook::LIMIT;

const TIMESTAMP: &str = "x-chatwoot-timestamp";
const SIGNATURE: &str = "x-chatwoot-signature";

/// A body comes in.
pub async fn receive(
    State(state): State<WebState>,
    Path((inbox, secret)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, WebError> {
    let inbox = state.config().chatwoot.get(&inbox).ok_or(WebError::NotFound)?;
    let bytes = to_bytes(body, LIMIT).await.map_err(|_| WebError::TooLarge)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = header(TIMESTAMP).zip(header(SIGNATURE));
    if !inbox.opens(&secret, signed, &bytes, state.people_now()) {
        return Err(WebError::NobodyThere);
    }
    // PostgreSQL keeps no NUL in a text.
    let text = String::from_utf8_lossy(&bytes).replace('\0', "");
    chatwoot::keep(state.store(), &inbox.name, &text, state.now()).await?;
    Ok(StatusCode::OK)
}
