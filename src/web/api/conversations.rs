//! Conversations: list, thread, answer, claim, close.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::id::ConversationId;
use crate::store::conversation::{self, ConversationLine, ConversationState};
use crate::store::entry;
use crate::web::actor::Actor;
use crate::web::bubble::{self, Bubble};
use crate::web::conversations::{Asked, last_words};
use crate::web::converse;
use crate::web::error::WebError;
use crate::web::page::Page;
use crate::web::state::WebState;

use super::body::Body;
use super::idempotent::Once;

/// Conversations on one page.
const PAGE: i64 = 100;

/// A conversation of the list.
#[derive(Serialize, ToSchema)]
pub struct ConversationView {
    /// Its number.
    id: i64,
    /// The person's name, if known.
    name: String,
    /// Their number with `+`, if known.
    phone: Option<String>,
    /// Its sender.
    sender: String,
    /// `open` or `closed`.
    state: String,
    /// Who has it.
    assignee: Option<String>,
    /// Whose team's it is.
    team: Option<String>,
    /// Title of its campaign.
    campaign: Option<String>,
    /// Since when the person waits, Unix milliseconds.
    waiting_since: Option<i64>,
    /// Until when free texts may be sent.
    window_until: Option<i64>,
    /// The person's last words.
    last_words: String,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub struct ConversationList {
    /// Whoever waits longest first.
    items: Vec<ConversationView>,
    /// `key` and `after` of the next page; absent on the last.
    next: Option<NextPage>,
}

/// Where the next page begins.
#[derive(Serialize, ToSchema)]
pub struct NextPage {
    /// Give it as `key`.
    key: i64,
    /// Give it as `after`.
    after: i64,
}

const fn state_word(state: ConversationState) -> &'static str {
    match state {
        ConversationState::Open => "open",
        ConversationState::Closed => "closed",
    }
}

fn line_view(p: &Page, line: ConversationLine) -> ConversationView {
    ConversationView {
        last_words: last_words(p.language, &line),
        id: line.id.0,
        name: line.name,
        phone: line.phone.map(|d| format!("+{d}")),
        sender: line.sender,
        state: state_word(line.state).to_owned(),
        assignee: line.assignee_name,
        team: line.team,
        campaign: line.campaign,
        waiting_since: line.waiting_since.map(|t| t.0),
        window_until: line.window_until.map(|t| t.0),
    }
}

/// The list.
pub async fn list(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Json<ConversationList>, WebError> {
    let mut lines = conversation::list(state.store(), &asked.filter(&state, &actor, PAGE + 1)).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(PAGE as usize);
    let last = if more { lines.last() } else { None };
    let next = last.map(|l| NextPage { key: l.cursor().key, after: l.cursor().id.0 });
    Ok(Json(ConversationList { items: lines.into_iter().map(|l| line_view(&p, l)).collect(), next }))
}

/// One line of a thread.
#[derive(Serialize, ToSchema)]
pub struct EntryView {
    /// `in`, `out` or `note`.
    direction: String,
    /// Who speaks; empty for the person.
    from: String,
    /// The words, with header, footer and buttons on lines of their own.
    text: String,
    /// When, Unix milliseconds.
    at: i64,
    /// State of our message, in words.
    state: Option<String>,
    /// What went wrong with it.
    problem: Option<String>,
}

impl From<Bubble> for EntryView {
    fn from(b: Bubble) -> Self {
        let mut lines: Vec<String> = b.text.header.into_iter().collect();
        lines.push(b.text.body);
        lines.extend(b.text.footer);
        lines.extend(b.text.buttons.into_iter().map(|button| format!("[{}]", button.text)));
        Self {
            direction: b.side.to_owned(),
            from: b.from,
            text: lines.join("\n"),
            at: b.at.0,
            state: b.tick.map(|t| t.words),
            problem: b.problem,
        }
    }
}

/// A conversation with its thread.
#[derive(Serialize, ToSchema)]
pub struct ThreadView {
    /// Its number.
    id: i64,
    /// The person's name, if known.
    name: String,
    /// Their number with `+`, if known.
    phone: Option<String>,
    /// `open` or `closed`.
    state: String,
    /// Who has it.
    assignee: Option<String>,
    /// Until when free texts may be sent.
    window_until: Option<i64>,
    /// The message it is about.
    message: Option<i64>,
    /// Oldest first.
    entries: Vec<EntryView>,
}

async fn thread(state: &WebState, p: &Page, id: ConversationId) -> Result<ThreadView, WebError> {
    let found = conversation::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let panel = conversation::panel(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let campaign = panel.campaign_title.clone().unwrap_or_default();
    let lines = entry::lines(state.store(), id).await?;
    Ok(ThreadView {
        id: id.0,
        name: panel.name,
        phone: panel.phone.map(|d| format!("+{d}")),
        state: state_word(found.state).to_owned(),
        assignee: panel.assignee_name,
        window_until: found.window_until.map(|t| t.0),
        message: found.origin_message_id.map(|m| m.0),
        entries: lines.iter().map(|l| EntryView::from(bubble::of(p, l, &campaign))).collect(),
    })
}

/// One, with its thread.
pub async fn show(State(state): State<WebState>, p: Page, Path(id): Path<i64>) -> Result<Json<ThreadView>, WebError> {
    thread(&state, &p, ConversationId(id)).await.map(Json)
}

/// An answer.
#[derive(Deserialize, ToSchema)]
pub struct AnswerRequest {
    /// At most 4,096 characters.
    text: String,
}

/// Answers within the window.
pub async fn answer(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    headers: HeaderMap,
    body: Body<AnswerRequest>,
) -> Result<Response, WebError> {
    let route = format!("POST /api/v1/conversations/{id}/answer");
    let once = Once { state: &state, actor: &actor, route, headers: &headers, request: &body.hash };
    let work = Box::pin(async {
        converse::answer(&state, &actor, ConversationId(id), &body.value.text).await?;
        thread(&state, &p, ConversationId(id)).await
    });
    once.answer(StatusCode::CREATED, work).await
}

/// Takes it.
pub async fn claim(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Json<ThreadView>, WebError> {
    converse::claim(&state, &actor, ConversationId(id)).await?;
    thread(&state, &p, ConversationId(id)).await.map(Json)
}

/// Closes it.
pub async fn close(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Json<ThreadView>, WebError> {
    converse::close(&state, &actor, ConversationId(id)).await?;
    thread(&state, &p, ConversationId(id)).await.map(Json)
}

/// What was decided.
#[derive(Deserialize, ToSchema)]
pub struct OutcomeRequest {
    /// `confirmed`, `cancelled`, or a word of the campaign's own.
    outcome: String,
}

/// Sets or corrects the outcome.
pub async fn outcome(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    body: Body<OutcomeRequest>,
) -> Result<Json<ThreadView>, WebError> {
    converse::set_outcome(&state, &actor, ConversationId(id), body.value.outcome.trim()).await?;
    thread(&state, &p, ConversationId(id)).await.map(Json)
}
