//! Tickets: cases with a number, a timeline, and the conversations they are linked to, whose transcripts they keep.
//!
//! What is said of a ticket changes in [`change`] alone, and a line of its timeline is written by `tell` alone.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::conversation::{self, Bubble, Conversation, Shown, Ticks};
use super::entry::{self, Direction};
use super::{Dialects, Result, StoreError, Tx, json, on_tx};
use crate::domain::id::{ConversationId, EntryId, PersonId, TicketEventId, TicketId, UserId};
use crate::domain::ticket::{Priority, TicketState};
use crate::domain::time::UnixMs;

mod look;
mod theirs;

pub use look::{Linked, TicketFilter, TicketView, Whose, conversations, get, list, of_gone, of_person, timeline};
pub use theirs::{Misplaced, Placed, is_open, link, takes};

use theirs::is_one;

const OPEN: &str = "INSERT INTO ticket (subject, person_id, state, priority, assignee, source, external_id, created_at,
        created_by, changed_at)
    VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $7) ON CONFLICT DO NOTHING RETURNING id";

const BY_REFERENCE: &str = "SELECT id, person_id FROM ticket WHERE source = $1 AND external_id = $2";

const HOLD: Dialects = Dialects {
    sqlite: "SELECT id, subject, person_id, state, priority, assignee, source, external_id, created_at, created_by,
                 changed_at, closed_at FROM ticket WHERE id = $1",
    postgres: "SELECT id, subject, person_id, state, priority, assignee, source, external_id, created_at, created_by,
                   changed_at, closed_at FROM ticket WHERE id = $1 FOR UPDATE",
};

const KEEP: &str =
    "UPDATE ticket SET subject = $2, state = $3, priority = $4, assignee = $5, changed_at = $6, closed_at = $7
    WHERE id = $1";

const TOUCH: &str = "UPDATE ticket SET changed_at = $2 WHERE id = $1 AND changed_at < $2";

const TELL: &str = "INSERT INTO ticket_event (ticket_id, at, author, detail, conversation_id, through_entry)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";

const FILED: &str = "SELECT COALESCE(MAX(through_entry), 0) FROM ticket_event
    WHERE ticket_id = $1 AND conversation_id = $2 AND through_entry IS NOT NULL";

/// A ticket's row.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Ticket {
    /// Its number.
    pub id: TicketId,
    /// What it is about, one line.
    pub subject: String,
    /// Whose case it is.
    pub person_id: PersonId,
    /// Open, pending or closed.
    pub state: TicketState,
    /// How urgent it is.
    pub priority: Priority,
    /// Who works on it.
    pub assignee: Option<UserId>,
    /// The other system that has it, or empty.
    pub source: String,
    /// That system's name for it.
    pub external_id: Option<String>,
    /// When it was opened.
    pub created_at: UnixMs,
    /// By whom.
    pub created_by: String,
    /// When something last happened to it.
    pub changed_at: UnixMs,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
}

/// A ticket to open.
#[derive(Clone, Copy, Debug)]
pub struct NewTicket<'a> {
    /// What it is about, one line.
    pub subject: &'a str,
    /// Whose case it is: the row that stands for them.
    pub person: PersonId,
    /// How urgent it is.
    pub priority: Priority,
    /// Who works on it.
    pub assignee: Option<UserId>,
    /// Another system and its name for the case.
    pub reference: Option<(&'a str, &'a str)>,
}

/// What became of opening one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Its number.
    pub id: TicketId,
    /// False: the other system's case had one already, which was left as it is.
    pub is_new: bool,
}

/// What is to be said of a ticket from now on; what is `None` stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TicketChange<'a> {
    /// What it is about.
    pub subject: Option<&'a str>,
    /// Open, pending or closed.
    pub state: Option<TicketState>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Who works on it; `Some(None)`: nobody.
    pub assignee: Option<Option<UserId>>,
}

/// One line of what was said, as a ticket keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    /// When.
    pub at: UnixMs,
    /// From the person, to the person, or among agents.
    pub direction: Direction,
    /// The agent, the bot or `automatic`; empty for the person and for campaigns.
    pub author: String,
    /// What.
    pub shown: Shown,
    /// Nobody knew whether it had left when the transcript was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

