//! One conversation: the thread, the answer, who has it, what was decided, who the person is.

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use crate::domain::id::{ConversationId, EntryId, MessageId, UserId};
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::engine::{DoubtSettlement, Seen};
use crate::inbox::choice::Choice;
use crate::store::conversation::{self, Conversation, ConversationState, Earlier, Panel};
use crate::store::entry::{self, Direction};
use crate::store::view::person::{self, Sent};
use crate::store::{suppression, user};

use super::actor::Actor;
use super::bubble::{self, Bubble};
use super::converse;
use super::error::WebError;
use super::form::{done, done_n};
use super::handover::{self, Desk};
use super::inbox::asked::Asked;
use super::inbox::lists::Lists;
use super::inbox::presence::{self, Others};
use super::page::{Page, html};
use super::state::WebState;
use super::words;

/// WhatsApp takes no longer text.
pub const LONGEST_ANSWER: usize = 4_096;
/// Earlier things shown of a person.
const EARLIER: i64 = 8;

#[derive(Template)]
#[template(path = "conversation.html")]
struct ConversationPage {
    p: Page,
    c: Conversation,
    panel: Panel,
    bubbles: Vec<Bubble>,
    /// The last line.
    seen: i64,
    /// The first column.
    inbox: Lists,
    /// Colleagues who are here.
    others: Others,
    /// An answer that a colleague's overtook.
    overtaken: Option<Overtaken>,
    window: String,
    can_answer: bool,
    /// Why not, if not.
    why_not: Option<String>,
    mine: bool,
    /// It is not a colleague's.
    may_act: bool,
    outcome: Option<String>,
    outcomes: Vec<String>,
    /// What an unclear reply may answer.
    choices: Vec<Choice>,
    earlier: Vec<Earlier>,
    sent: Vec<Sent>,
    agents: Vec<user::User>,
    teams: Vec<String>,
    longest: usize,
    longest_note: usize,
    campaigns: Right,
    suppress: Right,
    /// Why the person gets no promotions, or nothing; empty: they get them.
    wishes: Vec<String>,
    /// To whom it can be handed, and its ticket.
    desk: Desk,
}

impl ConversationPage {
    /// Whether promotions are only held, until an agent has read what was written.
    fn held(&self) -> bool {
        self.wishes.iter().any(|source| source == "word") && self.wishes.len() == 1
    }

    fn wish(&self, source: &str) -> String {
        self.p.word(&format!("web.suppressions.source.{source}"), source)
    }
}

/// `You can write for 3 h 20 min`, that the window is closed, or that the person has not written yet.
pub fn window(p: &Page, until: Option<UnixMs>) -> String {
    match until.filter(|until| *until > p.now) {
        Some(until) => p.say("web.window.open", &[("t", &words::duration(p.language, until.since(p.now)))]),
        None if until.is_none() => p.t("web.window.never"),
        None => p.t("web.window.closed"),
    }
}

