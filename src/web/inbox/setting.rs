//! What each agent sets for their own inbox.

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use crate::store::user;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::form::Form;
use crate::web::state::WebState;

/// `1`: on.
#[derive(Deserialize)]
pub struct SoundForm {
    sound: String,
}

/// A sound when something arrives, or none.
pub async fn set_sound(
    State(state): State<WebState>,
    actor: Actor,
    Form(form): Form<SoundForm>,
) -> Result<Redirect, WebError> {
    let Some(id) = actor.user else { return Err(WebError::Conflict("needs_person")) };
    user::set_sound(state.store(), id, form.sound == "1").await?;
    Ok(Redirect::to("/conversations"))
}
