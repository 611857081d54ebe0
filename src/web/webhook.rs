//! Webhooks' way in: authentic, then durable, then 200; what it says is read later.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::error::WebError;
use super::origin::origin;
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

/// A body comes in, signed. 200 only when it is durable; anything that goes wrong before makes the provider send it again.
pub async fn receive(
    State(state): State<WebState>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, WebError> {
    let provider = state.engine.providers.get(&account).ok_or(WebError::NotFound)?;
    let bytes = whole(&state, &account, body).await?;
    let signature = headers.get(SIGNATURE).and_then(|v| v.to_str().ok());
    if !provider.is_authentic(signature, &bytes) {
        return Err(refused(&state, &account, "signature"));
    }
    keep(&state, &account, &bytes).await
}

/// The same of a provider that does not sign: the secret in the address, its header and where it comes from say that it
/// is the provider's. They are looked at before anything is read.
pub async fn receive_with_secret(
    State(state): State<WebState>,
    Path((account, secret)): Path<(String, String)>,
    headers: HeaderMap,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Body,
) -> Result<StatusCode, WebError> {
    let key = state.config().accounts.get(&account).and_then(|account| account.access.webhook_key());
    let key = key.ok_or(WebError::NotFound)?;
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer.ip());
    let from = peer.and_then(|peer| origin(peer, &headers, &state.config().server.trusted_proxies));
    if let Some(why) = key.missing(&secret, |name| headers.get(name).and_then(|v| v.to_str().ok()), from) {
        return Err(refused(&state, &account, why));
    }
    let bytes = whole(&state, &account, body).await?;
    keep(&state, &account, &bytes).await
}

async fn whole(state: &WebState, account: &str, body: Body) -> Result<Bytes, WebError> {
    to_bytes(body, LIMIT).await.map_err(|_| {
        state.metrics.webhook(account, "too_large");
        WebError::TooLarge
    })
}

/// It did not bring what `why` names; whoever posted it is not told.
fn refused(state: &WebState, account: &str, why: &str) -> WebError {
    state.metrics.webhook(account, "refused");
    state.engine.refusals.refused(account, why, state.now());
    WebError::NobodyThere
}

/// Durable, then 200 with nothing in it.
async fn keep(state: &WebState, account: &str, bytes: &[u8]) -> Result<StatusCode, WebError> {
    state.engine.keep_webhook(account, bytes, state.now()).await?;
    state.metrics.webhook(account, "stored");
    state.engine.refusals.taken(account);
    state.receiver_wake.notify_one();
    Ok(StatusCode::OK)
}