/// The same in one word for a list: `3 h 20 min` left, or only templates.
pub fn window_short(p: &Page, until: Option<UnixMs>) -> String {
    match until.filter(|until| *until > p.now) {
        Some(until) => p.say("web.window.left", &[("t", &words::duration(p.language, until.since(p.now)))]),
        None => p.t("web.window.templates"),
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    (asked, jar, headers): (Asked, CookieJar, HeaderMap),
) -> Result<(CookieJar, Html<String>), WebError> {
    let jar = jar.add(asked.cookie(state.secure()));
    let shown = page(&state, &actor, p, Wanted { id: ConversationId(id), unsent: None, asked, headers }).await?;
    Ok((jar, shown))
}

/// What of the page is wanted.
struct Wanted {
    id: ConversationId,
    /// An answer that was not sent, and the last line that its author had seen.
    unsent: Option<(String, i64)>,
    asked: Asked,
    headers: HeaderMap,
}

async fn page(state: &WebState, actor: &Actor, mut p: Page, wanted: Wanted) -> Result<Html<String>, WebError> {
    let (store, id) = (state.store(), wanted.id);
    let c = conversation::get(store, id).await?.ok_or(WebError::NotFound)?;
    let panel = conversation::panel(store, id).await?.ok_or(WebError::NotFound)?;
    p.go_by_clock_of(state, &c.account);
    let campaign = campaign_label(&p, panel.campaign_title.as_deref(), panel.row_no);
    let lines = entry::lines(store, id).await?;
    let overtaken = wanted.unsent.map(|(text, last)| {
        let since = lines.iter().filter(|l| l.id.0 > last && l.direction == Direction::Out);
        Overtaken { text, since: since.map(|l| bubble::of(&p, l, &campaign)).collect() }
    });
    let seen = lines.iter().map(|l| l.id.0).max().unwrap_or_default();
    presence::opened(state, actor, &wanted.headers, Some((id, EntryId(seen)))).await?;
    let outcome = converse::decided(state, &c).await?;
    let open = c.state == ConversationState::Open;
    let why_not = why_not(state, actor, &p, &c).await?;
    let agents = user::all(store).await?.into_iter().filter(can_converse).collect();
    html(&ConversationPage {
        window: window(&p, c.window_until),
        can_answer: open && why_not.is_none(),
        why_not,
        mine: actor.user.is_some() && c.assignee == actor.user,
        outcome,
        may_act: converse::may_act(actor, &c),
        outcomes: converse::outcomes(state, &c).await?,
        earlier: conversation::earlier(store, c.person_id, id, EARLIER).await?,
        sent: person::recent(store, c.person_id, EARLIER).await?,
        agents,
        teams: state.config().teams.keys().cloned().collect(),
        longest: LONGEST_ANSWER,
        longest_note: converse::LONGEST_NOTE,
        choices: converse::choices(state, id).await?,
        campaigns: Right::ReadCampaigns,
        suppress: Right::Suppress,
        wishes: suppression::wishes(store, c.person_id).await?,
        seen,
        inbox: Lists::of(state, actor, &p, (wanted.asked, Some(id))).await?,
        others: presence::others(state, actor, id).await?,
        desk: handover::desk(state, &c).await?,
        bubbles: lines.iter().map(|l| bubble::of(&p, l, &campaign)).collect(),
        overtaken,
        panel,
        c,
        p,
    })
}

/// Whether the person wants promotions.
#[derive(Deserialize)]
pub struct Promotions {
    wanted: String,
}

/// An agent says whether the person wants promotions.
pub async fn set_promotions(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Promotions>,
) -> Result<Redirect, WebError> {
    converse::set_promotions(&state, &actor, ConversationId(id), form.wanted == "yes").await?;
    Ok(done(&format!("/conversations/{id}"), "promotions_set"))
}

fn can_converse(user: &user::User) -> bool {
    user.disabled_at.is_none() && user.role.may(Right::Converse)
}

/// `Recordatorio de turno, row 17`.
pub fn campaign_label(p: &Page, title: Option<&str>, row: Option<i64>) -> String {
    match (title, row) {
        (Some(title), Some(row)) => format!("{title}, {}", p.n("web.row_no", row)),
        (Some(title), None) => title.to_owned(),
        (None, _) => p.t("web.thread.by_hand"),
    }
}

/// Why `actor` cannot write now, in words; `None` when they can.
async fn why_not(state: &WebState, actor: &Actor, p: &Page, c: &Conversation) -> Result<Option<String>, WebError> {
    if c.state == ConversationState::Closed {
        return Ok(Some(p.t("web.thread.is_closed")));
    }
    if c.window_until.is_none_or(|until| until <= p.now) {
        return Ok(Some(window(p, c.window_until)));
    }
    if let Some(bot) = &c.bot {
        return Ok(Some(p.say("web.handover.bot_has_it", &[("bot", bot)])));
    }
    if let Some(owner) = c.assignee.filter(|owner| Some(*owner) != actor.user) {
        let name = user::by_id(state.store(), owner).await?.map_or_else(String::new, |u| u.name);
        return Ok(Some(p.say("web.thread.is_others", &[("who", &name)])));
    }
    Ok(None)
}

/// The answer's text, and the last line of the thread when it was begun.
#[derive(Deserialize)]
pub struct AnswerForm {
    text: String,
    seen: Option<i64>,
    anyway: Option<String>,
}

/// What was not sent because a colleague had answered meanwhile.
pub struct Overtaken {
    /// What was written.
    text: String,
    /// What stands in the thread since.
    since: Vec<Bubble>,
}

/// An answer goes out, or is shown back with what a colleague answered meanwhile.
pub async fn answer(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    (asked, headers): (Asked, HeaderMap),
    Form(form): Form<AnswerForm>,
) -> Result<Response, WebError> {
    let id = ConversationId(id);
    let seen = Seen { last: form.seen.map(EntryId), anyway: form.anyway.is_some() };
    match converse::answer(&state, &actor, id, (&form.text, seen)).await {
        Ok(_) => Ok(Redirect::to(&format!("/conversations/{id}#answer")).into_response()),
        Err(WebError::Conflict(converse::OVERTAKEN)) => {
            let last = form.seen.unwrap_or_default();
            let wanted = Wanted { id, unsent: Some((form.text, last)), asked, headers };
            let page = page(&state, &actor, p, wanted).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// From whom it is taken over; empty for nobody's.
#[derive(Deserialize)]
pub struct ClaimForm {
    #[serde(default)]
    from: Option<i64>,
}

/// Claim, or take over from the colleague who has it.
pub async fn claim(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<ClaimForm>,
) -> Result<Redirect, WebError> {
    match form.from {
        Some(from) => converse::take_over(&state, &actor, ConversationId(id), UserId(from)).await?,
        None => converse::claim(&state, &actor, ConversationId(id)).await?,
    }
    Ok(done(&format!("/conversations/{id}"), "claimed"))
}

/// What becomes of one uncertain message.
#[derive(Deserialize)]
pub struct DoubtForm {
    message: i64,
    how: String,
}

/// It was sent, send it again, or leave it.
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<DoubtForm>,
) -> Result<Redirect, WebError> {
    let how = DoubtSettlement::parse(&form.how).ok_or(WebError::Bad("settlement"))?;
    converse::settle(&state, &actor, ConversationId(id), (MessageId(form.message), how)).await?;
    Ok(done_n(&format!("/conversations/{id}"), "settled", 1))
}

/// Close.
pub async fn close(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    converse::close(&state, &actor, ConversationId(id)).await?;
    Ok(done("/conversations", "closed"))
}

/// Reopen.
pub async fn reopen(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    converse::reopen(&state, &actor, ConversationId(id)).await?;
    Ok(done(&format!("/conversations/{id}"), "reopened"))
}

/// The message that an unclear reply answers.
#[derive(Deserialize)]
pub struct AboutForm {
    message: i64,
}

/// This one it is.
pub async fn about(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<AboutForm>,
) -> Result<Redirect, WebError> {
    converse::choose(&state, &actor, ConversationId(id), MessageId(form.message)).await?;
    Ok(done(&format!("/conversations/{id}"), "about"))
}

/// A note's text.
#[derive(Deserialize)]
pub struct NoteForm {
    text: String,
}

/// A note among agents.
pub async fn note(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<NoteForm>,
) -> Result<Redirect, WebError> {
    converse::note(&state, &actor, ConversationId(id), &form.text).await?;
    Ok(done(&format!("/conversations/{id}"), "noted"))
}

/// What was decided.
#[derive(Deserialize)]
pub struct OutcomeForm {
    outcome: String,
}

/// Set or correct the outcome.
pub async fn set_outcome(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<OutcomeForm>,
) -> Result<Redirect, WebError> {
    converse::set_outcome(&state, &actor, ConversationId(id), form.outcome.trim()).await?;
    Ok(done(&format!("/conversations/{id}"), "outcome_set"))
}
