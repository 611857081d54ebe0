//! Signing in with name and password or with a link that works once, and out.

use std::net::SocketAddr;

use askama::Template;
use axum::Extension;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use tokio::time::Instant;

use crate::domain::id::UserId;
use crate::domain::role::Right;
use crate::store::audit::{self, Deed};
use crate::store::{session, user};

use super::actor::{Actor, Anybody, cookie_name};
use super::error::WebError;
use super::form::{Form, local};
use super::origin::origin;
use super::page::{Page, html};
use super::state::WebState;
use super::throttle::Who;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    p: Page,
    next: String,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in_link.html")]
struct LinkPage {
    p: Page,
    token: String,
    /// Whom it signs in; `None`: it does not work any more.
    name: Option<String>,
}

/// Where to go after.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// Name and password.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// A link's token.
#[derive(Deserialize)]
pub struct LinkToken {
    token: String,
}

/// The form; whoever is signed in already goes on.
pub async fn show(Anybody(actor): Anybody, p: Page, Query(query): Query<Next>) -> Result<Response, WebError> {
    if actor.is_some() {
        return Ok(Redirect::to(local(&query.next)).into_response());
    }
    Ok(html(&SignInPage { p, next: query.next, name: String::new(), problem: None })?.into_response())
}

/// Name and password come in.
pub async fn submit(
    State(state): State<WebState>,
    p: Page,
    jar: CookieJar,
    (peer, headers): (Option<Extension<ConnectInfo<SocketAddr>>>, HeaderMap),
    Form(given): Form<Credentials>,
) -> Result<Response, WebError> {
    let name = given.name.trim().to_owned();
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer.ip());
    // What a proxy of ours leaves out is the proxy's.
    let from = peer.map(|peer| origin(peer, &headers, &state.config().server.trusted_proxies).unwrap_or(peer));
    let who = Who::new(&name, from);
    if let Some(wait) = state.throttle.wait(&who, Instant::now()) {
        state.metrics.sign_in("password", "slowed");
        let seconds = wait.as_secs() + 1;
        let problem = p.say("web.sign_in.wait", &[("n", &seconds.to_string())]);
        let page = html(&SignInPage { p, next: given.next, name, problem: Some(problem) })?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())], page).into_response());
    }
    if let Some(user) = check(&state, &name, &given.password).await? {
        state.metrics.sign_in("password", "right");
        state.throttle.right(&who);
        return enter(&state, jar, user, &name, &given.next).await;
    }
    state.metrics.sign_in("password", "wrong");
    state.throttle.wrong(&who, Instant::now());
    let problem = Some(p.t("web.sign_in.wrong"));
    let page = html(&SignInPage { p, next: given.next, name, problem })?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

/// The user, if there is one of that name, not shut out, with that password. A wrong name takes as long as a wrong password.
async fn check(state: &WebState, name: &str, password: &str) -> Result<Option<UserId>, WebError> {
    let found = user::by_name(state.store(), name).await?;
    let hash = match &found {
        Some(user) => user::password_hash(state.store(), user.id).await?,
        None => None,
    };
    let right = state
        .turnstile
        .verify(password, hash)
        .await
        .map_err(|e| WebError::Unexpected("a password could not be checked", Box::new(e)))?;
    Ok(found.filter(|_| right).map(|u| u.id))
}

async fn enter(state: &WebState, jar: CookieJar, user: UserId, name: &str, next: &str) -> Result<Response, WebError> {
    let value = session::begin(state.store(), user, state.people_now()).await?;
    let deed = Deed { actor: name, action: "user.sign_in", subject: &format!("user {name}"), detail: "" };
    audit::write(state.store(), state.now(), deed).await?;
    let cookie = Cookie::build((cookie_name(state.secure()), value))
        .path("/")
        .http_only(true)
        .secure(state.secure())
        .same_site(SameSite::Lax);
    Ok((jar.add(cookie), Redirect::to(local(next))).into_response())
}

/// A link was opened: by the person, or by a program that looks at links in mails. Only the button uses it up.
pub async fn show_link(
    State(state): State<WebState>,
    p: Page,
    Query(query): Query<LinkToken>,
) -> Result<Response, WebError> {
    let name = session::look_at_link(state.store(), &query.token, state.people_now()).await?;
    let status = if name.is_some() { StatusCode::OK } else { StatusCode::GONE };
    Ok((status, html(&LinkPage { p, token: query.token, name })?).into_response())
}

/// The button under a link.
pub async fn use_link(
    State(state): State<WebState>,
    p: Page,
    jar: CookieJar,
    Form(given): Form<LinkToken>,
) -> Result<Response, WebError> {
    let found = match session::use_link(state.store(), &given.token, state.people_now()).await? {
        Some(id) => user::by_id(state.store(), id).await?,
        None => None,
    };
    if let Some(user) = found {
        state.metrics.sign_in("link", "right");
        return enter(&state, jar, user.id, &user.name, "/").await;
    }
    state.metrics.sign_in("link", "wrong");
    let page = html(&LinkPage { p, token: given.token, name: None })?;
    Ok((StatusCode::GONE, page).into_response())
}

/// Out.
pub async fn sign_out(State(state): State<WebState>, actor: Actor, jar: CookieJar) -> Result<Response, WebError> {
    let name = cookie_name(state.secure());
    if let Some(cookie) = jar.get(name) {
        session::end(state.store(), cookie.value()).await?;
        state.audit(&actor, "user.sign_out", &format!("user {}", actor.name), "").await?;
    }
    let gone = Cookie::build((name, "")).path("/").secure(state.secure()).removal();
    Ok((jar.add(gone), Redirect::to("/sign-in")).into_response())
}

/// The front door: agents go to their conversations, everybody else to the campaigns.
pub async fn home(actor: Actor) -> Redirect {
    let conversations = actor.may(Right::Converse) && !actor.may(Right::StartRuns);
    Redirect::to(if conversations { "/conversations" } else { "/campaigns" })
}
