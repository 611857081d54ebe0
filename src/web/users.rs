//! Users and tokens, for whoever may manage them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::config::conversations::MOST;
use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::store::session;
use crate::store::token::{self, Token};
use crate::store::user::{self, User};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done};
use super::page::{Page, html};
use super::state::WebState;

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    p: Page,
    users: Vec<User>,
    tokens: Vec<Token>,
    roles: [Role; 5],
    /// How many conversations are given to those without a number of their own.
    capacity: i64,
    /// The most that can be set.
    most: i64,
    /// A sign-in link just made, with whom it is for; shown once.
    link: Option<(String, String)>,
}

async fn page(state: &WebState, mut p: Page, link: Option<(String, String)>) -> Result<Html<String>, WebError> {
    // Their times are people's, not those of a clock that runs faster.
    p.now = state.people_now();
    let users = user::all(state.store()).await?;
    let tokens = token::all(state.store()).await?;
    let capacity = state.config().conversations.capacity;
    html(&UsersPage { p, users, tokens, capacity, most: MOST, roles: Role::PEOPLE, link })
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Html<String>, WebError> {
    page(&state, p, None).await
}

/// Whom to add.
#[derive(Deserialize)]
pub struct Addition {
    name: String,
    role: String,
}

/// Adds somebody and shows the link that lets them in.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<Addition>,
) -> Result<Response, WebError> {
    let role = Role::parse(&form.role).filter(|role| role.is_for_people()).ok_or(WebError::Bad("role"))?;
    let name = form.name.trim();
    if !user::is_name(name) {
        return Err(WebError::Bad("user_name"));
    }
    let id = user::add(state.store(), name, role, None, state.people_now())
        .await?
        .ok_or(WebError::Conflict("user_exists"))?;
    state.audit(&actor, "user.add", &format!("user {name}"), role.as_str()).await?;
    let link = link_for(&state, id).await?;
    Ok(page(&state, p, Some((name.to_owned(), link))).await?.into_response())
}

/// The address that signs `user` in once.
async fn link_for(state: &WebState, user: UserId) -> Result<String, WebError> {
    let token = session::add_link(state.store(), user, state.people_now()).await?;
    Ok(format!("{}/sign-in/link?token={token}", state.public_origin()))
}

async fn found(state: &WebState, id: i64) -> Result<User, WebError> {
    user::by_id(state.store(), UserId(id)).await?.ok_or(WebError::NotFound)
}

/// A new link for somebody who lost their way in.
pub async fn link(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let user = found(&state, id).await?;
    if user.disabled_at.is_some() {
        return Err(WebError::Conflict("user_disabled"));
    }
    state.audit(&actor, "user.link", &format!("user {}", user.name), "").await?;
    let link = link_for(&state, user.id).await?;
    Ok(page(&state, p, Some((user.name, link))).await?.into_response())
}

/// Shuts somebody out.
pub async fn disable(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    let user = found(&state, id).await?;
    if user.role == Role::Admin && user::is_last_admin(state.store(), user.id).await? {
        return Err(WebError::Conflict("last_admin"));
    }
    user::disable(state.store(), user.id, state.people_now()).await?;
    state.audit(&actor, "user.disable", &format!("user {}", user.name), "").await?;
    Ok(done("/users", "user_disabled"))
}

/// Lets somebody in again.
pub async fn enable(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    let user = found(&state, id).await?;
    user::enable(state.store(), user.id).await?;
    state.audit(&actor, "user.enable", &format!("user {}", user.name), "").await?;
    Ok(done("/users", "user_enabled"))
}

/// What they may do from now on.
#[derive(Deserialize)]
pub struct RoleForm {
    role: String,
}

/// Changes a role.
pub async fn set_role(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<RoleForm>,
) -> Result<Redirect, WebError> {
    let role = Role::parse(&form.role).filter(|role| role.is_for_people()).ok_or(WebError::Bad("role"))?;
    let user = found(&state, id).await?;
    if user.role == Role::Admin && role != Role::Admin && user::is_last_admin(state.store(), user.id).await? {
        return Err(WebError::Conflict("last_admin"));
    }
    user::set_role(state.store(), user.id, role).await?;
    state.audit(&actor, "user.role", &format!("user {}", user.name), role.as_str()).await?;
    Ok(done("/users", "role_set"))
}

/// How many conversations they may have from now on.
#[derive(Deserialize)]
pub struct CapacityForm {
    /// Empty: as many as the configuration says.
    capacity: String,
}

/// Changes how many conversations are given to somebody.
pub async fn set_capacity(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<CapacityForm>,
) -> Result<Redirect, WebError> {
    let user = found(&state, id).await?;
    let capacity = match form.capacity.trim() {
        "" => None,
        text => Some(text.parse().ok().filter(|n| (0..=MOST).contains(n)).ok_or(WebError::Bad("capacity"))?),
    };
    user::set_capacity(state.store(), user.id, capacity).await?;
    let detail = capacity.map_or_else(|| "as configured".to_owned(), |n: i64| n.to_string());
    state.audit(&actor, "user.capacity", &format!("user {}", user.name), &detail).await?;
    Ok(done("/users", "capacity_set"))
}

/// Revokes a token.
pub async fn revoke(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    if !token::revoke(state.store(), id, state.people_now()).await? {
        return Err(WebError::NotFound);
    }
    state.audit(&actor, "token.revoke", &format!("token {id}"), "").await?;
    Ok(done("/users", "token_revoked"))
}
