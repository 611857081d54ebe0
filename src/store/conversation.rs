//! Conversations: an exchange between a person and a sender, with a state, an owner and an origin.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, TicketId, UserId};
use crate::domain::time::UnixMs;

mod bot;
mod lines;
mod list;
mod look;
mod panel;
mod quiet;
mod search;
mod step;
mod thread;
mod undelivered;
mod waiting;

pub use bot::of_bot;
pub use lines::ConversationLine;
pub use list::{ConversationFilter, Cursor, Narrow, Show, View, list};
pub use look::{Counts, News, campaigns, counts, news, seen};
pub use panel::{Earlier, Panel, earlier, get, panel};
pub use quiet::{Quiet, Silent, quiet};
pub use search::{Found, Place, Sought, search};
pub use step::{Hand, Happening, hand, hold, link, step};
pub use thread::{Bubble, Shown, Ticks, bubble, thread};
pub use undelivered::bring_back;
pub use waiting::waiting_for;

const LATEST: Dialects = Dialects {
    sqlite:
        "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id,
                 ticket_id, origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until,
                 close_after, closed_at, closed_by
             FROM conversation WHERE person_id IN (SELECT value FROM json_each($1)) AND sender = $2
             ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, id DESC LIMIT 1",
    postgres:
        "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id,
                   ticket_id, origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until,
                   close_after, closed_at, closed_by
               FROM conversation
               WHERE person_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) AND sender = $2
               ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, id DESC LIMIT 1",
};

const BY_ID: &str =
    "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id, ticket_id,
        origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until, close_after, closed_at,
        closed_by
    FROM conversation WHERE id = $1";

const OPEN: &str = "INSERT INTO conversation (person_id, account, sender, state, assignee, team, origin_message_id,
        campaign_id, run_id, opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by, bot,
        previous_id, ticket_id, assigned_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING id";

/// Two conversations with one person must not begin at once.
const PEOPLE: Dialects = Dialects {
    sqlite: "SELECT p.id FROM person AS p WHERE p.id IN (SELECT value FROM json_each($1)) ORDER BY p.id",
    postgres: "SELECT p.id FROM person AS p
               WHERE p.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               ORDER BY p.id FOR NO KEY UPDATE",
};

const RECONTACTS: &str = "SELECT COUNT(*) FROM entry AS e JOIN message AS m ON m.id = e.message_id
    JOIN conversation AS c ON c.id = e.conversation_id
    WHERE e.conversation_id = $1 AND e.direction = 'out' AND m.run_id = 0 AND m.category <> 'service'
        AND m.test_of IS NULL AND m.id <> COALESCE(c.origin_message_id, 0)
        AND m.state NOT IN ('failed', 'excluded', 'expired', 'undelivered', 'cancelled')";

const ABOUT: &str = "UPDATE conversation SET origin_message_id = $2, campaign_id = $3, run_id = $4, close_after = $5
    WHERE id = $1";

const USER: &str = "SELECT id FROM app_user WHERE name = $1 AND disabled_at IS NULL";

/// State of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ConversationState {
    /// Somebody may still write.
    Open,
    /// Ended; the person's next message reopens it or opens another.
    Closed,
}

/// A conversation's row.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// With whom.
    pub person_id: PersonId,
    /// Name of the account.
    pub account: String,
    /// Name of the sender.
    pub sender: String,
    /// Open or closed.
    pub state: ConversationState,
    /// Whose it is.
    pub assignee: Option<UserId>,
    /// Since when it is theirs, or the bot's.
    pub assigned_at: Option<UnixMs>,
    /// Which team's it is.
    pub team: Option<String>,
    /// The bot that has it.
    pub bot: Option<String>,
    /// Who had it and said nothing for so long that it went back to the team.
    pub returned_from: Option<UserId>,
    /// The one before with the same person and sender.
    pub previous_id: Option<ConversationId>,
    /// The ticket that keeps its transcript.
    pub ticket_id: Option<TicketId>,
    /// The message it is about.
    pub origin_message_id: Option<MessageId>,
    /// The campaign of that message.
    pub campaign_id: Option<CampaignId>,
    /// The run of that message.
    pub run_id: Option<RunId>,
    /// When it began.
    pub opened_at: UnixMs,
    /// When somebody last wrote.
    pub last_at: UnixMs,
    /// Since when the person waits for an answer.
    pub waiting_since: Option<UnixMs>,
    /// Until when free texts may be sent.
    pub window_until: Option<UnixMs>,
    /// Milliseconds of quiet after which it closes by itself.
    pub close_after: i64,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
    /// Who closed it; empty: it closed by itself.
    pub closed_by: Option<String>,
}

