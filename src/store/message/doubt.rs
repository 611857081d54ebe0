//! Messages in doubt: the list of them, what is at stake, and what settles them.

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::FromRow;

use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId};
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, on, on_tx, place, run};

/// `end_reason` of a cancelled message that a person left in doubt: it may have left.
pub const LEFT: &str = "in_doubt";

/// `unsent`: the rule of doubt said so.
const RELEASE_UNSENT: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'unsent', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT r.value FROM json_each($1) AS r)
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING id, run_id",
    postgres: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'unsent', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING id, run_id",
};
/// `in_doubt`: a person takes the risk.
const RELEASE: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'in_doubt', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT r.value FROM json_each($1) AS r)
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING id, run_id",
    postgres: "UPDATE message SET state = 'queued', due_at = $2, end_reason = 'in_doubt', ended_at = $2, reserved = 0
        WHERE state = 'in_doubt' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
        RETURNING id, run_id",
};
/// What may have been accepted keeps its reservation until a receipt settles it or none can come any more: leaving it is
/// not saying that it cost nothing.
const LEAVE: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = 'cancelled', end_reason = 'in_doubt', ended_at = $2,
            undelivered_at = r.value ->> 'undelivered_at'
        FROM r WHERE message.state = 'in_doubt' AND message.id = r.value ->> 'id'
        RETURNING message.id, message.run_id",
    postgres: "UPDATE message SET state = 'cancelled', end_reason = 'in_doubt', ended_at = $2, undelivered_at = r.undelivered_at
        FROM json_to_recordset($1::json) AS r (id bigint, undelivered_at bigint)
        WHERE message.state = 'in_doubt' AND message.id = r.id RETURNING message.id, message.run_id",
};
const VOUCH: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = 'accepted', accepted_at = COALESCE(message.accepted_at, message.claimed_at, $2),
            undelivered_at = r.value ->> 'undelivered_at', failure_detail = NULL
        FROM r WHERE message.state = 'in_doubt' AND message.id = r.value ->> 'id'
        RETURNING message.id, message.run_id",
    postgres:
        "UPDATE message SET state = 'accepted', accepted_at = COALESCE(message.accepted_at, message.claimed_at, $2),
            undelivered_at = r.undelivered_at, failure_detail = NULL
        FROM json_to_recordset($1::json) AS r (id bigint, undelivered_at bigint)
        WHERE message.state = 'in_doubt' AND message.id = r.id RETURNING message.id, message.run_id",
};
/// The order is written so that the few in doubt are found by their own index, not all messages walked by their ids.
const DOUBTS: &str =
    "SELECT m.id, m.run_id, m.campaign_id, COALESCE(c.title, '') AS campaign, m.row_no, m.recipient,
        COALESCE(NULLIF(m.name, ''), p.name, '') AS name, m.account, m.sender, m.attempt, m.claimed_at, m.conversation_id,
        CAST(CASE WHEN m.claimed_by = 'takeover' THEN 1 ELSE 0 END AS BIGINT) AS suspected,
        CASE WHEN m.run_id <> 0 THEN 'campaign' WHEN m.category <> 'service' THEN 'by_hand'
            WHEN m.author IN ('', 'automatic') OR m.author LIKE 'bot:%' THEN 'automatic' ELSE 'answer' END AS what
    FROM message AS m LEFT JOIN campaign AS c ON c.id = m.campaign_id LEFT JOIN person AS p ON p.id = m.person_id
    WHERE m.state = 'in_doubt' AND m.id + 0 > $1
        AND (CAST($2 AS BIGINT) IS NULL OR m.run_id = $2) AND (CAST($3 AS TEXT) IS NULL OR m.sender = $3)
    ORDER BY m.id + 0 LIMIT $4";
const IDS: &str = "SELECT m.id FROM message AS m WHERE m.state = 'in_doubt'
        AND (CAST($1 AS BIGINT) IS NULL OR m.run_id = $1) AND (CAST($2 AS TEXT) IS NULL OR m.sender = $2)
        AND (CAST($3 AS BIGINT) IS NULL OR COALESCE(m.doubt_at, 0) <= $3)
    ORDER BY m.id + 0";
