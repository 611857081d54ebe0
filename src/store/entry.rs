//! Lines of a conversation's thread: replies (in), what was written or sent (out), notes of agents.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::outcome::Certainty;
use super::{Dialects, Result, Store, StoreError, Tx, json, on, on_tx};
use crate::domain::event::{Referral, ReplyContent};
use crate::domain::fill::Content;
use crate::domain::id::{CampaignId, ConversationId, EntryId, MessageId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;

const SEEN: Dialects = Dialects {
    sqlite: "SELECT provider_id FROM entry
             WHERE direction = 'in' AND provider_id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT provider_id FROM entry
               WHERE direction = 'in' AND provider_id IN (SELECT value FROM json_array_elements_text($1::json))",
};

const TOLD_IN: &str =
    "SELECT conversation_id FROM entry WHERE message_id = $1 AND direction = 'out' ORDER BY id LIMIT 1";
const ECHOED: &str = "SELECT COUNT(*) FROM entry WHERE direction = 'out' AND provider_id = $1";

const ADD: Dialects = Dialects {
    sqlite:
        "INSERT INTO entry (conversation_id, direction, content, provider_id, quoted, message_id, certainty, author, at, received_at)
         SELECT r.value ->> 'conversation', r.value ->> 'direction', r.value ->> 'content', r.value ->> 'provider_id',
             r.value ->> 'quoted', r.value ->> 'message', r.value ->> 'certainty', r.value ->> 'author', r.value ->> 'at',
             r.value ->> 'received_at'
         FROM json_each($1) AS r ORDER BY r.key RETURNING id",
    postgres:
        "INSERT INTO entry (conversation_id, direction, content, provider_id, quoted, message_id, certainty, author, at, received_at)
         SELECT r.conversation, r.direction, r.content, r.provider_id, r.quoted, r.message, r.certainty, r.author, r.at,
             r.received_at
         FROM json_to_recordset($1::json) AS r (no bigint, conversation bigint, direction text, content text, provider_id text,
             quoted text, message bigint, certainty text, author text, at bigint, received_at bigint)
         ORDER BY r.no RETURNING id",
};

const SHOWN: &str = "SELECT COUNT(*) FROM entry WHERE conversation_id = $1 AND message_id = $2 AND direction = 'out'";

const THREAD: &str = "SELECT e.id, e.conversation_id, e.direction, e.content, e.provider_id, e.quoted, e.referral, e.message_id, e.certainty,
        e.author, e.at, m.provider_id AS message_provider_id,
        m.state, m.content AS message_content, m.failure_code, m.end_reason, m.name AS recipient_name,
        m.sent_at, m.delivered_at, m.read_at, m.test_of, r.cancelled_by, NULLIF(m.row_no, 0) AS row_no, k.title AS campaign_title,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template
    FROM entry AS e LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN campaign AS k ON k.id = m.campaign_id
    WHERE e.conversation_id = $1 AND e.id > $2 ORDER BY e.at, e.id";

/// A quoted line: in the conversation that quotes it before others of the same person.
const QUOTED: &str = "SELECT e.id, e.conversation_id, e.direction, e.content, e.provider_id, e.quoted, e.referral, e.message_id, e.certainty,
        e.author, e.at, m.provider_id AS message_provider_id,
        m.state, m.content AS message_content, m.failure_code, m.end_reason, m.name AS recipient_name,
        m.sent_at, m.delivered_at, m.read_at, m.test_of, r.cancelled_by, NULLIF(m.row_no, 0) AS row_no, k.title AS campaign_title,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template
    FROM entry AS e LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN campaign AS k ON k.id = m.campaign_id
    WHERE e.conversation_id IN (SELECT o.id FROM conversation AS o JOIN conversation AS c ON c.person_id = o.person_id WHERE c.id = $1)
        AND (e.provider_id = $2 OR (e.direction = 'out' AND e.message_id IN
            (SELECT k.id FROM message AS k WHERE k.provider_id = $2
             UNION SELECT a.message_id FROM attempt AS a WHERE a.provider_id = $2)))
    ORDER BY CASE e.conversation_id WHEN $1 THEN 0 ELSE 1 END, e.id LIMIT 1";

const CAME_BY: &str = "UPDATE entry SET referral = $2 WHERE id = $1";

const QUOTABLE: &str = "SELECT COALESCE(e.provider_id, m.provider_id) FROM entry AS e
    LEFT JOIN message AS m ON m.id = e.message_id AND e.direction = 'out'
    WHERE e.conversation_id = $1 AND e.id = $2 AND e.direction <> 'note'";

const UNCLEAR: &str = "SELECT at, received_at FROM entry
    WHERE conversation_id = $1 AND direction = 'in' AND certainty = 'ambiguous' ORDER BY received_at DESC, id DESC LIMIT 1";

/// Of the replies that could belong to several messages, those since the one chosen had gone out.
const ASSIGN: &str = "UPDATE entry SET message_id = $2, certainty = 'set'
    WHERE conversation_id = $1 AND direction = 'in' AND certainty = 'ambiguous' AND received_at >= $3";

const SHOWING: Dialects = Dialects {
    sqlite: "SELECT DISTINCT conversation_id FROM entry
             WHERE direction = 'out' AND message_id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT DISTINCT conversation_id FROM entry WHERE direction = 'out'
                   AND message_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};

const LAST_IN: Dialects = Dialects {
    sqlite: "UPDATE conversation SET last_in = r.value ->> 1 FROM json_each($1) AS r WHERE conversation.id = r.value ->> 0",
    postgres:
        "UPDATE conversation SET last_in = CAST(r.value ->> 1 AS BIGINT) FROM json_array_elements($1::json) AS r (value)
               WHERE conversation.id = CAST(r.value ->> 0 AS BIGINT)",
};

/// Campaigns, automatic answers and bots are no colleagues.
const ANSWERED_SINCE: &str = "SELECT COUNT(*) FROM entry
    WHERE conversation_id = $1 AND id > $2 AND direction = 'out' AND author NOT IN ('', $3, $4) AND author NOT LIKE 'bot:%'";

const TOLD_SINCE: &str = "SELECT COUNT(*) FROM conversation WHERE id = $1 AND last_in > $2";

/// Which way a line goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Direction {
    /// From the person.
    In,
    /// To the person; the text and the ticks are its message's.
    Out,
    /// Between agents only.
    Note,
}

