//! One template to one person, by hand.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::HandSend;
use crate::web::actor::Actor;
use crate::web::by_hand;
use crate::web::error::WebError;
use crate::web::state::WebState;

use super::body::Body;
use super::idempotent::Once;

/// What to send to whom.
#[derive(Deserialize, ToSchema)]
pub struct MessageRequest {
    /// The sender's name.
    sender: String,
    /// The number; a local one is completed with the sender's country.
    to: String,
    /// The template's name.
    template: String,
    /// Its language.
    language: String,
    /// Values by name: the body's parameters, `header`, `button.0`.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// Who pays.
    #[serde(default)]
    cost_centre: String,
}

/// What was made of it.
#[derive(Serialize, ToSchema)]
pub struct SentView {
    /// The message.
    message: i64,
    /// The conversation it is in.
    conversation: i64,
}

/// Sends it.
pub async fn send(
    State(state): State<WebState>,
    actor: Actor,
    headers: HeaderMap,
    body: Body<MessageRequest>,
) -> Result<Response, WebError> {
    let asked = body.value;
    let send = HandSend {
        sender: asked.sender,
        to: asked.to,
        template: asked.template,
        language: asked.language,
        values: asked.values.into_iter().collect(),
        cost_centre: asked.cost_centre,
    };
    let route = "POST /api/v1/messages".to_owned();
    let once = Once { state: &state, actor: &actor, route, headers: &headers, request: &body.hash };
    let work = Box::pin(async {
        let (message, conversation) = by_hand::go(&state, &actor, &send).await?;
        Ok(SentView { message: message.0, conversation: conversation.0 })
    });
    once.answer(StatusCode::CREATED, work).await
}