impl From<Bubble> for Said {
    fn from(b: Bubble) -> Self {
        let uncertain = b.ticks.as_ref().is_some_and(Ticks::is_uncertain);
        Self { at: b.at, direction: b.direction, author: b.author, shown: b.shown, uncertain }
    }
}

/// What a line of a ticket's timeline tells.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// It was opened.
    Opened,
    /// It is open, pending or closed now.
    State {
        /// Before.
        from: TicketState,
        /// Now.
        to: TicketState,
    },
    /// It is more or less urgent now.
    Priority {
        /// Before.
        from: Priority,
        /// Now.
        to: Priority,
    },
    /// Somebody else works on it now, or nobody.
    Assignee {
        /// Before.
        from: Option<String>,
        /// Now.
        to: Option<String>,
    },
    /// It has another subject now.
    Subject {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// A note.
    Note {
        /// Its text.
        text: String,
    },
    /// A conversation belongs to it from now on.
    Linked,
    /// A conversation of it has ended: what was said since the last transcript of it.
    Transcript {
        /// Line by line, the first first.
        lines: Vec<Said>,
    },
}

/// A line of a ticket's timeline.
#[derive(Clone, PartialEq, Debug, Serialize, utoipa::ToSchema)]
pub struct TicketEvent {
    /// Its id.
    pub id: TicketEventId,
    /// When.
    pub at: UnixMs,
    /// Who; empty: by itself.
    pub author: String,
    /// The conversation it speaks of.
    pub conversation_id: Option<ConversationId>,
    /// What.
    pub told: Told,
}

/// Opens a ticket. Where the other system's case has one already, that is the one, and no number is used up; if it is
/// another person's, the case is not this one.
pub async fn open(tx: &mut Tx, new: &NewTicket<'_>, (by, at): (&str, UnixMs)) -> Result<Placed<Opened>> {
    if let Some(known) = of_reference(tx, new).await? {
        return Ok(known);
    }
    let (source, reference) = new.reference.map_or(("", None), |(source, id)| (source, Some(id)));
    let id: Option<TicketId> = on_tx!(tx, |c| sqlx::query_scalar(OPEN)
        .bind(new.subject)
        .bind(new.person)
        .bind(new.priority)
        .bind(new.assignee)
        .bind(source)
        .bind(reference)
        .bind(at)
        .bind(by)
        .fetch_optional(c)
        .await?);
    if let Some(id) = id {
        tell(tx, id, &Told::Opened, (by, at), None).await?;
        return Ok(Ok(Opened { id, is_new: true }));
    }
    // Somebody else opened it at the same moment.
    of_reference(tx, new).await?.ok_or(StoreError::Guard { expected: 1, actual: 0 })
}

/// The ticket that the other system's case has already.
async fn of_reference(tx: &mut Tx, new: &NewTicket<'_>) -> Result<Option<Placed<Opened>>> {
    let Some((source, reference)) = new.reference else { return Ok(None) };
    let known: Option<(TicketId, PersonId)> =
        on_tx!(tx, |c| sqlx::query_as(BY_REFERENCE).bind(source).bind(reference).fetch_optional(c).await?);
    let Some((id, of)) = known else { return Ok(None) };
    let theirs = is_one(tx, of, new.person).await?;
    Ok(Some(if theirs { Ok(Opened { id, is_new: false }) } else { Err(Misplaced::Another) }))
}

/// The ticket `id`, which nobody else changes until the unit of work ends.
pub async fn hold(tx: &mut Tx, id: TicketId) -> Result<Option<Ticket>> {
    let sql = HOLD.of_tx(tx);
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(id).fetch_optional(c).await?))
}

