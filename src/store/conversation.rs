//! Conversations: an exchange between a person and a sender, with a state, an owner and an origin.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, UserId};
use crate::domain::time::UnixMs;

mod list;
mod panel;
mod thread;
mod waiting;

pub use list::{ConversationFilter, ConversationLine, Cursor, Show, View, count, list};
pub use panel::{Earlier, Panel, earlier, get, panel};
pub use thread::{Bubble, Shown, Ticks, thread};
pub use waiting::waiting_for;

const LATEST: Dialects = Dialects {
    sqlite: "SELECT id, person_id, account, sender, state, assignee, team, origin_message_id, campaign_id, run_id,
                 opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by
             FROM conversation WHERE person_id IN (SELECT value FROM json_each($1)) AND sender = $2
             ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, id DESC LIMIT 1",
    postgres: "SELECT id, person_id, account, sender, state, assignee, team, origin_message_id, campaign_id, run_id,
                   opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by
               FROM conversation
               WHERE person_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) AND sender = $2
               ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, id DESC LIMIT 1",
};

const BY_ID: &str =
    "SELECT id, person_id, account, sender, state, assignee, team, origin_message_id, campaign_id, run_id,
        opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by
    FROM conversation WHERE id = $1";

const OPEN: &str = "INSERT INTO conversation (person_id, account, sender, state, assignee, team, origin_message_id,
        campaign_id, run_id, opened_at, last_at, waiting_since, window_until, close_after, closed_at, closed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15) RETURNING id";

const TOUCH: &str = "UPDATE conversation SET state = 'open', last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END,
        waiting_since = COALESCE(waiting_since, $3),
        window_until = CASE WHEN window_until IS NULL OR window_until < $4 THEN $4 ELSE window_until END,
        closed_at = NULL, closed_by = NULL
    WHERE id = $1";

const HEARD: &str = "UPDATE conversation SET last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END,
        window_until = CASE WHEN window_until IS NULL OR window_until < $3 THEN $3 ELSE window_until END
    WHERE id = $1";

const ANSWERED: &str = "UPDATE conversation SET last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END,
        waiting_since = NULL, assignee = COALESCE(assignee, $3)
    WHERE id = $1 AND state = 'open' AND (assignee IS NULL OR assignee = $3)";

const ANSWERED_ANYWAY: &str = "UPDATE conversation SET last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END,
        waiting_since = NULL
    WHERE id = $1 AND state = 'open'";

const SENT: &str = "UPDATE conversation SET last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END WHERE id = $1";

const OWN: &str = "UPDATE conversation SET assignee = COALESCE(assignee, $2) WHERE id = $1 AND state = 'open'";

const CLAIM: &str = "UPDATE conversation SET assignee = $2
    WHERE id = $1 AND state = 'open' AND (assignee IS NULL OR assignee = $2)";

const TAKE_OVER: &str = "UPDATE conversation SET assignee = $2 WHERE id = $1 AND state = 'open' AND assignee = $3";

const ASSIGN: &str = "UPDATE conversation SET assignee = $2, team = $3 WHERE id = $1 AND state = 'open'";

const ABOUT: &str = "UPDATE conversation SET origin_message_id = $2, campaign_id = $3, run_id = $4, close_after = $5
    WHERE id = $1";

const CLOSE: &str = "UPDATE conversation SET state = 'closed', waiting_since = NULL, closed_at = $2, closed_by = $3
    WHERE id = $1 AND state = 'open'";

/// Only where the person and the sender have no other open conversation.
const REOPEN: &str = "UPDATE conversation SET state = 'open', closed_at = NULL, closed_by = NULL, last_at = $2
    WHERE id = $1 AND state = 'closed' AND NOT EXISTS
        (SELECT 1 FROM conversation AS o WHERE o.person_id = conversation.person_id AND o.sender = conversation.sender
            AND o.state = 'open')";

/// A conversation that waits for nobody of ours and has gone quiet.
const CLOSE_QUIET: &str = "UPDATE conversation SET state = 'closed', closed_at = $1, closed_by = ''
    WHERE state = 'open' AND waiting_since IS NULL AND last_at + close_after <= $1 RETURNING id";

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
    /// Which team's it is.
    pub team: Option<String>,
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
        .fetch_one(c)
        .await?))
}

