//! The inbox with no conversation open, and its lists alone, which the page fetches anew when something changes.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use axum_extra::extract::CookieJar;

use super::actor::Actor;
use super::error::WebError;
use super::inbox::asked::Asked;
use super::inbox::lists::Lists;
use super::inbox::presence;
use super::page::{Page, html};
use super::state::WebState;

#[derive(Template)]
#[template(path = "conversations.html")]
struct ConversationsPage {
    p: Page,
    inbox: Lists,
}

#[derive(Template)]
#[template(path = "inbox/lists.html")]
struct ListsPart {
    p: Page,
    inbox: Lists,
}

#[derive(Template)]
#[template(path = "news.html")]
struct NewsPart {
    p: Page,
}

/// What is not read alone, which every page of whoever converses fetches anew when something comes in.
pub async fn news(p: Page) -> Result<Html<String>, WebError> {
    html(&NewsPart { p })
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    asked: Asked,
    jar: CookieJar,
    headers: HeaderMap,
) -> Result<(CookieJar, Html<String>), WebError> {
    presence::opened(&state, &actor, &headers, None).await?;
    let jar = jar.add(asked.cookie(state.secure()));
    let inbox = Lists::of(&state, &actor, &p, (asked, None)).await?;
    Ok((jar, html(&ConversationsPage { p, inbox })?))
}

/// Its lists alone.
pub async fn lists(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    asked: Asked,
) -> Result<Html<String>, WebError> {
    let inbox = Lists::of(&state, &actor, &p, (asked, None)).await?;
    html(&ListsPart { p, inbox })
}
