//! Looking at tickets: lists, one with its timeline and its conversations.

use serde::Serialize;
use sqlx::FromRow;

use super::{TicketEvent, read};
use crate::domain::id::{ConversationId, PersonId, TicketEventId, TicketId, UserId};
use crate::domain::ticket::{Priority, TicketState};
use crate::domain::time::UnixMs;
use crate::store::conversation::ConversationState;
use crate::store::view::like;
use crate::store::{Result, Store, on};

const LIST: &str =
    "SELECT t.id, t.subject, t.person_id, COALESCE(p.name, '') AS name, COALESCE(p.phone, p.wa_id) AS phone,
        t.state, t.priority, t.assignee, u.name AS assignee_name, t.source, t.external_id, t.created_at, t.created_by,
        t.changed_at, t.closed_at
    FROM ticket AS t JOIN person AS p ON p.id = t.person_id LEFT JOIN app_user AS u ON u.id = t.assignee
    WHERE ($1 = 'all' OR t.state = $1 OR ($1 = 'live' AND t.state <> 'closed'))
        AND ($2 = 0 OR t.assignee = $2 OR ($2 < 0 AND t.assignee IS NULL))
        AND ($3 = 0 OR p.id = $3 OR p.linked_to = $3)
        AND ($4 = '' OR t.source = $4) AND ($5 = '' OR t.external_id = $5) AND ($6 = '' OR t.priority = $6)
        AND ($7 = '' OR LOWER(t.subject) LIKE $7 ESCAPE '!' OR LOWER(COALESCE(t.external_id, '')) LIKE $7 ESCAPE '!'
            OR LOWER(COALESCE(p.name, '')) LIKE $7 ESCAPE '!' OR CAST(t.id AS TEXT) = $8
            OR ($9 <> '' AND COALESCE(p.phone, p.wa_id, '') LIKE '%' || $9))
        AND (t.changed_at < $10 OR (t.changed_at = $10 AND t.id < $11))
    ORDER BY t.changed_at DESC, t.id DESC LIMIT $12";

const ONE: &str =
    "SELECT t.id, t.subject, t.person_id, COALESCE(p.name, '') AS name, COALESCE(p.phone, p.wa_id) AS phone,
        t.state, t.priority, t.assignee, u.name AS assignee_name, t.source, t.external_id, t.created_at, t.created_by,
        t.changed_at, t.closed_at
    FROM ticket AS t JOIN person AS p ON p.id = t.person_id LEFT JOIN app_user AS u ON u.id = t.assignee
    WHERE t.id = $1";

const TIMELINE: &str =
    "SELECT id, at, author, detail, conversation_id FROM ticket_event WHERE ticket_id = $1 ORDER BY id";

const CONVERSATIONS: &str = "SELECT c.id, c.sender, c.state, k.title AS campaign, c.opened_at, c.last_at
    FROM conversation AS c LEFT JOIN campaign AS k ON k.id = c.campaign_id WHERE c.ticket_id = $1 ORDER BY c.id DESC";

const OF_GONE: &str = "SELECT t.id, t.assignee FROM ticket AS t
    WHERE t.state <> 'closed' AND t.assignee IN (SELECT u.id FROM app_user AS u WHERE u.disabled_at IS NOT NULL)
    ORDER BY t.id LIMIT $1";

/// Tickets of those who are gone that are looked at in one go.
const STEP: i64 = 100;

/// Digits of a number's end that are enough to look for it.
const DIGITS: usize = 4;

/// A ticket as lists and pages show it.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct TicketView {
    /// Its number.
    pub id: TicketId,
    /// What it is about.
    pub subject: String,
    /// Whose case it is.
    pub person_id: PersonId,
    /// Their name, or empty.
    pub name: String,
    /// Their number, digits, if known.
    pub phone: Option<String>,
    /// Open, pending or closed.
    pub state: TicketState,
    /// How urgent it is.
    pub priority: Priority,
    /// Who works on it.
    pub assignee: Option<UserId>,
    /// Name of who works on it.
    pub assignee_name: Option<String>,
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