const STAKES: Dialects = Dialects {
    sqlite: "SELECT m.id, m.run_id, m.account, m.sender, COALESCE(p.linked_to, p.id) AS person_id, m.claimed_at,
            CAST(CASE WHEN m.claimed_by = 'takeover' THEN 1 ELSE 0 END AS BIGINT) AS suspected,
            CAST(CASE WHEN m.run_id = 0 AND m.category = 'service' AND (m.author IN ('', 'automatic') OR m.author LIKE 'bot:%')
                THEN 1 ELSE 0 END AS BIGINT) AS automatic, m.market, m.currency, m.estimated
        FROM message AS m JOIN person AS p ON p.id = m.person_id
        WHERE m.state = 'in_doubt' AND m.id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT m.id, m.run_id, m.account, m.sender, COALESCE(p.linked_to, p.id) AS person_id, m.claimed_at,
            CAST(CASE WHEN m.claimed_by = 'takeover' THEN 1 ELSE 0 END AS BIGINT) AS suspected,
            CAST(CASE WHEN m.run_id = 0 AND m.category = 'service' AND (m.author IN ('', 'automatic') OR m.author LIKE 'bot:%')
                THEN 1 ELSE 0 END AS BIGINT) AS automatic, m.market, m.currency, m.estimated
        FROM message AS m JOIN person AS p ON p.id = m.person_id
        WHERE m.state = 'in_doubt'
            AND m.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};

/// The provider's id makes its receipts settle it.
const ADOPT: &str = "UPDATE message SET provider_id = $3
    WHERE id = $1 AND attempt = $2 AND state = 'in_doubt' AND provider_id IS NULL";
/// Whom a message is on its way to whose answer is not known.
const IN_FLIGHT: Dialects = Dialects {
    sqlite: "SELECT DISTINCT m.recipient FROM message AS m
        WHERE m.sender = $1 AND m.claimed_at >= $2 AND m.state IN ('claimed', 'in_doubt')
            AND m.recipient IN (SELECT r.value FROM json_each($3) AS r)
            AND m.id NOT IN (SELECT r.value FROM json_each($4) AS r)",
    postgres: "SELECT DISTINCT m.recipient FROM message AS m
        WHERE m.sender = $1 AND m.claimed_at >= $2 AND m.state IN ('claimed', 'in_doubt')
            AND m.recipient IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value))
            AND m.id NOT IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($4::json) AS r (value))",
};

/// Which doubts; nothing named: all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DoubtFilter {
    /// Of this run.
    pub run: Option<RunId>,
    /// Of this sender.
    pub sender: Option<String>,
}

/// A message whose request may have left.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Doubt {
    /// Its id.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The campaign's title; empty when it was sent by hand.
    pub campaign: String,
    /// Row of the audience.
    pub row_no: i64,
    /// International digits.
    pub recipient: String,
    /// Name: the row's, else what the person calls themselves.
    pub name: String,
    /// Account.
    pub account: String,
    /// Sender.
    pub sender: String,
    /// Which attempt.
    pub attempt: i64,
    /// When it was claimed.
    pub claimed_at: Option<UnixMs>,
    /// 1: it may have left from the store that this one is a copy of.
    pub suspected: i64,
    /// The conversation it answers in.
    pub conversation_id: Option<ConversationId>,
    /// What it is.
    pub what: What,
}

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum What {
    /// A campaign's, for a row of its audience.
    Campaign,
    /// A template that somebody sent by hand.
    ByHand,
    /// An agent's answer.
    Answer,
    /// An automatic answer, or a bot's.
    Automatic,
}

impl What {
    /// The word in API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::ByHand => "by_hand",
            Self::Answer => "answer",
            Self::Automatic => "automatic",
        }
    }
}

/// What sending a doubt again puts at stake, and what settling it needs.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Stake {
    /// The message.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its account.
    pub account: String,
    /// Its sender.
    pub sender: String,
    /// The person it is for, through links.
    pub person_id: PersonId,
    /// When it was claimed.
    pub claimed_at: Option<UnixMs>,
    /// 1: it may have left from the store that this one is a copy of.
    pub suspected: i64,
    /// 1: nobody of ours wrote it.
    pub automatic: i64,
    /// Billing market.
    pub market: String,
    /// Currency of the price.
    pub currency: String,
    /// The price it was planned with.
    pub estimated: Micros,
}

/// Until when a receipt of a doubt may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Life {
    /// The message.
    pub id: MessageId,
    /// Its time to live plus an hour.
    pub undelivered_at: UnixMs,
}