/// A line to add.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which way it goes.
    pub direction: Direction,
    /// What the person sent, a note's text, or what the house wrote elsewhere. `None` for a message of ours, which holds it.
    pub content: Option<&'a ReplyContent>,
    /// The provider's id of a reply, or of what the house wrote elsewhere.
    pub provider_id: Option<&'a str>,
    /// The provider's id of what a reply points at.
    pub quoted: Option<&'a str>,
    /// The message sent (out), or the one the reply is about (in).
    pub message: Option<MessageId>,
    /// How sure that is.
    pub certainty: Option<Certainty>,
    /// The agent; empty for replies and campaigns.
    pub author: &'a str,
    /// When it was written or sent.
    pub at: UnixMs,
    /// When Recado had it.
    pub received_at: UnixMs,
}

/// A line as stored, with what its message tells.
#[derive(Clone, Debug, FromRow)]
pub struct Line {
    /// Its id.
    pub id: EntryId,
    /// Of which conversation.
    pub conversation_id: ConversationId,
    /// Which way it goes.
    pub direction: Direction,
    /// JSON of [`ReplyContent`]; `null` for a message of ours.
    pub content: String,
    /// The provider's id of a reply.
    pub provider_id: Option<String>,
    /// The provider's id of what a reply quotes.
    pub quoted: Option<String>,
    /// The ad or post that led the person to write, as JSON of [`Referral`].
    pub referral: Option<String>,
    /// The message sent (out), or the one the reply is about (in).
    pub message_id: Option<MessageId>,
    /// How sure that is.
    pub certainty: Option<Certainty>,
    /// The agent; empty for replies and campaigns.
    pub author: String,
    /// When it was written or sent.
    pub at: UnixMs,
    /// The provider's id of the message sent.
    pub message_provider_id: Option<String>,
    /// State of the message sent.
    pub state: Option<MessageState>,
    /// What the message sent is made of, as JSON of [`Content`].
    pub message_content: Option<String>,
    /// Why it failed.
    pub failure_code: Option<i64>,
    /// Why it was not sent.
    pub end_reason: Option<String>,
    /// The name in the message's row.
    pub recipient_name: Option<String>,
    /// When the provider sent it.
    pub sent_at: Option<UnixMs>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
    /// The run's snapshot of the template, as JSON.
    pub template: Option<String>,
    /// The campaign that the message sent is a test of, where it is one.
    pub test_of: Option<CampaignId>,
    /// Who cancelled the run.
    pub cancelled_by: Option<String>,
    /// The row of the audience that the message sent is for.
    pub row_no: Option<i64>,
    /// Title of the campaign of the message sent.
    pub campaign_title: Option<String>,
}

