//! Outgoing webhooks.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Id, Sent};
use super::paging::{self, Listed};
use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::time::UnixMs;
use crate::engine::outgoing::manage::{Made, Wanted};
use crate::store::outgoing::delivery::{self, DeliveryLine, DeliveryState};
use crate::store::outgoing::endpoint::{self, Endpoint};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::outgoing_act as act;
use crate::web::state::WebState;

/// An endpoint.
#[derive(Serialize, ToSchema)]
pub struct EndpointView {
    /// Its id.
    id: EndpointId,
    /// Its name.
    name: String,
    /// Where it is.
    url: String,
    /// What it is told.
    events: BTreeSet<String>,
    /// Whether it is told anything.
    active: bool,
    /// Since when not.
    off_at: Option<UnixMs>,
    /// Who switched it off; `recado`: it had taken nothing for days.
    off_by: Option<String>,
    /// Since when it has taken nothing.
    failing_since: Option<UnixMs>,
    /// Until when the secret before the present one signs too.
    old_secret_until: Option<UnixMs>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: UnixMs,
}

impl From<Endpoint> for EndpointView {
    fn from(of: Endpoint) -> Self {
        Self {
            events: of.kinds(),
            id: of.id,
            name: of.name,
            url: of.url,
            active: of.off_at.is_none(),
            off_at: of.off_at,
            off_by: of.off_by,
            failing_since: of.failing_since,
            old_secret_until: of.old_until,
            created_by: of.created_by,
            created_at: of.created_at,
        }
    }
}

/// An endpoint to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSent {
    /// Its name.
    name: String,
    /// A public https address.
    url: String,
    /// What it is told: see docs/webhooks.md.
    events: BTreeSet<String>,
}

/// What of an endpoint is to be another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChange {
    /// A public https address; left out: as it is.
    url: Option<String>,
    /// What it is told; left out: as it is.
    events: Option<BTreeSet<String>>,
    /// Whether it is told anything; left out: as it is.
    active: Option<bool>,
}

/// What posts are signed with. It is shown once.
#[derive(Serialize, ToSchema)]
pub struct EndpointSecret {
    /// The endpoint.
    id: EndpointId,
    /// `whsec_…`, as Standard Webhooks has it.
    secret: String,
}

impl From<Made> for EndpointSecret {
    fn from(made: Made) -> Self {
        Self { id: made.id, secret: made.secret }
    }
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesAsked {
    /// `waiting`, `delivered` or `given_up`; left out: all.
    state: Option<DeliveryState>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// What is posted again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgainSent {
    /// What was put in line from then.
    from: UnixMs,
    /// Until then.
    to: UnixMs,
    /// Only what was given up.
    #[serde(default)]
    given_up_only: bool,
}

/// How much is posted again.
#[derive(Serialize, ToSchema)]
pub struct AgainDone {
    /// Deliveries.
    deliveries: u64,
}

/// Who is told by webhook
#[utoipa::path(get, path = "/api/v1/endpoints", tag = "webhooks",
    responses((status = 200, description = "By name", body = Listed<EndpointView>)))]
pub async fn all(State(state): State<WebState>) -> Result<Json<Listed<EndpointView>>, WebError> {
    let items = endpoint::all(state.store()).await?.into_iter().map(EndpointView::from).collect();
    Ok(Json(Listed { items, next: None }))
}

/// Tell somebody by webhook
#[utoipa::path(post, path = "/api/v1/endpoints", tag = "webhooks", request_body = EndpointSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is told from now on; its secret is shown once", body = EndpointSecret),
              (status = 422, description = "Name, address or events are wrong", body = ProblemDocument)))]
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    Sent(sent): Sent<EndpointSent>,
) -> Result<Response, WebError> {
    let wanted = Wanted { name: sent.name, url: sent.url, kinds: sent.events };
    let made = act::add(&state, &actor, &wanted).await?;
    Ok((StatusCode::CREATED, Json(EndpointSecret::from(made))).into_response())
}

/// One endpoint
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", tag = "webhooks", params(("id" = i64, Path, description = "The endpoint")),
    responses((status = 200, description = "The endpoint", body = EndpointView),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, Id(id): Id) -> Result<Json<EndpointView>, WebError> {
    let found = endpoint::get(state.store(), EndpointId(id)).await?.ok_or(WebError::NotFound)?;
    Ok(Json(found.into()))
}

