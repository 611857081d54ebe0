//! Outgoing webhooks: who is told what, and how each delivery stands.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::civil::DateTime;
use serde::Deserialize;

use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::outgoing;
use crate::domain::time::UnixMs;
use crate::engine::outgoing::manage::{Made, Wanted};
use crate::store::outgoing::delivery::{self, DeliveryLine, DeliveryState};
use crate::store::outgoing::endpoint::{self, Endpoint};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done, done_n};
use super::outgoing_act as act;
use super::page::{Page, cut, html};
use super::state::WebState;

/// Deliveries on one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "outgoing.html")]
struct OutgoingPage {
    p: Page,
    endpoints: Vec<(Endpoint, Counts)>,
    kinds: Vec<String>,
    /// The name and the secret of one just made; shown once.
    made: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "outgoing_endpoint.html")]
struct EndpointPage {
    p: Page,
    endpoint: Endpoint,
    kinds: Vec<String>,
    deliveries: Vec<DeliveryLine>,
    /// The state that is looked at; empty: all.
    state: String,
    states: [DeliveryState; 3],
    next: Option<DeliveryId>,
    /// A secret just made; shown once.
    secret: Option<String>,
}

/// How many deliveries of an endpoint stand how.
#[derive(Default)]
pub struct Counts(BTreeMap<&'static str, i64>);

impl Counts {
    fn of(&self, state: &str) -> i64 {
        self.0.get(state).copied().unwrap_or_default()
    }
}

impl OutgoingPage {
    fn standing(&self, endpoint: &Endpoint) -> String {
        standing(&self.p, endpoint)
    }
}

impl EndpointPage {
    fn standing(&self, endpoint: &Endpoint) -> String {
        standing(&self.p, endpoint)
    }
}

fn standing(p: &Page, endpoint: &Endpoint) -> String {
    let word = match (&endpoint.off_at, endpoint.off_by.as_deref(), endpoint.failing_since) {
        (Some(_), Some(endpoint::ITSELF), _) => "failed",
        (Some(_), ..) => "off",
        (None, _, Some(_)) => "failing",
        (None, _, None) => "on",
    };
    p.t(&format!("web.outgoing.is.{word}"))
}

async fn page(state: &WebState, p: Page, made: Option<(String, String)>) -> Result<Html<String>, WebError> {
    let mut counts: BTreeMap<EndpointId, Counts> = BTreeMap::new();
    for (id, state, n) in delivery::counts(state.store()).await? {
        counts.entry(id).or_default().0.insert(state.as_str(), n);
    }
    let endpoints = endpoint::all(state.store()).await?.into_iter();
    let endpoints = endpoints.map(|one| (counts.remove(&one.id).unwrap_or_default(), one)).map(|(n, one)| (one, n));
    html(&OutgoingPage { p, endpoints: endpoints.collect(), kinds: outgoing::kinds(), made })
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Html<String>, WebError> {
    page(&state, p, None).await
}

/// An endpoint as the form gives it.
#[derive(Deserialize)]
pub struct EndpointForm {
    #[serde(default)]
    name: String,
    url: String,
    #[serde(default)]
    kind: Vec<String>,
}

impl EndpointForm {
    fn wanted(self) -> Wanted {
        Wanted { name: self.name, url: self.url, kinds: self.kind.into_iter().collect() }
    }
}

/// Makes one and shows its secret.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<EndpointForm>,
) -> Result<Response, WebError> {
    let wanted = form.wanted();
    let Made { secret, .. } = act::add(&state, &actor, &wanted).await?;
    Ok(page(&state, p, Some((wanted.name.trim().to_owned(), secret))).await?.into_response())
}

/// Which deliveries.
#[derive(Deserialize)]
pub struct Asked {
    before: Option<DeliveryId>,
    #[serde(default)]
    state: String,
}

async fn endpoint_page(
    state: &WebState,
    p: Page,
    (id, asked): (i64, Asked),
    secret: Option<String>,
) -> Result<Html<String>, WebError> {
    let endpoint = endpoint::get(state.store(), EndpointId(id)).await?.ok_or(WebError::NotFound)?;
    let wanted = DeliveryState::parse(&asked.state).map_or("", DeliveryState::as_str);
    let before = asked.before.unwrap_or(DeliveryId(i64::MAX));
    let mut deliveries = delivery::page(state.store(), endpoint.id, before, wanted, PAGE + 1).await?;
    let next = cut(&mut deliveries, PAGE).map(|line| line.id);
    let (kinds, states) = (outgoing::kinds(), DeliveryState::ALL);
    html(&EndpointPage { p, endpoint, kinds, deliveries, state: wanted.to_owned(), states, next, secret })
}

/// One endpoint with its deliveries.
pub async fn one(
    State(state): State<WebState>,
    p: Page,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    endpoint_page(&state, p, (id, asked), None).await
}

fn at(id: i64) -> String {
    format!("/outgoing/{id}")
}

/// Tells it something else, or somewhere else.
pub async fn change(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<EndpointForm>,
) -> Result<Redirect, WebError> {
    act::change(&state, &actor, EndpointId(id), &form.wanted()).await?;
    Ok(done(&at(id), "endpoint_changed"))
}

/// Gives it a new secret and shows it.
pub async fn rotate(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let made = act::rotate(&state, &actor, EndpointId(id)).await?;
    endpoint_page(&state, p, (id, Asked { before: None, state: String::new() }), Some(made.secret)).await
}

/// Tells it nothing any more.
pub async fn turn_off(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    act::turn(&state, &actor, EndpointId(id), false).await?;
    Ok(done(&at(id), "endpoint_off"))
}

/// Tells it again.
pub async fn turn_on(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    act::turn(&state, &actor, EndpointId(id), true).await?;
    Ok(done(&at(id), "endpoint_on"))
}

/// Removes it with its deliveries.
pub async fn remove(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    act::remove(&state, &actor, EndpointId(id)).await?;
    Ok(done("/outgoing", "endpoint_removed"))
}

/// Posts one delivery again.
pub async fn again(
    State(state): State<WebState>,
    actor: Actor,
    Path((id, delivery)): Path<(i64, i64)>,
) -> Result<Redirect, WebError> {
    act::again(&state, &actor, EndpointId(id), DeliveryId(delivery)).await?;
    Ok(done(&at(id), "delivery_again"))
}

/// A range of time on the page's clock.
#[derive(Deserialize)]
pub struct RangeForm {
    from: String,
    to: String,
    #[serde(default)]
    given_up_only: String,
}

/// Posts a range of time again.
pub async fn again_between(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<RangeForm>,
) -> Result<Redirect, WebError> {
    let zone = state.zone();
    let instant = |text: &str| {
        let local: DateTime = text.parse().map_err(|_| WebError::Bad("time_range"))?;
        local
            .to_zoned(zone.clone())
            .map(|zoned| UnixMs::from(zoned.timestamp()))
            .map_err(|_| WebError::Bad("time_range"))
    };
    let range = (instant(&form.from)?, instant(&form.to)?);
    let n = act::again_between(&state, &actor, EndpointId(id), range, !form.given_up_only.is_empty()).await?;
    Ok(done_n(&at(id), "deliveries_again", n))
}
