//! Whether somebody takes conversations just now: said by themselves.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::REFERER;
use axum::response::Redirect;
use serde::Deserialize;

use crate::store::presence::{self, Availability};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done};
use super::state::WebState;

/// `available` or `away`.
#[derive(Deserialize)]
pub struct AvailabilityForm {
    state: String,
}

/// Says it, for page and API.
pub async fn say(state: &WebState, actor: &Actor, to: Availability) -> Result<(), WebError> {
    let user = actor.user.ok_or(WebError::Conflict("needs_person"))?;
    presence::set_state(state.store(), user, to, state.now()).await?;
    state.audit(actor, "user.availability", &format!("user {}", actor.name), to.as_str()).await?;
    Ok(())
}

/// The form; it leads back to where it stood, if that was one of the lists.
pub async fn set(
    State(state): State<WebState>,
    actor: Actor,
    headers: HeaderMap,
    Form(form): Form<AvailabilityForm>,
) -> Result<Redirect, WebError> {
    let to = Availability::parse(&form.state).ok_or(WebError::Bad("availability"))?;
    say(&state, &actor, to).await?;
    let from = headers.get(REFERER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let back = if from.contains("/tickets") { "/tickets" } else { "/conversations" };
    Ok(done(back, to.as_str()))
}
