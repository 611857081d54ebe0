//! What administrators and programs do with outgoing webhooks: the command, then who did it, for pages and API alike.

use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::time::UnixMs;
use crate::engine::outgoing::manage::{Made, Wanted};
use crate::store::outgoing::delivery;
use crate::store::outgoing::endpoint::{self, Endpoint};

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

async fn found(state: &WebState, id: EndpointId) -> Result<Endpoint, WebError> {
    endpoint::get(state.store(), id).await?.ok_or(WebError::NotFound)
}

fn subject(endpoint: &Endpoint) -> String {
    format!("endpoint {}", endpoint.name)
}

fn words(wanted: &Wanted) -> String {
    wanted.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Makes one.
pub async fn add(state: &WebState, actor: &Actor, wanted: &Wanted) -> Result<Made, WebError> {
    let made = state.engine.add_endpoint(wanted, &actor.name).await?.map_err(WebError::Refused)?;
    state.audit(actor, "endpoint.add", &format!("endpoint {}", wanted.name.trim()), &words(wanted)).await?;
    Ok(made)
}

/// Changes where it is and what it is told.
pub async fn change(state: &WebState, actor: &Actor, id: EndpointId, wanted: &Wanted) -> Result<(), WebError> {
    let endpoint = found(state, id).await?;
    let problems = state.engine.change_endpoint(id, wanted).await?;
    if !problems.is_empty() {
        return Err(WebError::Refused(problems));
    }
    state.audit(actor, "endpoint.change", &subject(&endpoint), &words(wanted)).await?;
    Ok(())
}

/// Gives it a new secret.
pub async fn rotate(state: &WebState, actor: &Actor, id: EndpointId) -> Result<Made, WebError> {
    let endpoint = found(state, id).await?;
    let made = state.engine.rotate_endpoint(id).await?;
    state.audit(actor, "endpoint.secret", &subject(&endpoint), "").await?;
    Ok(made)
}

/// Switches it on or off.
pub async fn turn(state: &WebState, actor: &Actor, id: EndpointId, on: bool) -> Result<(), WebError> {
    let endpoint = found(state, id).await?;
    let done = if on {
        endpoint::turn_on(state.store(), id).await?
    } else {
        endpoint::turn_off(state.store(), id, state.now(), &actor.name).await?
    };
    if !done {
        return Err(WebError::Conflict("endpoint_state"));
    }
    let action = if on { "endpoint.on" } else { "endpoint.off" };
    state.audit(actor, action, &subject(&endpoint), "").await?;
    Ok(())
}

/// Removes it with all its deliveries.
pub async fn remove(state: &WebState, actor: &Actor, id: EndpointId) -> Result<(), WebError> {
    let endpoint = found(state, id).await?;
    endpoint::remove(state.store(), id).await?;
    state.audit(actor, "endpoint.remove", &subject(&endpoint), "").await?;
    Ok(())
}

/// Posts one delivery again.
pub async fn again(state: &WebState, actor: &Actor, id: EndpointId, one: DeliveryId) -> Result<(), WebError> {
    let endpoint = found(state, id).await?;
    if !delivery::again(state.store(), id, one, state.now()).await? {
        return Err(WebError::NotFound);
    }
    state.audit(actor, "endpoint.again", &subject(&endpoint), &format!("delivery {one}")).await?;
    Ok(())
}

/// Posts again what was put in line in a range of time. How many.
pub async fn again_between(
    state: &WebState,
    actor: &Actor,
    id: EndpointId,
    range: (UnixMs, UnixMs),
    given_up_only: bool,
) -> Result<u64, WebError> {
    let endpoint = found(state, id).await?;
    if range.0 > range.1 {
        return Err(WebError::Bad("time_range"));
    }
    let n = delivery::again_between(state.store(), id, range, given_up_only, state.now()).await?;
    let detail = format!("{n} deliveries from {} to {}", range.0, range.1);
    state.audit(actor, "endpoint.again", &subject(&endpoint), &detail).await?;
    Ok(n)
}
