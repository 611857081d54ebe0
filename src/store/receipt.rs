//! What receipts change: messages with their latest attempt, and the attempts before it.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::{CampaignId, MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;

const STANDINGS: Dialects = Dialects {
    sqlite: "SELECT id, run_id, campaign_id, person_id, recipient, account, sender, conversation_id, state, attempt, provider_id,
                 claimed_at, accepted_at, sent_at, delivered_at, read_at, undelivered_at, ended_at, failure_code,
                 failure_detail, market, category, currency, estimated, reserved, pricing, charged, charged_as, charged_day
             FROM message WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
    postgres: "SELECT id, run_id, campaign_id, person_id, recipient, account, sender, conversation_id, state, attempt, provider_id,
                   claimed_at, accepted_at, sent_at, delivered_at, read_at, undelivered_at, ended_at, failure_code,
                   failure_detail, market, category, currency, estimated, reserved, pricing, charged, charged_as, charged_day
               FROM message WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               ORDER BY id FOR UPDATE",
};

const ATTEMPTS: Dialects = Dialects {
    sqlite: "SELECT message_id, no, state, provider_id, ended_at, failure_code, failure_detail FROM attempt
             WHERE message_id IN (SELECT value FROM json_each($1)) ORDER BY message_id, no",
    postgres: "SELECT message_id, no, state, provider_id, ended_at, failure_code, failure_detail FROM attempt
               WHERE message_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               ORDER BY message_id, no FOR UPDATE",
};

const KNOWN: Dialects = Dialects {
    sqlite: "SELECT m.provider_id AS provider_id, m.id AS message_id, m.attempt AS attempt
             FROM message AS m WHERE m.provider_id IN (SELECT value FROM json_each($1))
             UNION ALL
             SELECT a.provider_id, a.message_id, a.no
             FROM attempt AS a WHERE a.provider_id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT m.provider_id AS provider_id, m.id AS message_id, m.attempt AS attempt
               FROM message AS m WHERE m.provider_id IN (SELECT value FROM json_array_elements_text($1::json))
               UNION ALL
               SELECT a.provider_id, a.message_id, a.no
               FROM attempt AS a WHERE a.provider_id IN (SELECT value FROM json_array_elements_text($1::json))",
};

const APPLY: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = r.value ->> 'state',
                 accepted_at = r.value ->> 'accepted_at', sent_at = r.value ->> 'sent_at',
                 delivered_at = r.value ->> 'delivered_at', read_at = r.value ->> 'read_at',
                 undelivered_at = r.value ->> 'undelivered_at', ended_at = r.value ->> 'ended_at',
                 failure_code = r.value ->> 'failure_code', failure_detail = r.value ->> 'failure_detail',
                 reserved = r.value ->> 'reserved', pricing = r.value ->> 'pricing', charged = r.value ->> 'charged',
                 charged_as = r.value ->> 'charged_as', charged_day = r.value ->> 'charged_day',
                 waiting_for = NULL, end_reason = NULL
             FROM r
             WHERE message.id = r.value ->> 'id' AND message.attempt = r.value ->> 'attempt'
                 AND message.state = r.value ->> 'was'
             RETURNING message.id",
    postgres: "UPDATE message SET state = r.state, accepted_at = r.accepted_at,
                   sent_at = r.sent_at, delivered_at = r.delivered_at, read_at = r.read_at,
                   undelivered_at = r.undelivered_at, ended_at = r.ended_at, failure_code = r.failure_code,
                   failure_detail = r.failure_detail, reserved = r.reserved, pricing = r.pricing,
                   charged = r.charged, charged_as = r.charged_as, charged_day = r.charged_day,
                   waiting_for = NULL, end_reason = NULL
               FROM json_to_recordset($1::json) AS r (id bigint, attempt bigint, was text, state text,
                   accepted_at bigint, sent_at bigint, delivered_at bigint, read_at bigint, undelivered_at bigint,
                   ended_at bigint, failure_code bigint, failure_detail text, reserved bigint, pricing text,
                   charged bigint, charged_as text, charged_day text)
               WHERE message.id = r.id AND message.attempt = r.attempt AND message.state = r.was
               RETURNING message.id",
};

/// Apart from the rest: SQLite writes an index anew for a column that is set, also to what it was, and these ids are
/// random, so that each is on a page of its own. A batch of 400 took 36 µs a message with it and 23 without, and a quarter of
/// the time to commit.
const RENAME: &str = "UPDATE message SET provider_id = $3 WHERE id = $1 AND attempt = $2 AND state = $4";

const TEMPLATES: Dialects = Dialects {
    sqlite: "SELECT id, template FROM run WHERE id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT id, template FROM run
               WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};

const CONTENT: &str = "SELECT content FROM message WHERE id = $1";
const APPLY_EARLIER: &str = "UPDATE attempt SET state = $4, provider_id = $5, ended_at = $6, failure_code = $7,
        failure_detail = $8
    WHERE message_id = $1 AND no = $2 AND state = $3";

