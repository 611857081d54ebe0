//! Choosing the language of the screens.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;

use crate::locale::Language;
use crate::store::user;

use super::actor::{Anybody, LANGUAGE_COOKIE};
use super::error::WebError;
use super::form::{Form, local};
use super::state::WebState;

/// What was chosen, and where.
#[derive(Deserialize)]
pub struct Choice {
    language: String,
    #[serde(default)]
    back: String,
}

/// Keeps the choice with the user, or in a cookie where nobody is signed in.
pub async fn choose(
    State(state): State<WebState>,
    Anybody(actor): Anybody,
    jar: CookieJar,
    Form(choice): Form<Choice>,
) -> Result<Response, WebError> {
    let language = Language::of_tag(&choice.language).as_str();
    if let Some(id) = actor.and_then(|a| a.user) {
        user::set_language(state.store(), id, language).await?;
    }
    let cookie = Cookie::build((LANGUAGE_COOKIE, language))
        .path("/")
        .http_only(true)
        .secure(state.secure())
        .same_site(SameSite::Lax)
        .permanent();
    Ok((jar.add(cookie), Redirect::to(local(&choice.back))).into_response())
}