/// Messages in doubt with an id above `after`.
pub async fn doubts(store: &Store, which: &DoubtFilter, after: MessageId, limit: i64) -> Result<Vec<Doubt>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DOUBTS)
        .bind(after)
        .bind(which.run)
        .bind(&which.sender)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Every message in doubt of those; `as_of`: that was in doubt then already.
pub async fn doubt_ids(store: &Store, which: &DoubtFilter, as_of: Option<UnixMs>) -> Result<Vec<MessageId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(IDS)
        .bind(which.run)
        .bind(&which.sender)
        .bind(as_of)
        .fetch_all(pool)
        .await)?)
}

/// What is at stake with those of `ids` that are in doubt.
pub async fn stakes(store: &Store, ids: &[MessageId]) -> Result<Vec<Stake>> {
    let (sql, ids) = (STAKES.of(&store.write), crate::store::json(&ids));
    Ok(on!(&store.write, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await)?)
}

/// The rule of doubt says that these never left: they go back in line, unless another attempt turned out to have left.
/// Returns how many did.
pub async fn release_unsent(store: &Store, ids: &[MessageId], at: UnixMs) -> Result<u64> {
    let mut tx = store.begin().await?;
    let done = settle_doubt(store, &mut tx, (RELEASE_UNSENT, &crate::store::json(&ids)), at).await?;
    tx.commit().await?;
    Ok(done)
}

/// A person has these sent again, with the same exception. Returns how many go back in line.
pub async fn release_doubt(store: &Store, tx: &mut Tx, ids: &[MessageId], at: UnixMs) -> Result<u64> {
    settle_doubt(store, tx, (RELEASE, &crate::store::json(&ids)), at).await
}

/// A person leaves these as they are: nothing is sent again. Returns how many were in doubt.
pub async fn leave_doubt(store: &Store, tx: &mut Tx, lives: &[Life], at: UnixMs) -> Result<u64> {
    settle_doubt(store, tx, (LEAVE, &crate::store::json(&lives)), at).await
}

/// A person knows that these were sent: from now on receipts or the end of their life decide. Returns how many were in
/// doubt.
pub async fn vouch_doubt(store: &Store, tx: &mut Tx, lives: &[Life], at: UnixMs) -> Result<u64> {
    settle_doubt(store, tx, (VOUCH, &crate::store::json(&lives)), at).await
}

/// An attempt in doubt is the message that the provider calls `provider_id`. False: it is in doubt no more.
pub async fn adopt(store: &Store, id: MessageId, attempt: i64, provider_id: &str) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(ADOPT)
        .bind(id)
        .bind(attempt)
        .bind(provider_id)
        .execute(pool)
        .await?
        .rows_affected());
    Ok(done > 0)
}

/// Those of `recipients` to whom another message than `except` of `sender`, claimed since then, is on its way without
/// an answer.
pub async fn in_flight(
    store: &Store,
    sender: &str,
    since: UnixMs,
    (recipients, except): (&[&str], &[MessageId]),
) -> Result<BTreeSet<String>> {
    let (recipients, except) = (crate::store::json(&recipients), crate::store::json(&except));
    let sql = IN_FLIGHT.of(&store.write);
    let found: Vec<String> = on!(&store.write, |pool| sqlx::query_scalar(sql)
        .bind(sender)
        .bind(since)
        .bind(&recipients)
        .bind(&except)
        .fetch_all(pool)
        .await?);
    Ok(found.into_iter().collect())
}

async fn settle_doubt(store: &Store, tx: &mut Tx, (sql, list): (Dialects, &str), at: UnixMs) -> Result<u64> {
    let sql = sql.of_tx(tx);
    let changed: Vec<(MessageId, RunId)> =
        on_tx!(tx, |conn| sqlx::query_as(sql).bind(list).bind(at).fetch_all(conn).await)?;
    let done = changed.len() as u64;
    let ids: Vec<MessageId> = changed.iter().map(|(id, _)| *id).collect();
    place::refresh(store, tx, &ids, at).await?;
    let runs: BTreeSet<RunId> = changed.into_iter().map(|(_, run)| run).collect();
    run::reopen(tx, &runs.into_iter().collect::<Vec<_>>()).await?;
    Ok(done)
}
