//! Who looks at a conversation and who writes in it: told by open pages, shown to the others.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Html;
use serde::Deserialize;

use crate::domain::change::Change;
use crate::domain::id::{ConversationId, EntryId, UserId};
use crate::store::conversation;
use crate::store::presence::{self, Beat};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::form::Form;
use crate::web::page::{Page, html};
use crate::web::state::WebState;

/// A page that fetches itself anew says so: nobody has come to it just now.
const LIVE: &str = "x-live";

/// The others at a conversation.
#[derive(Default)]
pub struct Others {
    /// Who writes.
    pub typing: Vec<String>,
    /// Who only looks.
    pub looking: Vec<String>,
}

impl Others {
    /// The sentence for those who write: of one, or of several.
    pub const fn types(&self) -> &'static str {
        if self.typing.len() == 1 { "web.inbox.types" } else { "web.inbox.type" }
    }

    /// The same for those who only look.
    pub const fn looks(&self) -> &'static str {
        if self.looking.len() == 1 { "web.inbox.looks" } else { "web.inbox.look" }
    }
}

#[derive(Template)]
#[template(path = "inbox/others.html")]
struct OthersPart {
    p: Page,
    id: ConversationId,
    others: Others,
}

/// What a page tells.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Told {
    conversation: Option<i64>,
    typing: Option<String>,
    gone: Option<String>,
}

/// Those who are at a conversation, but for `user`.
pub async fn others(state: &WebState, user: Option<UserId>, id: ConversationId) -> Result<Others, WebError> {
    let now = state.now();
    let mut others = Others::default();
    for one in presence::looking(state.store(), id, now).await? {
        if Some(one.user_id) == user {
            continue;
        }
        let list = if one.is_typing(now) { &mut others.typing } else { &mut others.looking };
        list.push(one.name);
    }
    Ok(others)
}

/// The line with the others, alone.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let id = ConversationId(id);
    let others = others(&state, actor.user, id).await?;
    html(&OthersPart { p, id, others })
}

/// A page tells who is before it.
pub async fn tell(State(state): State<WebState>, actor: Actor, Form(told): Form<Told>) -> Result<StatusCode, WebError> {
    let Some(user) = actor.user else { return Err(WebError::Conflict("needs_person")) };
    let at = told.conversation.map(ConversationId);
    if let Some(id) = at
        && conversation::get(state.store(), id).await?.is_none()
    {
        return Err(WebError::NotFound);
    }
    if told.gone.is_some() {
        if presence::leave(state.store(), user, at).await?
            && let Some(id) = at
        {
            state.engine.tell(Change::Presence(id));
        }
        return Ok(StatusCode::NO_CONTENT);
    }
    beat(&state, &actor, Beat { conversation: at, typing: told.typing.is_some() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page was opened: its reader is here, and has read as far as `last`.
pub async fn opened(
    state: &WebState,
    actor: &Actor,
    headers: &HeaderMap,
    shown: Option<(ConversationId, EntryId)>,
) -> Result<(), WebError> {
    let Some(user) = actor.user else { return Ok(()) };
    if let Some((id, last)) = shown {
        conversation::seen(state.store(), user, id, last).await?;
    }
    if headers.contains_key(LIVE) {
        return Ok(());
    }
    beat(state, actor, Beat { conversation: shown.map(|(id, _)| id), typing: false }).await
}

async fn beat(state: &WebState, actor: &Actor, beat: Beat) -> Result<(), WebError> {
    let Some(user) = actor.user else { return Ok(()) };
    for id in presence::beat(state.store(), user, state.now(), beat).await? {
        state.engine.tell(Change::Presence(id));
    }
    Ok(())
}
