//! Conversations: an exchange between a person and a sender, with a state, an owner and an origin.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Dialects, Result, StoreError, Tx, json, on_tx};
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
pub use look::{Counts, News, campaigns, counts, is_unread, news, seen};
pub use panel::{Earlier, Panel, earlier, get, panel};
pub use quiet::{Quiet, Silent, quiet};
pub use search::{Found, Place, Sought, search};
pub use step::{Hand, Happening, hand, hold, link, step};
pub use thread::{Bubble, Shown, Ticks, bubble, thread};
pub use undelivered::{bring_back, bring_back_doubtful};
pub use waiting::waiting_for;

/// Of each row of a person, the open conversation or else the last.
const LATEST: Dialects = Dialects {
    sqlite: "SELECT q.value ->> 'asked' AS asked, c.id, c.person_id, c.account, c.sender, c.state, c.assignee, c.assigned_at, c.team, c.bot, c.returned_from, c.previous_id,
                 c.ticket_id, c.origin_message_id, c.campaign_id, c.run_id, c.opened_at, c.last_at, c.waiting_since, c.window_until,
                 c.close_after, c.closed_at, c.closed_by
             FROM json_each($1) AS q CROSS JOIN conversation AS c
             WHERE c.id = (SELECT k.id FROM conversation AS k WHERE k.person_id = q.value ->> 'person' AND k.sender = q.value ->> 'sender'
                 ORDER BY CASE k.state WHEN 'open' THEN 0 ELSE 1 END, k.id DESC LIMIT 1)",
    postgres: "SELECT q.asked, c.id, c.person_id, c.account, c.sender, c.state, c.assignee, c.assigned_at, c.team, c.bot, c.returned_from, c.previous_id,
                 c.ticket_id, c.origin_message_id, c.campaign_id, c.run_id, c.opened_at, c.last_at, c.waiting_since, c.window_until,
                 c.close_after, c.closed_at, c.closed_by
               FROM json_to_recordset($1::json) AS q (asked bigint, person bigint, sender text)
               JOIN conversation AS c
                   ON c.id = (SELECT k.id FROM conversation AS k WHERE k.person_id = q.person AND k.sender = q.sender
                       ORDER BY CASE k.state WHEN 'open' THEN 0 ELSE 1 END, k.id DESC LIMIT 1)",
};

const BY_ID: &str =
    "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id, ticket_id,
        origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until, close_after, closed_at,
        closed_by
    FROM conversation WHERE id = $1";

const OPEN: Dialects = Dialects {
    sqlite: "INSERT INTO conversation (person_id, account, sender, state, assignee, team, origin_message_id, campaign_id, run_id,
                 opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by, bot, previous_id, ticket_id,
                 assigned_at)
             SELECT r.value ->> 'person', r.value ->> 'account', r.value ->> 'sender', r.value ->> 'state', r.value ->>
                 'assignee', r.value ->> 'team', r.value ->> 'message', r.value ->> 'campaign', r.value ->> 'run', r.value ->>
                 'at', r.value ->> 'at', r.value ->> 'waiting_since', r.value ->> 'window_until', r.value ->> 'close_after',
                 r.value ->> 'closed_at', r.value ->> 'closed_by', r.value ->> 'bot', r.value ->> 'previous', r.value ->>
                 'ticket', r.value ->> 'assigned_at'
             FROM json_each($1) AS r ORDER BY r.key RETURNING id, person_id",
    postgres: "INSERT INTO conversation (person_id, account, sender, state, assignee, team, origin_message_id, campaign_id, run_id,
                   opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by, bot, previous_id, ticket_id,
                   assigned_at)
               SELECT r.person, r.account, r.sender, r.state, r.assignee, r.team, r.message, r.campaign, r.run, r.at, r.at,
                   r.waiting_since, r.window_until, r.close_after, r.closed_at, r.closed_by, r.bot, r.previous, r.ticket,
                   r.assigned_at
               FROM json_to_recordset($1::json) AS r (person bigint, account text, sender text, state text, assignee bigint, team text, message bigint, campaign
                   bigint, run bigint, at bigint, waiting_since bigint, window_until bigint, close_after bigint, closed_at
                   bigint, closed_by text, bot text, previous bigint, ticket bigint, assigned_at bigint)
               RETURNING id, person_id",
};

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