/// The person wrote and waits for an answer: the conversation is open (again).
pub async fn wait(tx: &mut Tx, id: ConversationId, at: UnixMs, window_until: UnixMs) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(TOUCH).bind(id).bind(at).bind(at).bind(window_until).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The person wrote something that needs no answer: the conversation stays as it is.
pub async fn hear(tx: &mut Tx, id: ConversationId, at: UnixMs, window_until: UnixMs) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(HEARD).bind(id).bind(at).bind(window_until).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// An agent answered: nobody waits any more, and an unowned conversation is theirs. False: it is closed or another's.
pub async fn answer(tx: &mut Tx, id: ConversationId, agent: UserId, at: UnixMs) -> Result<bool> {
    Ok(on_tx!(tx, |c| sqlx::query(ANSWERED).bind(id).bind(at).bind(agent).execute(c).await?.rows_affected()) == 1)
}

/// An agent answered in a colleague's conversation, which stays the colleague's. False: it is closed.
pub async fn answer_anyway(tx: &mut Tx, id: ConversationId, at: UnixMs) -> Result<bool> {
    Ok(on_tx!(tx, |c| sqlx::query(ANSWERED_ANYWAY).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// Something went out in it that answers nobody's question.
pub async fn sent(tx: &mut Tx, id: ConversationId, at: UnixMs) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(SENT).bind(id).bind(at).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Gives an unowned open conversation to `agent`; one that has an owner keeps them.
pub async fn own(tx: &mut Tx, id: ConversationId, agent: UserId) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(OWN).bind(id).bind(agent).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes an open conversation that nobody has. False: it is closed or another's.
pub async fn claim(store: &Store, id: ConversationId, agent: UserId) -> Result<bool> {
    Ok(on!(&store.write, |pool| sqlx::query(CLAIM).bind(id).bind(agent).execute(pool).await?.rows_affected()) == 1)
}

/// Takes an open conversation from the agent who has it. False: it is closed, or somebody else's by now.
pub async fn take_over(store: &Store, id: ConversationId, agent: UserId, from: UserId) -> Result<bool> {
    let n = on!(&store.write, |pool| {
        sqlx::query(TAKE_OVER).bind(id).bind(agent).bind(from).execute(pool).await?.rows_affected()
    });
    Ok(n == 1)
}

/// Gives an open conversation to an agent, to a team, or to nobody. False: it is closed.
pub async fn assign(store: &Store, id: ConversationId, agent: Option<UserId>, team: Option<&str>) -> Result<bool> {
    let n = on!(&store.write, |pool| {
        sqlx::query(ASSIGN).bind(id).bind(agent).bind(team).execute(pool).await?.rows_affected()
    });
    Ok(n == 1)
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

/// Closes an open conversation. False: it was closed already.
pub async fn close(store: &Store, id: ConversationId, at: UnixMs, by: &str) -> Result<bool> {
    Ok(on!(&store.write, |pool| sqlx::query(CLOSE).bind(id).bind(at).bind(by).execute(pool).await?.rows_affected())
        == 1)
}

/// Closes an open conversation by itself, as part of the unit of work.
pub async fn close_in(tx: &mut Tx, id: ConversationId, at: UnixMs) -> Result<bool> {
    Ok(on_tx!(tx, |c| sqlx::query(CLOSE).bind(id).bind(at).bind("").execute(c).await?.rows_affected()) == 1)
}

/// Opens a closed conversation again. False: it is open, or the person has another open one with this sender.
pub async fn reopen(store: &Store, id: ConversationId, at: UnixMs) -> Result<bool> {
    Ok(on!(&store.write, |pool| sqlx::query(REOPEN).bind(id).bind(at).execute(pool).await?.rows_affected()) == 1)
}

/// Closes the conversations that wait for nobody of ours and have been quiet for their time. Returns which.
pub async fn close_quiet(store: &Store, now: UnixMs) -> Result<Vec<ConversationId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(CLOSE_QUIET).bind(now).fetch_all(pool).await?))
}

/// The user of this name who can sign in.
pub async fn user(tx: &mut Tx, name: &str) -> Result<Option<UserId>> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(USER).bind(name).fetch_optional(c).await?))
}