/// Changes what is said of a ticket, with a line of the timeline for each thing that is different. Returns how it stands
/// before and afterwards; `None`: there is no such ticket.
pub async fn change(
    tx: &mut Tx,
    id: TicketId,
    to: TicketChange<'_>,
    (by, at): (&str, UnixMs),
) -> Result<Option<(Ticket, Ticket)>> {
    let Some(before) = hold(tx, id).await? else { return Ok(None) };
    let mut after = before.clone();
    after.subject = to.subject.map_or(after.subject, str::to_owned);
    after.state = to.state.unwrap_or(after.state);
    after.priority = to.priority.unwrap_or(after.priority);
    after.assignee = to.assignee.unwrap_or(after.assignee);
    let told = differences(tx, &before, &after).await?;
    if told.is_empty() {
        return Ok(Some((before, after)));
    }
    after.changed_at = after.changed_at.max(at);
    if before.state != after.state {
        after.closed_at = (after.state == TicketState::Closed).then_some(at);
    }
    on_tx!(tx, |c| sqlx::query(KEEP)
        .bind(id)
        .bind(&after.subject)
        .bind(after.state)
        .bind(after.priority)
        .bind(after.assignee)
        .bind(after.changed_at)
        .bind(after.closed_at)
        .execute(c)
        .await
        .map(drop))?;
    for line in told {
        tell(tx, id, &line, (by, at), None).await?;
    }
    Ok(Some((before, after)))
}

async fn differences(tx: &mut Tx, before: &Ticket, after: &Ticket) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    if before.subject != after.subject {
        told.push(Told::Subject { from: before.subject.clone(), to: after.subject.clone() });
    }
    if before.state != after.state {
        told.push(Told::State { from: before.state, to: after.state });
    }
    if before.priority != after.priority {
        told.push(Told::Priority { from: before.priority, to: after.priority });
    }
    if before.assignee != after.assignee {
        let (from, to) = (name(tx, before.assignee).await?, name(tx, after.assignee).await?);
        told.push(Told::Assignee { from, to });
    }
    Ok(told)
}

async fn name(tx: &mut Tx, user: Option<UserId>) -> Result<Option<String>> {
    let Some(user) = user else { return Ok(None) };
    super::user::name_in(tx, user).await
}

/// Writes a note. False: there is no such ticket.
pub async fn note(tx: &mut Tx, id: TicketId, text: &str, (by, at): (&str, UnixMs)) -> Result<bool> {
    if hold(tx, id).await?.is_none() {
        return Ok(false);
    }
    tell(tx, id, &Told::Note { text: text.to_owned() }, (by, at), None).await?;
    Ok(true)
}

/// Adds what was said in an ended conversation to its ticket, where it has one: what came since the last transcript. A
/// line that cannot be read is left out; the conversation ends all the same.
pub(super) async fn file_transcript(tx: &mut Tx, of: &Conversation, at: UnixMs) -> Result<()> {
    let Some(id) = of.ticket_id else { return Ok(()) };
    let filed: EntryId = on_tx!(tx, |c| sqlx::query_scalar(FILED).bind(id).bind(of.id).fetch_one(c).await?);
    let lines = entry::lines_after(tx, of.id, filed).await?;
    let Some(last) = lines.iter().map(|line| line.id).max() else { return Ok(()) };
    let lines = lines.into_iter().filter_map(|line| conversation::bubble(line).ok());
    let said = lines.map(Said::from).collect();
    let by = of.closed_by.as_deref().unwrap_or_default();
    tell(tx, id, &Told::Transcript { lines: said }, (by, at), Some((of.id, Some(last)))).await
}

/// Writes a line of the timeline. `of` is the conversation it speaks of, with the last line that a transcript holds.
async fn tell(
    tx: &mut Tx,
    id: TicketId,
    told: &Told,
    (by, at): (&str, UnixMs),
    of: Option<(ConversationId, Option<EntryId>)>,
) -> Result<()> {
    let (conversation, through) = of.map_or((None, None), |(conversation, through)| (Some(conversation), through));
    let _: TicketEventId = on_tx!(tx, |c| sqlx::query_scalar(TELL)
        .bind(id)
        .bind(at)
        .bind(by)
        .bind(json(told))
        .bind(conversation)
        .bind(through)
        .fetch_one(c)
        .await?);
    on_tx!(tx, |c| sqlx::query(TOUCH).bind(id).bind(at).execute(c).await.map(drop))?;
    Ok(())
}

fn read(detail: &str) -> Result<Told> {
    serde_json::from_str(detail).map_err(|_| StoreError::Corrupt { what: "ticket_event.detail" })
}
