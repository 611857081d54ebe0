//! Handing a conversation to an agent, a team or a bot, with what the next reads; and putting it on a ticket.

use axum::extract::{Path, State};
use axum::response::Redirect;
use serde::Deserialize;

use crate::domain::free::is_blank;
use crate::domain::id::{ConversationId, TicketId, UserId};
use crate::domain::role::Right;
use crate::inbox::assign::{HandOver, HandedOver, Onward};
use crate::store::conversation::Conversation;
use crate::store::ticket::{self, NewTicket, TicketFilter, TicketView};
use crate::store::{identity, token, user};

use super::actor::Actor;
use super::converse::{self, LONGEST_NOTE};
use super::error::WebError;
use super::form::{Form, done, with_done};
use super::once::once_for_words;
use super::state::WebState;
use super::tickets;

/// A person's tickets that a conversation can be put on.
const TICKETS: i64 = 20;

/// What stands beside a conversation about where it can go.
pub struct Desk {
    /// Bots.
    pub bots: Vec<String>,
    /// Who was silent for so long that it went back to the team.
    pub returned_from: Option<String>,
    /// Its ticket.
    pub ticket: Option<TicketView>,
    /// The person's tickets that are not closed.
    pub tickets: Vec<TicketView>,
}

/// Reads it.
pub async fn desk(state: &WebState, c: &Conversation) -> Result<Desk, WebError> {
    let store = state.store();
    let mut tx = store.look().await?;
    let root = identity::row(&mut tx, c.person_id).await?.root();
    drop(tx);
    let returned_from = match c.returned_from {
        Some(id) => user::by_id(store, id).await?.map(|u| u.name),
        None => None,
    };
    let ticket = match c.ticket_id {
        Some(id) => ticket::get(store, id).await?,
        None => None,
    };
    let theirs = TicketFilter { live: true, person: Some(root), limit: TICKETS, ..TicketFilter::default() };
    let tickets = if ticket.is_some() { Vec::new() } else { ticket::list(store, &theirs).await? };
    Ok(Desk { bots: token::bots(store).await?.into_iter().collect(), returned_from, ticket, tickets })
}

/// Where a word of a form or of the API leads: `user:<id>`, `team:<name>`, `bot:<name>`; with the name that is shown.
pub async fn onward(state: &WebState, to: &str) -> Result<(Onward, String), WebError> {
    match to.split_once(':') {
        Some(("user", id)) => {
            let id = id.parse().map(UserId).map_err(|_| WebError::Bad("assignee"))?;
            let agent = user::by_id(state.store(), id).await?;
            let agent = agent.filter(|u| u.disabled_at.is_none() && u.role.may(Right::Converse));
            let agent = agent.ok_or(WebError::Bad("assignee"))?;
            Ok((Onward::Agent(id), agent.name))
        }
        Some(("team", name)) if state.config().teams.contains_key(name) => {
            Ok((Onward::Team(name.to_owned()), name.to_owned()))
        }
        Some(("bot", name)) => Ok((Onward::Bot(name.to_owned()), format!("bot:{name}"))),
        _ => Err(WebError::Bad("assignee")),
    }
}

/// Hands it over, for page and API.
pub async fn hand(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (onward, name): (&Onward, &str),
    note: &str,
) -> Result<(), WebError> {
    // What was handed over already is not theirs any more.
    if !actor.once.is_made() {
        converse::theirs(state, actor, id).await?;
    }
    let note = if is_blank(note) { "" } else { note.trim() };
    if note.chars().count() > LONGEST_NOTE || note.contains('\0') {
        return Err(WebError::Bad("conversation_note"));
    }
    let (by, pen, of) = (actor.name.as_str(), actor.pen(), converse::reach(actor));
    let how = HandOver { by, pen: &pen, of, to: name, note, at: state.now() };
    match converse::inbox_of(state, actor).hand_over(id, onward, &how).await? {
        HandedOver::Done => Ok(()),
        HandedOver::Closed => Err(WebError::Conflict("conversation_state")),
        HandedOver::Others => Err(WebError::Conflict("conversation_others")),
        HandedOver::NoBot => Err(WebError::Bad("no_bot")),
    }
}

/// Whose it becomes, and what they read.
#[derive(Deserialize)]
pub struct AssignForm {
    to: String,
    #[serde(default)]
    note: String,
}

/// Hand it over.
pub async fn assign(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<AssignForm>,
) -> Result<Redirect, WebError> {
    let (to, name) = onward(&state, &form.to).await?;
    hand(&state, &actor, ConversationId(id), (&to, &name), &form.note).await?;
    Ok(done(&format!("/conversations/{id}"), "assigned"))
}

/// A ticket of the person, or the subject of a new one.
#[derive(Deserialize)]
pub struct TicketForm {
    #[serde(default)]
    ticket: Option<i64>,
    #[serde(default)]
    subject: String,
}

/// Put it on a ticket.
pub async fn ticket(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<TicketForm>,
) -> Result<Redirect, WebError> {
    let id = ConversationId(id);
    let done = with_done(&format!("/conversations/{id}"), "ticket_linked");
    if let Some(ticket) = form.ticket {
        tickets::link(&state, &actor, TicketId(ticket), id).await?;
        return Ok(Redirect::to(&done));
    }
    let subject = tickets::subject(&form.subject)?;
    let work = async |actor: Actor| {
        let new = NewTicket {
            subject: &subject,
            person: crate::domain::id::PersonId(0),
            priority: crate::domain::ticket::Priority::Normal,
            assignee: actor.user,
            reference: None,
        };
        tickets::open_of(&state, &actor, (id, converse::reach(&actor)), &new).await?;
        Ok(done.clone())
    };
    // One that has a ticket offers no other, so that the subject tells one form from the next.
    let key = (format!("POST /conversations/{id}/ticket"), "open");
    let path = once_for_words(&state, &actor, (&key.0, key.1), &subject, work).await?;
    Ok(Redirect::to(&path))
}
