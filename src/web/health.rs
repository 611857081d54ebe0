//! Whether the daemon lives, and whether it may be given work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use crate::store::view::pulse;

use super::state::WebState;

/// A store that has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// It lives: it can answer at all.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// It may be given work: the store answers and can be written, and no stop has begun.
pub async fn ready(State(state): State<WebState>) -> (StatusCode, &'static str) {
    if state.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if state.store().full_since().is_some() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the disk is full: nothing is sent and no webhook is taken\n");
    }
    match tokio::time::timeout(PATIENCE, pulse::answers(state.store())).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}
