//! One conversation: the thread, the answer, who has it, what was decided, who the person is.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use crate::domain::id::{ConversationId, EntryId, MessageId, UserId};
use crate::domain::role::Right;
use crate::engine::{DoubtSettlement, Seen};
use crate::inbox::choice::Choice;
use crate::locale;
use crate::store::conversation::{self, Conversation, Earlier, Panel};
use crate::store::view::person::{self, Sent};
use crate::store::{suppression, user};

use super::actor::Actor;
use super::bubble::{self, Bubble};
use super::composer::{Begun, BegunAsked, Composer, NewAnswer};
use super::converse;
use super::error::WebError;
use super::form::{Form, done, done_n, with_done};
use super::handover::{self, Desk};
use super::inbox::asked::Asked;
use super::inbox::lists::Lists;
use super::inbox::presence::{self, Others};
use super::once::{once, once_for_words};
use super::page::{Page, html};
use super::state::WebState;

/// Earlier things shown of a person.
const EARLIER: i64 = 8;

#[derive(Template)]
#[template(path = "conversation.html")]
struct ConversationPage {
    p: Page,
    c: Conversation,
    panel: Panel,
    bubbles: Vec<Bubble>,
    composer: Composer,
    /// The last line.
    seen: i64,
    /// The first column.
    inbox: Lists,
    /// Colleagues who are here.
    others: Others,
    /// An answer that a colleague's overtook.
    overtaken: Option<Overtaken>,
    /// What came in before something was done, which was not.
    unseen: Vec<Bubble>,
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
    longest_note: usize,
    campaigns: Right,
    people: Right,
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

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Query(begun): Query<BegunAsked>,
    (asked, jar, headers): (Asked, CookieJar, HeaderMap),
) -> Result<(CookieJar, Html<String>), WebError> {
    let jar = jar.add(asked.cookie(state.secure()));
    let wanted = Wanted { id: ConversationId(id), begun: begun.into(), asked, headers };
    Ok((jar, page(&state, &actor, p, wanted).await?))
}

/// What of the page is wanted.
struct Wanted {
    id: ConversationId,
    /// The answer as far as it was written.
    begun: Begun,
    asked: Asked,
    headers: HeaderMap,
}

async fn page(state: &WebState, actor: &Actor, mut p: Page, wanted: Wanted) -> Result<Html<String>, WebError> {
    let Wanted { id, begun, asked, headers } = wanted;
    let store = state.store();
    let c = conversation::get(store, id).await?.ok_or(WebError::NotFound)?;
    let panel = conversation::panel(store, id).await?.ok_or(WebError::NotFound)?;
    p.go_by_clock_of(state, &c.account);
    let bubbles = bubble::thread(state, &p, &c, &panel).await?;
    let overtaken = begun.overtaken.map(|last| {
        let since = bubbles.iter().filter(|b| b.id.0 > last && b.side == "out");
        Overtaken { since: since.cloned().collect() }
    });
    let unseen = begun
        .since
        .map_or_else(Vec::new, |last| bubbles.iter().filter(|b| b.id.0 > last && b.side != "out").cloned().collect());
    let seen = bubbles.iter().map(|b| b.id.0).max().unwrap_or_default();
    presence::opened(state, actor, &headers, Some((id, EntryId(seen)))).await?;
    p.read_news(state).await;
    let outcome = converse::decided(state, &c).await?;
    let composer = Composer::of((state, actor, &p), (&c, &panel), &bubbles, begun).await?;
    let agents = user::all(store).await?.into_iter().filter(can_converse).collect();
    html(&ConversationPage {
        composer,
        mine: actor.user.is_some() && c.assignee == actor.user,
        outcome,
        may_act: converse::may_act(actor, &c),
        outcomes: converse::outcomes(state, &c).await?,
        earlier: conversation::earlier(store, c.person_id, id, EARLIER).await?,
        sent: person::recent(store, c.person_id, EARLIER).await?,
        agents,
        teams: state.config().teams.keys().cloned().collect(),
        longest_note: converse::LONGEST_NOTE,
        choices: converse::choices(state, id).await?,
        campaigns: Right::ReadCampaigns,
        people: Right::ReadPeople,
        suppress: Right::Suppress,
        wishes: suppression::wishes(store, c.person_id).await?,
        desk: handover::desk(state, &c).await?,
        seen,
        inbox: Lists::of(state, actor, &p, (asked, Some(id))).await?,
        others: presence::others(state, actor.user, id).await?,
        bubbles,
        overtaken,
        unseen,
        panel,
        c,
        p,
    })
}

