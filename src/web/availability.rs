//! Whether somebody takes conversations just now: said by themselves.

use crate::store::presence::{self, Availability};

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// Says it, with a line in the audit.
pub async fn say(state: &WebState, actor: &Actor, to: Availability) -> Result<(), WebError> {
    let user = actor.user.ok_or(WebError::Conflict("needs_person"))?;
    presence::set_state(state.store(), user, to, state.now()).await?;
    state.audit(actor, "user.availability", &format!("user {user}"), to.as_str()).await?;
    Ok(())
}