/// A conversation of a ticket.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Linked {
    /// Which.
    pub id: ConversationId,
    /// Name of the sender.
    pub sender: String,
    /// Open or closed.
    pub state: ConversationState,
    /// Title of its campaign.
    pub campaign: Option<String>,
    /// When it began.
    pub opened_at: UnixMs,
    /// When somebody last wrote.
    pub last_at: UnixMs,
}

/// Whose tickets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Whose {
    /// Anybody's.
    #[default]
    Anybody,
    /// This user's.
    User(UserId),
    /// Nobody's.
    Nobody,
}

/// A page of tickets, the last changed first. Empty texts let everything through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TicketFilter {
    /// In this state; `None`: in any.
    pub state: Option<TicketState>,
    /// Not closed ones only.
    pub live: bool,
    /// Whose.
    pub whose: Whose,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of this other system.
    pub source: String,
    /// With this name at the other system.
    pub external_id: String,
    /// As urgent as this.
    pub priority: Option<Priority>,
    /// Words of the subject, the person's name or number, the number of the ticket or its name elsewhere.
    pub words: String,
    /// After this line of the page before: when it was changed, and its number.
    pub after: Option<(UnixMs, TicketId)>,
    /// How many lines at most.
    pub limit: i64,
}

#[derive(FromRow)]
struct Line {
    id: TicketEventId,
    at: UnixMs,
    author: String,
    detail: String,
    conversation_id: Option<ConversationId>,
}

/// A page of tickets.
pub async fn list(store: &Store, filter: &TicketFilter) -> Result<Vec<TicketView>> {
    let state = filter.state.map_or(if filter.live { "live" } else { "all" }, TicketState::as_str);
    let whose = match filter.whose {
        Whose::Anybody => 0,
        Whose::User(id) => id.0,
        Whose::Nobody => -1,
    };
    let (at, id) = filter.after.unwrap_or((UnixMs(i64::MAX), TicketId(0)));
    let words = filter.words.trim();
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= DIGITS && words.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST)
        .bind(state)
        .bind(whose)
        .bind(filter.person.unwrap_or_default())
        .bind(&filter.source)
        .bind(&filter.external_id)
        .bind(filter.priority.map_or("", Priority::as_str))
        .bind(like::anywhere(words))
        .bind(words.trim_start_matches('#'))
        .bind(if is_number { digits.as_str() } else { "" })
        .bind(at)
        .bind(id)
        .bind(filter.limit)
        .fetch_all(pool)
        .await?))
}

/// The tickets of the person for whom `root` stands, the last changed first.
pub async fn of_person(store: &Store, root: PersonId, limit: i64) -> Result<Vec<TicketView>> {
    list(store, &TicketFilter { person: Some(root), limit, ..TicketFilter::default() }).await
}

/// The ticket of that number.
pub async fn get(store: &Store, id: TicketId) -> Result<Option<TicketView>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ONE).bind(id).fetch_optional(pool).await?))
}

/// Tickets that are not closed, of users who cannot sign in any more, each with its user.
pub async fn of_gone(store: &Store) -> Result<Vec<(TicketId, UserId)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_GONE).bind(STEP).fetch_all(pool).await?))
}

/// What happened to a ticket, the first first.
pub async fn timeline(store: &Store, id: TicketId) -> Result<Vec<TicketEvent>> {
    let lines: Vec<Line> = on!(&store.read, |pool| sqlx::query_as(TIMELINE).bind(id).fetch_all(pool).await?);
    let event = |line: Line| {
        Ok(TicketEvent {
            id: line.id,
            at: line.at,
            author: line.author,
            conversation_id: line.conversation_id,
            told: read(&line.detail)?,
        })
    };
    lines.into_iter().map(event).collect()
}

/// The conversations of a ticket, the last begun first.
pub async fn conversations(store: &Store, id: TicketId) -> Result<Vec<Linked>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(CONVERSATIONS).bind(id).fetch_all(pool).await?))
}