/// Whether the person wants promotions.
#[derive(Deserialize)]
pub struct Promotions {
    wanted: Wish,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wish {
    Yes,
    No,
}

/// An agent says whether the person wants promotions.
pub async fn set_promotions(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Promotions>,
) -> Result<Redirect, WebError> {
    converse::set_promotions(&state, &actor, ConversationId(id), form.wanted == Wish::Yes).await?;
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

/// What was not sent because a colleague had answered meanwhile.
pub struct Overtaken {
    /// What stands in the thread since.
    since: Vec<Bubble>,
}

/// An answer goes out; where it cannot, the page comes back with what was written, and with what a colleague answered
/// meanwhile.
pub async fn answer(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    (asked, headers): (Asked, HeaderMap),
    new: NewAnswer,
) -> Result<Response, WebError> {
    let id = ConversationId(id);
    let there = format!("/conversations/{id}#answer");
    let work = async |actor: Actor| {
        converse::answer(&state, &actor, id, &new).await?;
        Ok(there.clone())
    };
    let sent = if new.once.is_empty() {
        work(actor.clone()).await
    } else {
        let (route, request) = (format!("POST /conversations/{id}/answer"), new.request());
        once(&state, &actor, (&route, &new.once), &request, work).await
    };
    let mut begun = Begun { text: new.text, quote: new.quote, canned: new.canned, ..Begun::default() };
    let status = match sent {
        Ok(path) => return Ok(Redirect::to(&path).into_response()),
        Err(WebError::Conflict(converse::OVERTAKEN)) => {
            begun.overtaken = Some(new.seen.last.unwrap_or_default().0);
            StatusCode::CONFLICT
        }
        Err(WebError::Refused(problems)) => {
            begun.problems = problems.iter().map(|b| locale::problem(p.language, b)).collect();
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(WebError::Unprocessable(why)) => {
            begun.problems = vec![p.t(&format!("web.error.{why}"))];
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(other) => return Err(other),
    };
    let page = page(&state, &actor, p, Wanted { id, begun, asked, headers }).await?;
    Ok((status, page).into_response())
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

/// The last line that the page showed.
#[derive(Deserialize)]
pub struct CloseForm {
    #[serde(default)]
    seen: Option<EntryId>,
}

/// Close; where the person has written meanwhile, the page comes back with what they wrote.
pub async fn close(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<CloseForm>,
) -> Result<Redirect, WebError> {
    let seen = Seen { last: form.seen, anyway: false };
    let closed = converse::close(&state, &actor, ConversationId(id), seen).await;
    unless_unseen(id, form.seen, closed.map(|()| done("/conversations", "closed")))
}

/// Back to the thread where something came in after the line `seen`, which it shows apart.
fn unless_unseen(id: i64, seen: Option<EntryId>, to: Result<Redirect, WebError>) -> Result<Redirect, WebError> {
    match to {
        Err(WebError::Conflict(converse::UNSEEN)) => {
            let since = seen.unwrap_or_default();
            Ok(Redirect::to(&format!("/conversations/{id}?since={since}")))
        }
        to => to,
    }
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
    /// The form's own key; empty: it has none.
    #[serde(default)]
    once: String,
}

/// A note among agents.
pub async fn note(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<NoteForm>,
) -> Result<Redirect, WebError> {
    let (route, there) =
        (format!("POST /conversations/{id}/note"), with_done(&format!("/conversations/{id}"), "noted"));
    let work = async |actor: Actor| {
        converse::note(&state, &actor, ConversationId(id), &form.text).await?;
        Ok(there.clone())
    };
    let path = once_for_words(&state, &actor, (&route, &form.once), &form.text, work).await?;
    Ok(Redirect::to(&path))
}

/// What was decided.
#[derive(Deserialize)]
pub struct OutcomeForm {
    outcome: String,
    /// The last line that the page showed.
    #[serde(default)]
    seen: Option<EntryId>,
}

/// Set or correct the outcome.
pub async fn set_outcome(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<OutcomeForm>,
) -> Result<Redirect, WebError> {
    let seen = Seen { last: form.seen, anyway: false };
    let set = converse::set_outcome(&state, &actor, ConversationId(id), (form.outcome.trim(), seen)).await;
    unless_unseen(id, form.seen, set.map(|()| done(&format!("/conversations/{id}"), "outcome_set")))
}
