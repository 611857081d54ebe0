//! One template to one person, by hand: from the page for whoever has no conversation yet, and from a conversation. Both
//! show the same gallery.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::id::ConversationId;
use crate::engine::{HandOutcome, HandSend};
use crate::locale;
use crate::store::conversation;

use super::actor::Actor;
use super::converse::author;
use super::error::WebError;
use super::form::{Form, with_done};
use super::gallery::{Asked, Gallery};
use super::once::once;
use super::page::{Page, html};
use super::state::WebState;

#[derive(askama::Template)]
#[template(path = "send.html")]
struct SendPage {
    p: Page,
    g: Gallery,
}

#[derive(askama::Template)]
#[template(path = "conversation_template.html")]
struct TemplatePage {
    p: Page,
    g: Gallery,
}

/// The page; with a template chosen it shows its fields.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    axum_extra::extract::Query(asked): axum_extra::extract::Query<Asked>,
) -> Result<Html<String>, WebError> {
    page(&state, p, asked, Vec::new()).await
}

async fn page(state: &WebState, p: Page, mut asked: Asked, problems: Vec<String>) -> Result<Html<String>, WebError> {
    if asked.sender.is_empty() {
        asked.sender = state.config().senders.keys().next().cloned().unwrap_or_default();
    }
    let g = Gallery::of(state, &p, asked, None, problems).await?;
    html(&SendPage { p, g })
}

/// The gallery of a conversation.
pub async fn show_in(
    State(state): State<WebState>,
    p: Page,
    Path(id): Path<i64>,
    axum_extra::extract::Query(asked): axum_extra::extract::Query<Asked>,
) -> Result<Html<String>, WebError> {
    page_in(&state, p, ConversationId(id), asked, Vec::new()).await
}

async fn page_in(
    state: &WebState,
    mut p: Page,
    id: ConversationId,
    asked: Asked,
    problems: Vec<String>,
) -> Result<Html<String>, WebError> {
    let (asked, account) = to_person(state, id, asked).await?;
    p.go_by_clock_of(state, &account);
    let g = Gallery::of(state, &p, asked, Some(id), problems).await?;
    html(&TemplatePage { p, g })
}

/// In a conversation it is known from where and to whom; and by which account.
async fn to_person(state: &WebState, id: ConversationId, mut asked: Asked) -> Result<(Asked, String), WebError> {
    let found = conversation::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let panel = conversation::panel(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let phone = panel.phone.ok_or(WebError::Conflict("no_number"))?;
    (asked.sender, asked.to) = (found.sender, format!("+{phone}"));
    Ok((asked, found.account))
}

fn international(state: &WebState, p: &Page, sender: &str, typed: &str) -> String {
    match state.engine.international(sender, typed) {
        Ok(phone) => p.say("web.send.goes_to", &[("number", &phone.with_plus())]),
        Err(problem) => locale::problem(p.language, &problem),
    }
}

/// What a number becomes, while it is typed.
pub async fn number(State(state): State<WebState>, p: Page, Query(asked): Query<NumberAsked>) -> String {
    if asked.to.trim().is_empty() { String::new() } else { international(&state, &p, &asked.sender, &asked.to) }
}

/// A number, as typed.
#[derive(Deserialize)]
pub struct NumberAsked {
    #[serde(default)]
    sender: String,
    #[serde(default)]
    to: String,
}

/// It goes out; what stands in the way is told above the form, which keeps what was typed.
pub async fn send(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, WebError> {
    if asked.looks() {
        return Ok(page(&state, p, asked, Vec::new()).await?.into_response());
    }
    let told = match Box::pin(go_once(&state, &actor, "POST /send", &asked)).await {
        Ok(path) => return Ok(Redirect::to(&path).into_response()),
        Err(error) => told(&p, error)?,
    };
    let page = page(&state, p, asked, told).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The same from a conversation.
pub async fn send_in(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(asked): Form<Asked>,
) -> Result<Response, WebError> {
    let id = ConversationId(id);
    if asked.looks() {
        return Ok(page_in(&state, p, id, asked, Vec::new()).await?.into_response());
    }
    let (asked, _) = to_person(&state, id, asked).await?;
    let told = match Box::pin(go_once(&state, &actor, &format!("POST /conversations/{id}/templates"), &asked)).await {
        Ok(path) => return Ok(Redirect::to(&path).into_response()),
        Err(error) => told(&p, error)?,
    };
    let page = page_in(&state, p, id, asked, told).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What stands in the way, in words; other errors go on.
fn told(p: &Page, error: WebError) -> Result<Vec<String>, WebError> {
    match error {
        WebError::Refused(problems) => Ok(problems.iter().map(|b| locale::problem(p.language, b)).collect()),
        // The page comes back with another key, which is another message.
        WebError::Unprocessable(why) => Ok(vec![p.t(&format!("web.error.{why}"))]),
        other => Err(other),
    }
}

/// Sends what a form holds, once for its key; the path of the conversation it is in.
async fn go_once(state: &WebState, actor: &Actor, route: &str, asked: &Asked) -> Result<String, WebError> {
    let send = asked.send();
    let work = async |actor: Actor| {
        let (_, conversation) = go(state, &actor, &send).await?;
        let found = conversation::get(state.store(), conversation).await?;
        let theirs = found.is_some_and(|c| c.assignee != actor.user);
        let done = if theirs { "sent_theirs" } else { "sent" };
        Ok(with_done(&format!("/conversations/{conversation}"), done))
    };
    Box::pin(once(state, actor, (route, &asked.once), &format!("{send:?}"), work)).await
}

/// Sends it, for page and API.
pub async fn go(
    state: &WebState,
    actor: &Actor,
    send: &HandSend,
) -> Result<(crate::domain::id::MessageId, ConversationId), WebError> {
    match state.engine.send_by_hand(send, &author(actor)?).await? {
        HandOutcome::Sent { message, conversation } => {
            let detail = format!("template {} {}", send.template, send.language);
            state.audit(actor, "message.by_hand", &format!("message {message}"), &detail).await?;
            Ok((message, conversation))
        }
        HandOutcome::Refused(problems) => Err(WebError::Refused(problems)),
    }
}

/// Minutes as the wait that a form or a program asks for.
pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}
