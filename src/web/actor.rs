//! Who is asking.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;

use crate::domain::id::UserId;
use crate::domain::role::{Right, Role};
use crate::locale::Language;
use crate::store::idempotency::Once;
use crate::store::{StoreError, session, token};

use super::state::WebState;

/// Cookie of a session; with the `__Host-` prefix where the site is https, which pins it to this host and path.
pub const COOKIE: &str = "recado_session";
/// Cookie of the language chosen by somebody who is not signed in.
pub const LANGUAGE_COOKIE: &str = "recado_language";

/// Whoever is behind a request, known from a cookie or a token.
#[derive(Clone, Debug)]
pub struct Actor {
    /// As written in the audit: the user's name, or `token:<name>`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The user; `None` for a token.
    pub user: Option<UserId>,
    /// What their forms carry; `None` for a token, which no browser sends by itself.
    pub csrf: Option<String>,
    /// The language they chose, if they did.
    pub chosen: Option<Language>,
    /// The key under which they ask, if there is one.
    pub once: Once,
    /// The agent at whose desk a token acts.
    pub desk: Option<String>,
}

impl Actor {
    /// The name of the bot that they are.
    pub fn bot(&self) -> Option<&str> {
        self.name.strip_prefix("token:").filter(|_| self.role == Role::Bot)
    }

    /// The name under what they write: their own, a bot's, or that of the agent for whom a token writes.
    pub fn pen(&self) -> String {
        match (&self.desk, self.bot()) {
            (Some(agent), _) => agent.clone(),
            (None, Some(bot)) => format!("bot:{bot}"),
            (None, None) => self.name.clone(),
        }
    }

    /// Whether they have `right`.
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}

/// The guard puts it there; a handler of a route that needs somebody can rely on it.
impl FromRequestParts<WebState> for Actor {
    type Rejection = super::error::WebError;
    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(super::error::WebError::NobodyThere)
    }
}

/// The actor, where a page is for everybody.
pub struct Anybody(pub Option<Actor>);

impl FromRequestParts<WebState> for Anybody {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Actor>().cloned()))
    }
}

/// Name of the session's cookie.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-recado_session" } else { COOKIE }
}

/// Finds out who sent a request with `headers`.
pub async fn identify(state: &WebState, headers: &HeaderMap) -> Result<Option<Actor>, StoreError> {
    if let Some(bearer) = bearer(headers) {
        let found = token::find(state.store(), bearer, state.people_now()).await?;
        return Ok(found.map(|t| Actor {
            name: format!("token:{}", t.name),
            role: t.role,
            user: None,
            csrf: None,
            chosen: None,
            once: Once::default(),
            desk: None,
        }));
    }
    let jar = CookieJar::from_headers(headers);
    let Some(cookie) = jar.get(cookie_name(state.secure())) else { return Ok(None) };
    let found = session::find(state.store(), cookie.value(), state.people_now()).await?;
    Ok(found.map(|s| Actor {
        name: s.name,
        role: s.role,
        user: Some(s.user_id),
        csrf: Some(s.csrf),
        chosen: (!s.language.is_empty()).then(|| Language::of_tag(&s.language)),
        once: Once::default(),
        desk: None,
    }))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The language of the answer: what the user chose, then the cookie, then what the browser asks for.
pub fn language(actor: Option<&Actor>, headers: &HeaderMap) -> Language {
    if let Some(chosen) = actor.and_then(|a| a.chosen) {
        return chosen;
    }
    if let Some(cookie) = CookieJar::from_headers(headers).get(LANGUAGE_COOKIE) {
        return Language::of_tag(cookie.value());
    }
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    preferred(asked)
}

/// The best of our languages in an `Accept-Language` header.
fn preferred(header: &str) -> Language {
    let mut best: Option<(f32, Language)> = None;
    for part in header.split(',') {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let tag = tag.trim().to_ascii_lowercase();
        let language = Language::of_tag(&tag);
        let weight: f32 = weight.trim().parse().unwrap_or(0.0);
        let ours = tag.starts_with(language.as_str());
        if ours && weight > 0.0 && best.is_none_or(|(w, _)| weight > w) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_best_language_that_we_speak_is_taken() {
        for (header, expected) in [
            ("es-AR,es;q=0.9,en;q=0.8", Language::Es),
            ("fr-FR,fr;q=0.9,pt-BR;q=0.5,en;q=0.4", Language::Pt),
            ("de", Language::En),
            ("en;q=0.1, es;q=0.7", Language::Es),
            ("", Language::En),
            ("pt;q=0", Language::En),
        ] {
            assert_eq!(preferred(header), expected, "{header}");
        }
    }
}
