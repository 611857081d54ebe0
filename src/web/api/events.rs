//! What changes, as it changes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::web::actor::Actor;
use crate::web::events;
use crate::web::state::WebState;

/// What changes, as server-sent events
///
/// Events of the name `change` with `{"kind": "run", "id": 5}`: ids only; read what they name. `{"kind": "all"}` says that
/// some may have been missed. A bot is told of the conversations that it has, and once when it has one no more.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    responses((status = 200, description = "The stream", content_type = "text/event-stream", body = String)))]
pub async fn stream(state: State<WebState>, actor: Actor, headers: HeaderMap) -> Response {
    events::stream(state, actor, headers).await.into_response()
}
