//! Who answers and owns conversations: a person. A program acts for one, by name.

use super::extract::wrong;
use crate::domain::role::Right;
use crate::store::user;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::state::WebState;

/// The same where a token need not name anybody: it then acts at no desk.
pub async fn perhaps(state: &WebState, actor: Actor, agent: Option<&str>) -> Result<Actor, WebError> {
    if actor.user.is_none() && agent.is_none() { Ok(actor) } else { seat(state, actor, agent).await }
}

/// The actor at a desk: a person at their own; a token at that of the `agent` it names. What it writes has the agent's name;
/// the audit has the token's, and for whom.
pub async fn seat(state: &WebState, actor: Actor, agent: Option<&str>) -> Result<Actor, WebError> {
    match (actor.user, agent) {
        (Some(_), None) => Ok(actor),
        (Some(_), Some(_)) => Err(wrong("agent", "only a token names an agent")),
        (None, None) => Err(wrong("agent", "a token names the agent it acts for")),
        (None, Some(name)) => {
            let found = user::by_name(state.store(), name).await?;
            let agent = found.filter(|u| u.disabled_at.is_none() && u.role.may(Right::Converse));
            let agent = agent.ok_or_else(|| wrong("agent", "nobody of that name may converse"))?;
            Ok(Actor { user: Some(agent.id), desk: Some(agent.name), ..actor })
        }
    }
}
