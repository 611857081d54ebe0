//! Everything that is kept of one person, for whoever asks what that is.

use serde::Serialize;
use sqlx::FromRow;

use super::super::identity::Known;
use super::super::{Result, Store, on};
use crate::domain::id::{ConversationId, MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::time::{self, UnixMs};

const IDENTITIES: &str = "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
    WHERE id = $1 OR linked_to = $1 ORDER BY id";
const MESSAGES: &str =
    "SELECT m.id, m.run_id, COALESCE(c.name, '') AS campaign, m.row_no, m.recipient, m.name, m.sender, m.content,
        r.template, m.external_id, m.happens_at, m.state, m.due_at, m.sent_at, m.delivered_at, m.read_at, m.end_reason,
        m.failure_code, m.category, m.currency, m.charged, m.author
    FROM message AS m LEFT JOIN campaign AS c ON c.id = m.campaign_id LEFT JOIN run AS r ON r.id = m.run_id
    WHERE m.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY m.id";
const ENTRIES: &str = "SELECT e.conversation_id, c.sender, e.direction, e.content, e.referral, e.message_id, e.author, e.at
    FROM entry AS e JOIN conversation AS c ON c.id = e.conversation_id
    WHERE c.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY e.conversation_id, e.id";
const OUTCOMES: &str = "SELECT o.message_id, o.outcome, o.certainty, o.set_by, o.at FROM outcome AS o
    JOIN message AS m ON m.id = o.message_id
    WHERE m.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY o.id";
const SUPPRESSIONS: &str = "SELECT s.scope, s.source, s.note, s.created_at, s.created_by, s.lifted_at, s.lifted_by
    FROM suppression AS s
    WHERE s.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY s.id";
const CONSENTS: &str = "SELECT given, basis, source, at FROM consent
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY id";

/// A message, as it was sent.
#[derive(Clone, Debug, FromRow)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Its run; 0 for one by hand.
    pub run_id: RunId,
    /// Folder name of its campaign.
    pub campaign: String,
    /// Row of the audience.
    pub row_no: i64,
    /// Where it went.
    pub recipient: String,
    /// The name in the file.
    pub name: String,
    /// From which sender.
    pub sender: String,
    /// What it puts into its template, as JSON.
    pub content: String,
    /// The run's template, as JSON.
    pub template: Option<String>,
    /// The row's id.
    pub external_id: Option<String>,
    /// When the row's appointment is.
    pub happens_at: Option<UnixMs>,
    /// Where it is.
    pub state: MessageState,
    /// When it was due.
    pub due_at: UnixMs,
    /// When it left.
    pub sent_at: Option<UnixMs>,
    /// When it arrived.
    pub delivered_at: Option<UnixMs>,
    /// When it was read.
    pub read_at: Option<UnixMs>,
    /// Why it was not sent.
    pub end_reason: Option<String>,
    /// Why it was not delivered.
    pub failure_code: Option<i64>,
    /// What it is billed as.
    pub category: String,
    /// Currency of what it cost.
    pub currency: String,
    /// What it cost.
    pub charged: Micros,
    /// Who wrote it; empty for campaigns.
    pub author: String,
}

/// A line of a conversation.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct EntryRow {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// With which sender.
    pub sender: String,
    /// `in`, `out` or `note`.
    pub direction: String,
    /// What was written, as JSON; empty where a message says it.
    pub content: String,
    /// The ad or post that led the person to write, as JSON.
    pub referral: Option<String>,
    /// The message it shows.
    pub message_id: Option<MessageId>,
    /// Who of us wrote it.
    pub author: String,
    /// When.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub at: UnixMs,
}

/// What a reply decided.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct OutcomeRow {
    /// About which message.
    pub message_id: MessageId,
    /// The word.
    pub outcome: String,
    /// How sure it is.
    pub certainty: String,
    /// Who set it; empty: the reply itself.
    pub set_by: String,
    /// When.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub at: UnixMs,
}

/// A line of the do-not-send list, also one that was lifted.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct SuppressionRow {
    /// From what: `marketing` or `all`.
    pub scope: String,
    /// How it came.
    pub source: String,
    /// For the record.
    pub note: String,
    /// Since when.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub created_at: UnixMs,
    /// Who did it.
    pub created_by: String,
    /// Until when.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub lifted_at: Option<UnixMs>,
    /// Who lifted it.
    pub lifted_by: Option<String>,
}

/// What a file said of consent.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct ConsentRow {
    /// `yes` or `no`.
    pub given: String,
    /// The cell as it stands.
    pub basis: String,
    /// The campaign whose file said it.
    pub source: String,
    /// When it was read.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub at: UnixMs,
}

/// Everything of the person for whom a row stands.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// Every row of theirs.
    pub identities: Vec<Known>,
    /// What was sent, or was to be.
    pub messages: Vec<MessageRow>,
    /// What was written.
    pub entries: Vec<EntryRow>,
    /// What replies decided.
    pub outcomes: Vec<OutcomeRow>,
    /// The do-not-send list.
    pub suppressions: Vec<SuppressionRow>,
    /// What files said of consent.
    pub consents: Vec<ConsentRow>,
}

/// Reads it.
pub async fn of(store: &Store, root: PersonId) -> Result<Dossier> {
    Ok(Dossier {
        identities: on!(&store.read, |pool| sqlx::query_as(IDENTITIES).bind(root).fetch_all(pool).await)?,
        messages: on!(&store.read, |pool| sqlx::query_as(MESSAGES).bind(root).fetch_all(pool).await)?,
        entries: on!(&store.read, |pool| sqlx::query_as(ENTRIES).bind(root).fetch_all(pool).await)?,
        outcomes: on!(&store.read, |pool| sqlx::query_as(OUTCOMES).bind(root).fetch_all(pool).await)?,
        suppressions: on!(&store.read, |pool| sqlx::query_as(SUPPRESSIONS).bind(root).fetch_all(pool).await)?,
        consents: on!(&store.read, |pool| sqlx::query_as(CONSENTS).bind(root).fetch_all(pool).await)?,
    })
}