/// Change an endpoint, or switch it on or off
#[utoipa::path(post, path = "/api/v1/endpoints/{id}", tag = "webhooks", request_body = EndpointChange,
    params(("id" = i64, Path, description = "The endpoint"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is changed"),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument),
              (status = 422, description = "Address or events are wrong", body = ProblemDocument)))]
pub async fn change(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(sent): Sent<EndpointChange>,
) -> Result<StatusCode, WebError> {
    let found = endpoint::get(state.store(), EndpointId(id)).await?.ok_or(WebError::NotFound)?;
    if sent.url.is_some() || sent.events.is_some() {
        let kinds = sent.events.unwrap_or_else(|| found.kinds());
        let wanted = Wanted { name: String::new(), url: sent.url.unwrap_or_else(|| found.url.clone()), kinds };
        act::change(&state, &actor, found.id, &wanted).await?;
    }
    if let Some(active) = sent.active.filter(|active| *active != found.off_at.is_none()) {
        act::turn(&state, &actor, found.id, active).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Stop telling somebody, and forget what was told
#[utoipa::path(delete, path = "/api/v1/endpoints/{id}", tag = "webhooks", params(("id" = i64, Path, description = "The endpoint")),
    responses((status = 204, description = "It is gone, with its deliveries"),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument)))]
pub async fn remove(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<StatusCode, WebError> {
    act::remove(&state, &actor, EndpointId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an endpoint a new secret; the old one signs too for 24 hours
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/secret", tag = "webhooks",
    params(("id" = i64, Path, description = "The endpoint"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is shown once", body = EndpointSecret),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument)))]
pub async fn rotate(State(state): State<WebState>, actor: Actor, Id(id): Id) -> Result<Response, WebError> {
    let made = act::rotate(&state, &actor, EndpointId(id)).await?;
    Ok((StatusCode::CREATED, Json(EndpointSecret::from(made))).into_response())
}

/// What an endpoint was told, and how that stands
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/deliveries", tag = "webhooks",
    params(("id" = i64, Path, description = "The endpoint"), DeliveriesAsked),
    responses((status = 200, description = "Newest first", body = Listed<DeliveryLine>),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument)))]
pub async fn deliveries(
    State(state): State<WebState>,
    Id(id): Id,
    Asked(asked): Asked<DeliveriesAsked>,
) -> Result<Json<Listed<DeliveryLine>>, WebError> {
    let found = endpoint::get(state.store(), EndpointId(id)).await?.ok_or(WebError::NotFound)?;
    let limit = paging::limit(asked.limit)?;
    let before = DeliveryId(paging::number(asked.cursor.as_deref(), i64::MAX)?);
    let wanted = asked.state.map_or("", DeliveryState::as_str);
    let lines = delivery::page(state.store(), found.id, before, wanted, limit + 1).await?;
    Ok(Json(Listed::cut(lines, limit, |line| line.id.to_string(), |line| line)))
}

/// Tell one thing again
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/deliveries/{delivery}/again", tag = "webhooks",
    params(("id" = i64, Path, description = "The endpoint"), ("delivery" = i64, Path, description = "The delivery"),
           ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is in line again, under the same webhook-id"),
              (status = 404, description = "There is no such delivery", body = ProblemDocument)))]
pub async fn again(
    State(state): State<WebState>,
    actor: Actor,
    Path((id, delivery)): Path<(i64, i64)>,
) -> Result<StatusCode, WebError> {
    act::again(&state, &actor, EndpointId(id), DeliveryId(delivery)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tell a range of time again
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/again", tag = "webhooks", request_body = AgainSent,
    params(("id" = i64, Path, description = "The endpoint"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "So much is in line again", body = AgainDone),
              (status = 404, description = "There is no such endpoint", body = ProblemDocument)))]
pub async fn again_between(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(sent): Sent<AgainSent>,
) -> Result<Json<AgainDone>, WebError> {
    let range = (sent.from, sent.to);
    let deliveries = act::again_between(&state, &actor, EndpointId(id), range, sent.given_up_only).await?;
    Ok(Json(AgainDone { deliveries }))
}
