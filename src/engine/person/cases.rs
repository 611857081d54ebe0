//! The cases a person is in, as they are handed to them.

use serde::Serialize;

use super::PersonExport;
use crate::domain::id::{ConversationId, PersonId, TicketId};
use crate::domain::ticket::{Priority, TicketState};
use crate::domain::time::{self, UnixMs};
use crate::engine::{Engine, EngineError};
use crate::store::conversation::Shown;
use crate::store::entry::Direction;
use crate::store::ticket::{self, Said, TicketEvent, TicketView, Told};

/// Everything kept of one person, with their cases.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonFile {
    /// What was sent and written, and what is known of them.
    #[serde(flatten)]
    pub kept: PersonExport,
    /// Their tickets, the first first.
    pub tickets: Vec<TicketExport>,
}

/// A ticket.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TicketExport {
    /// Its number.
    pub id: TicketId,
    /// What it is about.
    pub subject: String,
    /// Open, pending or closed.
    pub state: TicketState,
    /// How urgent it is.
    pub priority: Priority,
    /// Who works on it.
    pub assignee: Option<String>,
    /// The other system that has it, or empty.
    pub source: String,
    /// That system's name for it.
    pub external_id: Option<String>,
    /// When it was opened.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub created_at: UnixMs,
    /// When it was closed.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub closed_at: Option<UnixMs>,
    /// What happened, the first first.
    pub timeline: Vec<TicketLineExport>,
}

/// A line of a ticket's timeline.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TicketLineExport {
    /// When.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub at: UnixMs,
    /// Who; empty: by itself.
    pub author: String,
    /// The conversation it is about.
    pub conversation: Option<ConversationId>,
    /// What happened; what was said is in `transcript`.
    pub event: Option<Told>,
    /// What was said in the conversation that ended.
    pub transcript: Vec<SaidExport>,
}

/// What was said.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SaidExport {
    /// When.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub at: UnixMs,
    /// From the person, to the person, or among agents.
    pub direction: Direction,
    /// The agent, the bot or `automatic`; empty for the person and for campaigns.
    pub author: String,
    /// What.
    pub shown: Shown,
}

impl From<TicketEvent> for TicketLineExport {
    fn from(event: TicketEvent) -> Self {
        let said =
            |said: Said| SaidExport { at: said.at, direction: said.direction, author: said.author, shown: said.shown };
        let (event_told, transcript) = match event.told {
            Told::Transcript { lines } => (None, lines.into_iter().map(said).collect()),
            told => (Some(told), Vec::new()),
        };
        let (at, author, conversation) = (event.at, event.author, event.conversation_id);
        Self { at, author, conversation, event: event_told, transcript }
    }
}

impl Engine {
    /// Everything kept of the person for whom `root` stands, with their cases.
    ///
    /// # Errors
    /// There is no such person, or the store fails.
    pub async fn person_file(&self, root: PersonId) -> Result<PersonFile, EngineError> {
        let kept = self.export_person(root).await?;
        let mut tickets = Vec::new();
        for found in ticket::of_person(&self.store, root, i64::MAX).await? {
            tickets.push(self.case(found).await?);
        }
        tickets.sort_by_key(|ticket| ticket.id);
        Ok(PersonFile { kept, tickets })
    }

    async fn case(&self, found: TicketView) -> Result<TicketExport, EngineError> {
        let timeline = ticket::timeline(&self.store, found.id).await?;
        Ok(TicketExport {
            id: found.id,
            subject: found.subject,
            state: found.state,
            priority: found.priority,
            assignee: found.assignee_name,
            source: found.source,
            external_id: found.external_id,
            created_at: found.created_at,
            closed_at: found.closed_at,
            timeline: timeline.into_iter().map(TicketLineExport::from).collect(),
        })
    }
}
