//! What is told of what happened, besides what its event holds.

use sqlx::FromRow;

use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Tx, json, on_tx};

const MESSAGES: Dialects = Dialects {
    sqlite: "SELECT m.id, k.name AS campaign, k.title, NULLIF(m.run_id, 0) AS run_id, NULLIF(m.row_no, 0) AS row_no, m.external_id, m.recipient, m.name,
                 m.account, m.sender, m.author, m.cost_centre, m.happens_at
             FROM message AS m LEFT JOIN campaign AS k ON k.id = m.campaign_id
             WHERE m.id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT m.id, k.name AS campaign, k.title, NULLIF(m.run_id, 0) AS run_id, NULLIF(m.row_no, 0) AS row_no, m.external_id, m.recipient, m.name,
                   m.account, m.sender, m.author, m.cost_centre, m.happens_at
               FROM message AS m LEFT JOIN campaign AS k ON k.id = m.campaign_id
               WHERE m.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};
const CONVERSATIONS: Dialects = Dialects {
    sqlite: "SELECT c.id, c.account, c.sender, c.origin_message_id, k.name AS campaign, k.title, c.run_id, p.phone, p.wa_id, p.name,
                 c.waiting_since, c.window_until
             FROM conversation AS c JOIN person AS p ON p.id = c.person_id LEFT JOIN campaign AS k ON k.id = c.campaign_id
             WHERE c.id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT c.id, c.account, c.sender, c.origin_message_id, k.name AS campaign, k.title, c.run_id, p.phone, p.wa_id, p.name,
                   c.waiting_since, c.window_until
               FROM conversation AS c JOIN person AS p ON p.id = c.person_id LEFT JOIN campaign AS k ON k.id = c.campaign_id
               WHERE c.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};
const REPLY: &str = "SELECT content, provider_id, referral, message_id, certainty FROM entry WHERE id = $1";
const OUTCOME: &str = "SELECT message_id, entry_id, outcome, certainty, set_by FROM outcome WHERE id = $1";
const HOLD: &str = "SELECT scope, scope_key, cause, code FROM hold WHERE id = $1";
const TICKET: &str = "SELECT t.subject, t.state, t.priority, t.source, t.external_id, u.name AS assignee,
        COALESCE(p.phone, p.wa_id) AS phone, p.name, e.author, e.detail, e.conversation_id
    FROM ticket_event AS e JOIN ticket AS t ON t.id = e.ticket_id JOIN person AS p ON p.id = t.person_id
        LEFT JOIN app_user AS u ON u.id = t.assignee
    WHERE e.id = $1";
const USER: &str = "SELECT name FROM app_user WHERE id = $1";

/// Of a message.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct MessageFacts {
    /// Which.
    pub id: i64,
    /// Its campaign's folder.
    pub campaign: Option<String>,
    /// Its campaign's title.
    pub title: Option<String>,
    /// Its run.
    pub run_id: Option<i64>,
    /// Its row.
    pub row_no: Option<i64>,
    /// Its row's id.
    pub external_id: Option<String>,
    /// To which number, digits.
    pub recipient: String,
    /// To whom.
    pub name: String,
    /// By which account.
    pub account: String,
    /// By which sender.
    pub sender: String,
    /// Who wrote it; empty: a campaign.
    pub author: String,
    /// Who pays.
    pub cost_centre: String,
    /// When its appointment is.
    pub happens_at: Option<UnixMs>,
}

/// Of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct ConversationFacts {
    /// Which.
    pub id: i64,
    /// By which account.
    pub account: String,
    /// By which sender.
    pub sender: String,
    /// The message it is about.
    pub origin_message_id: Option<i64>,
    /// Its campaign's folder.
    pub campaign: Option<String>,
    /// Its campaign's title.
    pub title: Option<String>,
    /// Its run.
    pub run_id: Option<i64>,
    /// The person's number as sent to.
    pub phone: Option<String>,
    /// What the provider calls them.
    pub wa_id: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// Since when they wait for an answer.
    pub waiting_since: Option<UnixMs>,
    /// Until when free texts may be sent.
    pub window_until: Option<UnixMs>,
}

/// Of a reply.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct ReplyFacts {
    /// What it is, as JSON.
    pub content: String,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// The ad or post that led to it, as JSON.
    pub referral: Option<String>,
    /// The message it answers.
    pub message_id: Option<i64>,
    /// How sure that is.
    pub certainty: Option<String>,
}

/// Of an outcome.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct OutcomeFacts {
    /// Of which message.
    pub message_id: i64,
    /// By which reply.
    pub entry_id: Option<i64>,
    /// What was decided.
    pub outcome: String,
    /// How sure that is.
    pub certainty: String,
    /// Who set it; empty: the reply itself.
    pub set_by: String,
}

/// Of a hold.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct HoldFacts {
    /// What it stops.
    pub scope: String,
    /// Which.
    pub scope_key: String,
    /// Why.
    pub cause: String,
    /// The provider's code.
    pub code: Option<i64>,
}

/// Of a line of a ticket's timeline.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct TicketFacts {
    /// What the ticket is about.
    pub subject: String,
    /// Open, pending or closed.
    pub state: String,
    /// How urgent it is.
    pub priority: String,
    /// The other system that has it, or empty.
    pub source: String,
    /// That system's name for it.
    pub external_id: Option<String>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// The person's number, digits.
    pub phone: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// Who did it; empty: by itself.
    pub author: String,
    /// What happened, as JSON.
    pub detail: String,
    /// About which conversation.
    pub conversation_id: Option<i64>,
}

/// Of the messages `ids`.
pub async fn messages(tx: &mut Tx, ids: &[i64]) -> Result<Vec<MessageFacts>> {
    let (sql, list) = (MESSAGES.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql).bind(&list).fetch_all(conn).await)?)
}

/// Of the conversations `ids`.
pub async fn conversations(tx: &mut Tx, ids: &[i64]) -> Result<Vec<ConversationFacts>> {
    let (sql, list) = (CONVERSATIONS.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql).bind(&list).fetch_all(conn).await)?)
}

/// Of the reply `id`.
pub async fn reply(tx: &mut Tx, id: i64) -> Result<Option<ReplyFacts>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(REPLY).bind(id).fetch_optional(conn).await)?)
}

/// Of the outcome `id`.
pub async fn outcome(tx: &mut Tx, id: i64) -> Result<Option<OutcomeFacts>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(OUTCOME).bind(id).fetch_optional(conn).await)?)
}

/// Of the hold `id`.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Option<HoldFacts>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(HOLD).bind(id).fetch_optional(conn).await)?)
}

/// Of the line `id` of a ticket's timeline.
pub async fn ticket(tx: &mut Tx, id: i64) -> Result<Option<TicketFacts>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(TICKET).bind(id).fetch_optional(conn).await)?)
}

/// The name of a user.
pub async fn user(tx: &mut Tx, id: i64) -> Result<Option<String>> {
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(USER).bind(id).fetch_optional(conn).await)?)
}