impl Line {
    /// Whether the house wrote it elsewhere: no message of ours holds it.
    pub fn is_echo(&self) -> bool {
        self.direction == Direction::Out && self.message_id.is_none()
    }

    /// The ad or post that led the person to write.
    pub fn came_by(&self) -> Option<Referral> {
        serde_json::from_str(self.referral.as_deref()?).ok()
    }

    /// What the provider calls it, by which others quote it.
    pub fn called(&self) -> Option<&str> {
        self.provider_id.as_deref().or(self.message_provider_id.as_deref())
    }

    /// What the provider calls the line that this one quotes.
    pub fn quotes(&self) -> Option<String> {
        if self.direction != Direction::Out || self.is_echo() {
            return self.quoted.clone();
        }
        match serde_json::from_str(self.message_content.as_deref()?) {
            Ok(Content::Text { quoted, .. } | Content::Free { quoted, .. }) => quoted,
            _ => None,
        }
    }
}

/// The line that each of `lines` quotes among them; and what is quoted that is not among them, by its provider's id.
pub fn quotes(lines: &[Line]) -> (BTreeMap<EntryId, EntryId>, Vec<(EntryId, String)>) {
    let called: BTreeMap<&str, EntryId> = lines.iter().filter_map(|line| Some((line.called()?, line.id))).collect();
    let (mut here, mut elsewhere) = (BTreeMap::new(), Vec::new());
    for line in lines {
        let Some(quoted) = line.quotes() else { continue };
        match called.get(quoted.as_str()) {
            Some(found) => drop(here.insert(line.id, *found)),
            None => elsewhere.push((line.id, quoted)),
        }
    }
    (here, elsewhere)
}

/// Those of these replies, by the provider's ids, that are here already.
pub async fn seen(tx: &mut Tx, provider_ids: &[&str]) -> Result<BTreeSet<String>> {
    let (sql, ids) = (SEEN.of_tx(tx), json(provider_ids));
    let seen: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await?);
    Ok(seen.into_iter().collect())
}

/// The form of a line in the JSON bind.
#[derive(Serialize)]
struct Row<'a> {
    no: usize,
    conversation: ConversationId,
    direction: Direction,
    content: String,
    provider_id: Option<&'a str>,
    quoted: Option<&'a str>,
    message: Option<MessageId>,
    certainty: Option<Certainty>,
    author: &'a str,
    at: UnixMs,
    received_at: UnixMs,
}

impl<'a> Row<'a> {
    fn of((no, new): (usize, &NewEntry<'a>)) -> Self {
        let NewEntry {
            conversation,
            direction,
            content,
            provider_id,
            quoted,
            message,
            certainty,
            author,
            at,
            received_at,
        } = *new;
        let content = json(&content);
        Self { no, conversation, direction, content, provider_id, quoted, message, certainty, author, at, received_at }
    }
}

/// Whether what the house wrote elsewhere under this provider's id is here already.
pub async fn echoed(tx: &mut Tx, provider_id: &str) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(ECHOED).bind(provider_id).fetch_one(c).await?);
    Ok(n > 0)
}

/// The conversation in which `message` stands as something of ours; `None`: in none.
pub async fn told_in(store: &Store, message: MessageId) -> Result<Option<ConversationId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(TOLD_IN).bind(message).fetch_optional(pool).await)?)
}

/// Adds a line. The person's last one is known to the conversation too: what is unread goes by it.
pub async fn add(tx: &mut Tx, new: &NewEntry<'_>) -> Result<EntryId> {
    let added = add_all(tx, std::slice::from_ref(new)).await?;
    added.first().copied().ok_or(StoreError::Guard { expected: 1, actual: 0 })
}

/// Adds lines in this order. Of one conversation, the last of the person's comes last.
pub async fn add_all(tx: &mut Tx, new: &[NewEntry<'_>]) -> Result<Vec<EntryId>> {
    let (sql, rows) = (ADD.of_tx(tx), json(&new.iter().enumerate().map(Row::of).collect::<Vec<_>>()));
    let mut ids: Vec<EntryId> = on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&rows).fetch_all(c).await?);
    if ids.len() != new.len() {
        return Err(StoreError::Guard { expected: new.len() as u64, actual: ids.len() as u64 });
    }
    // Ids are given in the order of the rows, and told in any.
    ids.sort_unstable();
    let said = new.iter().zip(&ids).filter(|(new, _)| new.direction == Direction::In);
    let last: BTreeMap<ConversationId, EntryId> = said.map(|(new, id)| (new.conversation, *id)).collect();
    to_read(tx, last.into_iter().collect()).await?;
    Ok(ids)
}