/// A message as far as receipts concern it.
#[derive(Clone, PartialEq, Debug, FromRow)]
pub struct Standing {
    /// Which message.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Whom it is for.
    pub person_id: PersonId,
    /// The number it went to, digits.
    pub recipient: String,
    /// Name of its account.
    pub account: String,
    /// Name of its sender.
    pub sender: String,
    /// The conversation it belongs to, for answers and templates sent by hand.
    pub conversation_id: Option<i64>,
    /// State of the latest attempt.
    pub state: MessageState,
    /// Number of the latest attempt.
    pub attempt: i64,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// When it was claimed.
    pub claimed_at: Option<UnixMs>,
    /// When the provider accepted it.
    pub accepted_at: Option<UnixMs>,
    /// When the provider sent it, as it says.
    pub sent_at: Option<UnixMs>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
    /// When it counts as undelivered, unless something comes before.
    pub undelivered_at: Option<UnixMs>,
    /// When it ended without reaching the person.
    pub ended_at: Option<UnixMs>,
    /// The provider's code, when it failed.
    pub failure_code: Option<i64>,
    /// The provider's words, when it failed.
    pub failure_detail: Option<String>,
    /// The person's market.
    pub market: String,
    /// What it is billed as, by its template.
    pub category: Category,
    /// The account's currency.
    pub currency: String,
    /// What it may cost.
    pub estimated: i64,
    /// What is held back for it.
    pub reserved: i64,
    /// The first price its receipts told, as JSON.
    pub pricing: Option<String>,
    /// What it did cost.
    pub charged: i64,
    /// As what it was charged; `None`: not charged yet.
    pub charged_as: Option<String>,
    /// On which day.
    pub charged_day: Option<String>,
}

/// A message's new standing and the state it is expected to be in still.
#[derive(Clone, PartialEq, Debug)]
pub struct ReceiptChange {
    /// The state it was read in.
    pub was: MessageState,
    /// Whether the provider's id of it is new.
    pub is_renamed: bool,
    /// What it becomes.
    pub standing: Standing,
}

/// The form of a change in the JSON bind: what is written and no more. SQLite walks the keys of a row once for each column,
/// and this is most of what a receipt costs there.
#[derive(Serialize)]
struct Row<'a> {
    id: MessageId,
    attempt: i64,
    was: MessageState,
    state: MessageState,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undelivered_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_detail: Option<&'a str>,
    reserved: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<&'a str>,
    charged: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    charged_as: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charged_day: Option<&'a str>,
}

impl ReceiptChange {
    fn row(&self) -> Row<'_> {
        let new = &self.standing;
        Row {
            id: new.id,
            attempt: new.attempt,
            was: self.was,
            state: new.state,
            accepted_at: new.accepted_at,
            sent_at: new.sent_at,
            delivered_at: new.delivered_at,
            read_at: new.read_at,
            undelivered_at: new.undelivered_at,
            ended_at: new.ended_at,
            failure_code: new.failure_code,
            failure_detail: new.failure_detail.as_deref(),
            reserved: new.reserved,
            pricing: new.pricing.as_deref(),
            charged: new.charged,
            charged_as: new.charged_as.as_deref(),
            charged_day: new.charged_day.as_deref(),
        }
    }
}

/// An attempt before the latest.
#[derive(Clone, PartialEq, Debug, FromRow)]
pub struct EarlierAttempt {
    /// Of which message.
    pub message_id: MessageId,
    /// Its number.
    pub no: i64,
    /// Its state.
    pub state: MessageState,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// When it ended.
    pub ended_at: UnixMs,
    /// The provider's code, when it failed.
    pub failure_code: Option<i64>,
    /// The provider's words, when it failed.
    pub failure_detail: Option<String>,
}

/// An attempt found by the provider's id.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Known {
    /// The provider's id.
    pub provider_id: String,
    /// The message.
    pub message_id: MessageId,
    /// Number of the attempt.
    pub attempt: i64,
}

/// The messages `ids`, locked until the end of the unit of work.
pub async fn standings(tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<Standing>> {
    let (sql, ids) = (STANDINGS.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// The earlier attempts of the messages `ids`, locked likewise.
pub async fn earlier_attempts(tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<EarlierAttempt>> {
    let (sql, ids) = (ATTEMPTS.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// The attempts that have one of these provider's ids.
pub async fn known(tx: &mut Tx, provider_ids: &[&str]) -> Result<Vec<Known>> {
    let (sql, ids) = (KNOWN.of_tx(tx), json(provider_ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// What a message is made of, as JSON.
pub async fn content(tx: &mut Tx, id: MessageId) -> Result<String> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(CONTENT).bind(id).fetch_one(c).await?))
}

/// The snapshots of the template, as JSON, of the runs `ids`.
pub async fn templates(tx: &mut Tx, ids: &[RunId]) -> Result<Vec<(RunId, String)>> {
    let (sql, ids) = (TEMPLATES.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// Writes new standings where attempt and state are still as they were read. Returns the messages that changed.
pub async fn apply(tx: &mut Tx, changes: &[ReceiptChange]) -> Result<Vec<MessageId>> {
    // Before the state: what is told of a failed message goes by whether it has a name there.
    for change in changes.iter().filter(|c| c.is_renamed) {
        let new = &change.standing;
        on_tx!(tx, |c| sqlx::query(RENAME)
            .bind(new.id)
            .bind(new.attempt)
            .bind(&new.provider_id)
            .bind(change.was)
            .execute(c)
            .await
            .map(drop))?;
    }
    let (sql, rows) = (APPLY.of_tx(tx), json(&changes.iter().map(ReceiptChange::row).collect::<Vec<_>>()));
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&rows).fetch_all(c).await?))
}

/// Records what a receipt said of an attempt that is not the latest; `was` is the state it was read in.
pub async fn apply_earlier(tx: &mut Tx, was: MessageState, attempt: &EarlierAttempt) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(APPLY_EARLIER)
        .bind(attempt.message_id)
        .bind(attempt.no)
        .bind(was)
        .bind(attempt.state)
        .bind(&attempt.provider_id)
        .bind(attempt.ended_at)
        .bind(attempt.failure_code)
        .bind(&attempt.failure_detail)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}
