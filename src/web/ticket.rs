//! One ticket: what is said of it, its timeline with the transcripts, its conversations.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::fill::Rendered;
use crate::domain::id::{TicketId, UserId};
use crate::domain::role::Right;
use crate::domain::ticket::{Priority, TicketState};
use crate::inbox::label;
use crate::inbox::reply::AUTOMATIC;
use crate::store::conversation::Shown;
use crate::store::entry::Direction;
use crate::store::ticket::{self, Linked, Said, TicketChange, TicketEvent, TicketView, Told};
use crate::store::user::{self, User};

use super::actor::Actor;
use super::bubble::elsewhere;
use super::converse::LONGEST_NOTE;
use super::error::WebError;
use super::form::{Form, done, with_done};
use super::once::once_for_words;
use super::page::{Page, html};
use super::state::WebState;
use super::tickets;

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    p: Page,
    ticket: TicketView,
    events: Vec<TicketEvent>,
    conversations: Vec<Linked>,
    agents: Vec<User>,
    states: [TicketState; 3],
    priorities: [Priority; 4],
    longest_note: usize,
    longest_subject: usize,
    send: Right,
}

impl TicketPage {
    /// What happened, in one line.
    fn told(&self, told: &Told) -> String {
        let p = &self.p;
        let nobody = || p.t("web.ticket.nobody");
        match told {
            Told::Opened => p.t("web.ticket.told.opened"),
            Told::State { to, .. } => {
                p.say("web.ticket.told.state", &[("to", &p.t(&format!("web.ticket.state.{}", to.as_str())))])
            }
            Told::Priority { to, .. } => {
                p.say("web.ticket.told.priority", &[("to", &p.t(&format!("web.ticket.priority.{}", to.as_str())))])
            }
            Told::Assignee { to, .. } => {
                p.say("web.ticket.told.assignee", &[("to", &to.clone().unwrap_or_else(nobody))])
            }
            Told::Subject { from, .. } => p.say("web.ticket.told.subject", &[("from", from)]),
            Told::Note { .. } => p.t("web.ticket.told.note"),
            Told::Linked => p.t("web.ticket.told.linked"),
            Told::Transcript { .. } => p.t("web.ticket.told.transcript"),
        }
    }

    fn is_theirs(&self, agent: &User) -> bool {
        self.ticket.assignee == Some(agent.id)
    }

    /// Who it was; the daemon has a word of its own.
    fn who(&self, event: &TicketEvent) -> String {
        if event.author.is_empty() { self.p.t("web.ticket.by_itself") } else { event.author.clone() }
    }

    /// Who said it.
    fn speaker(&self, said: &Said) -> String {
        match (said.direction, said.author.as_str()) {
            (Direction::In, _) => self.ticket.name.clone(),
            (Direction::Out, "") => self.p.t("web.ticket.campaign"),
            (Direction::Out, AUTOMATIC) => self.p.t("web.thread.automatic"),
            (Direction::Note, who) => self.p.say("web.thread.note_by", &[("who", who)]),
            (Direction::Out, who) => elsewhere(&self.p, who).unwrap_or_else(|| who.to_owned()),
        }
    }

    /// What was said.
    fn words(&self, said: &Said) -> Rendered {
        let plain = |body: String| Rendered { body, ..Rendered::default() };
        match &said.shown {
            Shown::Template { text } | Shown::Free { text, .. } => text.clone(),
            Shown::Text { body } => plain(body.clone()),
            Shown::Reply { content } => plain(label::line(self.p.language, content)),
        }
    }
}

/// On which side of a transcript a line stands.
const fn side(said: &Said) -> &'static str {
    match said.direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Note => "note",
    }
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page, Path(id): Path<i64>) -> Result<Html<String>, WebError> {
    let (store, id) = (state.store(), TicketId(id));
    let found = ticket::get(store, id).await?.ok_or(WebError::NotFound)?;
    let agents = user::all(store).await?.into_iter();
    html(&TicketPage {
        p,
        ticket: found,
        events: ticket::timeline(store, id).await?,
        conversations: ticket::conversations(store, id).await?,
        agents: agents.filter(|u| u.disabled_at.is_none() && u.role.may(Right::Converse)).collect(),
        states: TicketState::ALL,
        priorities: Priority::ALL,
        longest_note: LONGEST_NOTE,
        longest_subject: crate::domain::ticket::LONGEST_SUBJECT,
        send: Right::SendByHand,
    })
}

/// What is said of it from now on.
#[derive(Deserialize)]
pub struct ChangeForm {
    subject: String,
    state: String,
    priority: String,
    /// A user's id; empty: nobody.
    assignee: String,
}

/// Edit it.
pub async fn change(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<ChangeForm>,
) -> Result<Redirect, WebError> {
    let subject = tickets::subject(&form.subject)?;
    let assignee = match form.assignee.as_str() {
        "" => None,
        text => {
            let id = text.parse().map(UserId).map_err(|_| WebError::Bad("assignee"))?;
            // Whoever has it may have lost the right since; nobody else gets it without.
            Some(user::by_id(state.store(), id).await?.ok_or(WebError::Bad("assignee"))?.id)
        }
    };
    let to = TicketChange {
        subject: Some(&subject),
        state: Some(TicketState::parse(&form.state).ok_or(WebError::Bad("ticket_state"))?),
        priority: Some(Priority::parse(&form.priority).ok_or(WebError::Bad("ticket_priority"))?),
        assignee: Some(assignee),
    };
    tickets::change(&state, &actor, TicketId(id), to).await?;
    Ok(done(&format!("/tickets/{id}"), "ticket_changed"))
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
    let (route, there) = (format!("POST /tickets/{id}/note"), with_done(&format!("/tickets/{id}"), "noted"));
    let work = async |actor: Actor| {
        tickets::note(&state, &actor, TicketId(id), &form.text).await?;
        Ok(there.clone())
    };
    let path = once_for_words(&state, &actor, (&route, &form.once), &form.text, work).await?;
    Ok(Redirect::to(&path))
}
