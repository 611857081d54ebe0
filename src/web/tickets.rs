//! The list of tickets with its filters, and what is done to tickets, for pages and API alike.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::free::is_blank;
use crate::domain::id::{ConversationId, PersonId, TicketId, UserId};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::domain::ticket::{self as rules, Priority, TicketState};
use crate::domain::time::UnixMs;
use crate::inbox::assign::Reach;
use crate::store::ticket::{self, Misplaced, NewTicket, Opened, TicketChange, TicketFilter, TicketView, Whose};
use crate::store::user;

use super::actor::Actor;
use super::converse::{self, LONGEST_NOTE};
use super::error::WebError;
use super::form::{Form, with_done};
use super::once::once_for_words;
use super::page::{Page, cut, html};
use super::state::WebState;

/// Tickets on one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    p: Page,
    lines: Vec<TicketView>,
    asked: Asked,
    states: [TicketState; 3],
    priorities: [Priority; 4],
    next: Option<String>,
}

/// Which tickets.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    /// `open`, `pending`, `closed` or `all`; empty: all but the closed ones.
    state: String,
    /// `mine`, `nobody` or empty.
    whose: String,
    priority: String,
    q: String,
    /// Of this person.
    person: Option<i64>,
    at: Option<i64>,
    after: Option<i64>,
}

impl Asked {
    fn filter(&self, actor: &Actor) -> TicketFilter {
        let whose = match (self.whose.as_str(), actor.user) {
            ("mine", Some(user)) => Whose::User(user),
            ("nobody", _) => Whose::Nobody,
            _ => Whose::Anybody,
        };
        TicketFilter {
            state: TicketState::parse(&self.state),
            live: self.state.is_empty(),
            whose,
            person: self.person.map(PersonId),
            priority: Priority::parse(&self.priority),
            words: self.q.clone(),
            after: self.at.zip(self.after).map(|(at, id)| (UnixMs(at), TicketId(id))),
            limit: PAGE + 1,
            ..TicketFilter::default()
        }
    }

    /// The address of the page that follows `last`.
    fn next(&self, last: &TicketView) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in
            [("state", &self.state), ("whose", &self.whose), ("priority", &self.priority), ("q", &self.q)]
        {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if let Some(person) = self.person {
            query.append_pair("person", &person.to_string());
        }
        query.append_pair("at", &last.changed_at.0.to_string()).append_pair("after", &last.id.to_string());
        format!("?{}", query.finish())
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let mut lines = ticket::list(state.store(), &asked.filter(&actor)).await?;
    let next = cut(&mut lines, PAGE).map(|last| asked.next(last));
    html(&TicketsPage { p, lines, asked, states: TicketState::ALL, priorities: Priority::ALL, next })
}

/// A ticket to open.
#[derive(Deserialize)]
pub struct Opening {
    subject: String,
    phone: String,
    #[serde(default)]
    priority: String,
    /// The form's own key; empty: it has none.
    #[serde(default)]
    once: String,
}

/// Opens a ticket by hand.
pub async fn open(
    State(state): State<WebState>,
    actor: Actor,
    Form(form): Form<Opening>,
) -> Result<Redirect, WebError> {
    let subject = subject(&form.subject)?;
    let priority = Priority::parse(&form.priority).unwrap_or_default();
    let work = async |actor: Actor| {
        let phone = number(&state, &form.phone)?;
        let new = NewTicket { subject: &subject, person: PersonId(0), priority, assignee: actor.user, reference: None };
        let opened = open_for(&state, &actor, (&phone, &new)).await?;
        Ok(with_done(&format!("/tickets/{}", opened.id), "ticket_opened"))
    };
    let words = format!("{:?}", (&subject, &form.phone, priority));
    let path = once_for_words(&state, &actor, ("POST /tickets", &form.once), &words, work).await?;
    Ok(Redirect::to(&path))
}

/// A subject that fits.
pub fn subject(text: &str) -> Result<String, WebError> {
    rules::subject(text).ok_or(WebError::Bad("ticket_subject"))
}

/// A person's number as typed.
pub fn number(state: &WebState, typed: &str) -> Result<Phone, WebError> {
    state.engine.number_of_somebody(typed.trim()).map_err(|problem| WebError::Refused(vec![problem]))
}

/// The user of that name who can work on tickets; an empty name: nobody.
pub async fn worker(state: &WebState, name: &str) -> Result<Option<UserId>, WebError> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = user::by_name(state.store(), name).await?;
    let found = found.filter(|u| u.disabled_at.is_none() && u.role.may(Right::Converse));
    found.map(|u| Some(u.id)).ok_or(WebError::Bad("assignee"))
}