/// A conversation, with what was asked for.
#[derive(FromRow)]
struct Asked {
    asked: i64,
    #[sqlx(flatten)]
    conversation: Conversation,
}

/// The person's conversation with `sender`: the open one, else the last. `people` are all rows of the person.
pub async fn latest(tx: &mut Tx, people: &[PersonId], sender: &str) -> Result<Option<Conversation>> {
    Ok(latest_of_all(tx, &[(people, sender)]).await?.pop().flatten())
}

/// The same for several people.
pub async fn latest_of_all(tx: &mut Tx, all: &[(&[PersonId], &str)]) -> Result<Vec<Option<Conversation>>> {
    let row = |(asked, (people, sender)): (i64, &(&[PersonId], &str))| {
        let of = |person: &PersonId| serde_json::json!({ "asked": asked, "person": person, "sender": sender });
        people.iter().map(of).collect::<Vec<_>>()
    };
    let (sql, rows) = (LATEST.of_tx(tx), json(&(0..).zip(all).flat_map(row).collect::<Vec<_>>()));
    let found: Vec<Asked> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&rows).fetch_all(c).await?);
    let mut latest: Vec<Option<Conversation>> = all.iter().map(|_| None).collect();
    let rank = |c: &Conversation| (c.state == ConversationState::Open, c.id);
    for Asked { asked, conversation } in found {
        if let Some(best) = usize::try_from(asked).ok().and_then(|place| latest.get_mut(place))
            && best.as_ref().is_none_or(|best| rank(best) < rank(&conversation))
        {
            *best = Some(conversation);
        }
    }
    Ok(latest)
}

/// The conversation `id`, as the unit of work sees it.
pub async fn by_id(tx: &mut Tx, id: ConversationId) -> Result<Option<Conversation>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
}

/// Begins a conversation.
pub async fn open(tx: &mut Tx, new: &NewConversation) -> Result<ConversationId> {
    let begun = begin(tx, &[(new, ConversationState::Open)]).await?;
    begun.get(&new.person).copied().ok_or(StoreError::Guard { expected: 1, actual: 0 })
}

/// The form of a new conversation in the JSON bind.
#[derive(Serialize)]
struct Row<'a> {
    person: PersonId,
    account: &'a str,
    sender: &'a str,
    state: ConversationState,
    assignee: Option<UserId>,
    team: Option<&'a str>,
    message: Option<MessageId>,
    campaign: Option<CampaignId>,
    run: Option<RunId>,
    at: UnixMs,
    waiting_since: Option<UnixMs>,
    window_until: Option<UnixMs>,
    close_after: i64,
    closed_at: Option<UnixMs>,
    closed_by: Option<&'static str>,
    bot: Option<&'a str>,
    previous: Option<ConversationId>,
    ticket: Option<TicketId>,
    assigned_at: Option<UnixMs>,
}

impl<'a> Row<'a> {
    fn of((new, state): &(&'a NewConversation, ConversationState)) -> Self {
        let closed = *state == ConversationState::Closed;
        let (message, campaign, run) = new.origin.map_or((None, None, None), |(m, c, r)| (Some(m), Some(c), Some(r)));
        Self {
            person: new.person,
            account: &new.account,
            sender: &new.sender,
            state: *state,
            assignee: new.assignee,
            team: new.team.as_deref(),
            message,
            campaign,
            run,
            at: new.at,
            waiting_since: new.waits.then_some(new.at),
            window_until: new.window_until,
            close_after: i64::try_from(new.close_after.as_millis()).unwrap_or(i64::MAX),
            closed_at: closed.then_some(new.at),
            closed_by: closed.then_some(""),
            bot: new.bot.as_deref(),
            previous: new.previous,
            ticket: new.ticket,
            assigned_at: (new.assignee.is_some() || new.bot.is_some()).then_some(new.at),
        }
    }
}

/// Begins conversations with different people. One that is closed as it begins is an exchange that needs nobody.
pub async fn begin(
    tx: &mut Tx,
    new: &[(&NewConversation, ConversationState)],
) -> Result<BTreeMap<PersonId, ConversationId>> {
    if new.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (sql, rows) = (OPEN.of_tx(tx), json(&new.iter().map(Row::of).collect::<Vec<_>>()));
    let begun: Vec<(ConversationId, PersonId)> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&rows).fetch_all(c).await?);
    Ok(begun.into_iter().map(|(id, person)| (person, id)).collect())
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