/// A conversation to begin.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// With whom.
    pub person: PersonId,
    /// Name of the account.
    pub account: String,
    /// Name of the sender.
    pub sender: String,
    /// Whose it is.
    pub assignee: Option<UserId>,
    /// Which team's it is.
    pub team: Option<String>,
    /// The bot that has it.
    pub bot: Option<String>,
    /// The one before with the same person and sender.
    pub previous: Option<ConversationId>,
    /// The ticket that keeps its transcript.
    pub ticket: Option<TicketId>,
    /// The message it is about, with its campaign and run; none for a message out of the blue.
    pub origin: Option<(MessageId, CampaignId, RunId)>,
    /// When it begins.
    pub at: UnixMs,
    /// Whether the person waits for an answer.
    pub waits: bool,
    /// Until when free texts may be sent.
    pub window_until: Option<UnixMs>,
    /// Quiet after which it closes by itself.
    pub close_after: Duration,
}

/// The person's conversation with `sender`: the open one, else the last. `people` are all rows of the person.
pub async fn latest(tx: &mut Tx, people: &[PersonId], sender: &str) -> Result<Option<Conversation>> {
    let (sql, people) = (LATEST.of_tx(tx), json(people));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&people).bind(sender).fetch_optional(c).await?))
}

/// The conversation `id`, as the unit of work sees it.
pub async fn by_id(tx: &mut Tx, id: ConversationId) -> Result<Option<Conversation>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
}

/// Begins a conversation.
pub async fn open(tx: &mut Tx, new: &NewConversation) -> Result<ConversationId> {
    insert(tx, new, ConversationState::Open).await
}

/// Keeps an exchange that needs nobody: it is closed as it begins.
pub async fn record(tx: &mut Tx, new: &NewConversation) -> Result<ConversationId> {
    insert(tx, new, ConversationState::Closed).await
}

async fn insert(tx: &mut Tx, new: &NewConversation, state: ConversationState) -> Result<ConversationId> {
    let closed = state == ConversationState::Closed;
    let (message, campaign, run) = new.origin.map_or((None, None, None), |(m, c, r)| (Some(m), Some(c), Some(r)));
    Ok(on_tx!(tx, |c| sqlx::query_scalar(OPEN)
        .bind(new.person)
        .bind(&new.account)
        .bind(&new.sender)
        .bind(state)
        .bind(new.assignee)
        .bind(&new.team)
        .bind(message)
        .bind(campaign)
        .bind(run)
        .bind(new.at)
        .bind(new.waits.then_some(new.at))
        .bind(new.window_until)
        .bind(i64::try_from(new.close_after.as_millis()).unwrap_or(i64::MAX))
        .bind(closed.then_some(new.at))
        .bind(closed.then_some(""))
        .bind(&new.bot)
        .bind(new.previous)
        .bind(new.ticket)
        .bind((new.assignee.is_some() || new.bot.is_some()).then_some(new.at))
        .fetch_one(c)
        .await?))
}

/// Holds the rows of a person until the unit of work ends: nobody else begins a conversation with them meanwhile.
pub async fn hold_person(tx: &mut Tx, people: &[PersonId]) -> Result<()> {
    let (sql, people) = (PEOPLE.of_tx(tx), json(people));
    let _: Vec<PersonId> = on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&people).fetch_all(c).await?);
    Ok(())
}

/// How many templates went out by hand in a conversation and did not fail, without the one that it began with.
pub async fn recontacts(tx: &mut Tx, id: ConversationId) -> Result<i64> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(RECONTACTS).bind(id).fetch_one(c).await?))
}

/// The person wrote and waits for an answer: the conversation is open (again).
pub async fn wait(tx: &mut Tx, id: ConversationId, at: UnixMs, window_until: UnixMs) -> Result<()> {
    step(tx, id, Happening::Asked { window_until }, at).await.map(drop)
}

/// The person wrote something that needs no answer: the conversation stays as it is.
pub async fn hear(tx: &mut Tx, id: ConversationId, at: UnixMs, window_until: UnixMs) -> Result<()> {
    step(tx, id, Happening::Heard { window_until }, at).await.map(drop)
}

/// An agent answered: nobody waits any more, and an unowned conversation is theirs. False: it is closed, another's, or a
/// bot's.
pub async fn answer(tx: &mut Tx, id: ConversationId, agent: UserId, at: UnixMs) -> Result<bool> {
    Ok(step(tx, id, Happening::Answered { agent, anyway: false }, at).await?.is_some())
}

/// An agent answered in a colleague's conversation, which stays the colleague's. False: it is closed, or a bot has it.
pub async fn answer_anyway(tx: &mut Tx, id: ConversationId, agent: UserId, at: UnixMs) -> Result<bool> {
    Ok(step(tx, id, Happening::Answered { agent, anyway: true }, at).await?.is_some())
}

/// Says which message a conversation is about, with its campaign and run, and after how much quiet it closes by itself.
pub async fn about(
    tx: &mut Tx,
    id: ConversationId,
    (message, campaign, run): (MessageId, CampaignId, RunId),
    close_after: Duration,
) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(ABOUT)
        .bind(id)
        .bind(message)
        .bind(campaign)
        .bind(run)
        .bind(i64::try_from(close_after.as_millis()).unwrap_or(i64::MAX))
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The user of this name who can sign in.
pub async fn user(tx: &mut Tx, name: &str) -> Result<Option<UserId>> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(USER).bind(name).fetch_optional(c).await?))
}