/// Makes these lines the last ones of their conversations that somebody of ours is to read.
pub async fn to_read(tx: &mut Tx, last: Vec<(ConversationId, EntryId)>) -> Result<()> {
    if last.is_empty() {
        return Ok(());
    }
    let (sql, last) = (LAST_IN.of_tx(tx), json(&last));
    on_tx!(tx, |c| sqlx::query(sql).bind(&last).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether the thread shows `message` already.
pub async fn shows(tx: &mut Tx, conversation: ConversationId, message: MessageId) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(SHOWN).bind(conversation).bind(message).fetch_one(c).await?);
    Ok(n > 0)
}

/// The conversations whose threads show one of `messages`.
pub async fn showing(tx: &mut Tx, messages: &[MessageId]) -> Result<Vec<ConversationId>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (SHOWING.of_tx(tx), json(messages));
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await?))
}

/// Whether somebody of ours wrote to the person after the line `last`, other than `but`: an author, and what answers by itself.
pub async fn is_answered_since(tx: &mut Tx, id: ConversationId, last: EntryId, but: (&str, &str)) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(ANSWERED_SINCE)
        .bind(id)
        .bind(last)
        .bind(but.0)
        .bind(but.1)
        .fetch_one(c)
        .await?);
    Ok(n > 0)
}

/// Whether something came in after the line `last` that somebody of ours is to read.
pub async fn is_told_since(tx: &mut Tx, id: ConversationId, last: EntryId) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(TOLD_SINCE).bind(id).bind(last).fetch_one(c).await?);
    Ok(n > 0)
}

/// Every line of a conversation, oldest first.
pub async fn lines(store: &Store, conversation: ConversationId) -> Result<Vec<Line>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(THREAD).bind(conversation).bind(EntryId(0)).fetch_all(pool).await?))
}

/// The lines written in a conversation after `last`, as the unit of work sees them, oldest first.
pub async fn lines_after(tx: &mut Tx, conversation: ConversationId, last: EntryId) -> Result<Vec<Line>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(THREAD).bind(conversation).bind(last).fetch_all(c).await?))
}

/// The last reply of a conversation that could belong to several messages and that nobody has assigned yet: when it
/// was written, and when Recado had it.
pub async fn unclear(tx: &mut Tx, conversation: ConversationId) -> Result<Option<(UnixMs, UnixMs)>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(UNCLEAR).bind(conversation).fetch_optional(c).await?))
}

/// Makes the unclear replies that came at `since` or later answers of `message`. Returns how many there were.
pub async fn assign(tx: &mut Tx, conversation: ConversationId, message: MessageId, since: UnixMs) -> Result<u64> {
    Ok(on_tx!(tx, |c| sqlx::query(ASSIGN)
        .bind(conversation)
        .bind(message)
        .bind(since)
        .execute(c)
        .await?
        .rows_affected()))
}

/// Keeps the ad or post that led the person to write a reply.
pub async fn came_by(tx: &mut Tx, entry: EntryId, referral: &Referral) -> Result<()> {
    let referral = json(referral);
    on_tx!(tx, |c| sqlx::query(CAME_BY).bind(entry).bind(&referral).execute(c).await.map(drop))?;
    Ok(())
}

/// What the provider calls a line of a conversation, so that an answer can quote it. `None`: there is no such line, or it
/// has no name there (yet).
pub async fn quotable(tx: &mut Tx, conversation: ConversationId, entry: EntryId) -> Result<Option<String>> {
    let called: Option<Option<String>> =
        on_tx!(tx, |c| sqlx::query_scalar(QUOTABLE).bind(conversation).bind(entry).fetch_optional(c).await?);
    Ok(called.flatten().filter(|called| !called.is_empty()))
}

/// The line that the provider calls `quoted`, in any conversation of the same person.
pub async fn quoted(store: &Store, conversation: ConversationId, quoted: &str) -> Result<Option<Line>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(QUOTED).bind(conversation).bind(quoted).fetch_optional(pool).await?))
}