/// What does not come onto a ticket, as an answer.
fn refused(why: Misplaced) -> WebError {
    match why {
        Misplaced::Unknown => WebError::NotFound,
        Misplaced::Another => WebError::Conflict("ticket_another"),
        Misplaced::Others => WebError::Conflict("conversation_others"),
        Misplaced::Has(ticket) => WebError::Because {
            status: StatusCode::CONFLICT,
            word: "has_ticket",
            why: Problem::new("conversation_has_ticket", &[("ticket", &ticket.to_string())]),
        },
    }
}

/// Opens one for the person with a number, with a line in the audit.
pub async fn open_for(
    state: &WebState,
    actor: &Actor,
    (phone, new): (&Phone, &NewTicket<'_>),
) -> Result<Opened, WebError> {
    let by = (actor.name.as_str(), state.now());
    let opened = converse::inbox_of(state, actor).open_ticket_for(phone, new, by).await?.map_err(refused)?;
    if opened.is_new {
        state.audit(actor, "ticket.open", &format!("ticket {}", opened.id), "").await?;
    }
    Ok(opened)
}

/// Opens one from a conversation that `of` reaches, with a line in the audit. Whose it is, is who talks there.
pub async fn open_of(
    state: &WebState,
    actor: &Actor,
    (id, of): (ConversationId, Reach),
    new: &NewTicket<'_>,
) -> Result<Opened, WebError> {
    let inbox = converse::inbox_of(state, actor).within(of);
    let opened = inbox.open_ticket_of(id, new, (&actor.name, state.now())).await?;
    let opened = opened.map_err(refused)?;
    let detail = format!("conversation {id}");
    state.audit(actor, "ticket.open", &format!("ticket {}", opened.id), &detail).await?;
    Ok(opened)
}

/// Links a conversation that is theirs to a ticket, with a line in the audit.
pub async fn link(state: &WebState, actor: &Actor, id: TicketId, to: ConversationId) -> Result<(), WebError> {
    let inbox = converse::inbox_of(state, actor).within(converse::reach(actor));
    inbox.link_ticket(id, to, (&actor.name, state.now())).await?.map_err(refused)?;
    state.audit(actor, "ticket.link", &format!("ticket {id}"), &format!("conversation {to}")).await?;
    Ok(())
}

/// Changes what is said of one, with a line in the audit for each thing that is different.
pub async fn change(state: &WebState, actor: &Actor, id: TicketId, to: TicketChange<'_>) -> Result<(), WebError> {
    let changed = converse::inbox_of(state, actor).change_ticket(id, to, (&actor.name, state.now())).await?;
    let (before, after) = changed.ok_or(WebError::NotFound)?;
    let assignee = match after.assignee {
        Some(id) => {
            user::by_id(state.store(), id).await?.map_or_else(String::new, |user| format!("user {}", user.name))
        }
        None => "nobody".to_owned(),
    };
    let told = [
        (before.subject != after.subject, "subject".to_owned()),
        (before.state != after.state, format!("state {}", after.state.as_str())),
        (before.priority != after.priority, format!("priority {}", after.priority.as_str())),
        (before.assignee != after.assignee, assignee),
    ];
    for (_, detail) in told.into_iter().filter(|(is_told, _)| *is_told) {
        state.audit(actor, "ticket.change", &format!("ticket {id}"), &detail).await?;
    }
    Ok(())
}

/// Writes a note. The audit has no copy of its words.
pub async fn note(state: &WebState, actor: &Actor, id: TicketId, text: &str) -> Result<(), WebError> {
    let text = text.trim();
    if is_blank(text) || text.chars().count() > LONGEST_NOTE || text.contains('\0') {
        return Err(WebError::Bad("conversation_note"));
    }
    if !converse::inbox_of(state, actor).note_ticket(id, text, (&actor.name, state.now())).await? {
        return Err(WebError::NotFound);
    }
    state.audit(actor, "ticket.note", &format!("ticket {id}"), "").await?;
    Ok(())
}
