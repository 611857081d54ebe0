//! What became of the rows of a run, for the files that people get back.

use sqlx::FromRow;

use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const OF_RUN: &str =
    "SELECT m.id, m.row_no, m.external_id, m.recipient, m.name, m.state, m.end_reason, m.failure_code, m.happens_at,
        m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.cost_centre, m.currency, m.charged,
        (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome,
        (SELECT COUNT(*) FROM conversation AS c WHERE c.origin_message_id = m.id)
            + (SELECT COUNT(*) FROM unclear AS u WHERE u.message_id = m.id) AS conversations
    FROM message AS m WHERE m.run_id = $1 AND m.revision = $2 AND m.id > $3 ORDER BY m.id LIMIT $4";
/// By what they are about, the last of each: in a standing run a row may have had several messages.
const ALL_OF_RUN: &str =
    "SELECT m.id, m.row_no, m.external_id, m.recipient, m.name, m.state, m.end_reason, m.failure_code, m.happens_at,
        m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.cost_centre, m.currency, m.charged,
        (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome,
        (SELECT COUNT(*) FROM conversation AS c WHERE c.origin_message_id = m.id)
            + (SELECT COUNT(*) FROM unclear AS u WHERE u.message_id = m.id) AS conversations
    FROM message AS m WHERE m.run_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3";
const OF_DAY: &str =
    "SELECT m.id, m.row_no, m.external_id, m.recipient, m.name, m.state, m.end_reason, m.failure_code, m.happens_at,
        m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.cost_centre, m.currency, m.charged,
        (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome,
        (SELECT COUNT(*) FROM conversation AS c WHERE c.origin_message_id = m.id)
            + (SELECT COUNT(*) FROM unclear AS u WHERE u.message_id = m.id) AS conversations
    FROM message AS m
    WHERE m.run_id = $1 AND m.revision = $2 AND m.state <> 'queued'
        AND COALESCE(m.claimed_at, m.ended_at) >= $3 AND COALESCE(m.claimed_at, m.ended_at) < $4
        AND (m.row_no > $5 OR (m.row_no = $5 AND m.id > $6))
    ORDER BY m.row_no, m.id LIMIT $7";
const FILES_OF_DAY: &str = "SELECT DISTINCT m.run_id, m.revision FROM message AS m JOIN run AS r ON r.id = m.run_id
    WHERE r.campaign_id = $1 AND m.state <> 'queued'
        AND COALESCE(m.claimed_at, m.ended_at) >= $2 AND COALESCE(m.claimed_at, m.ended_at) < $3
    ORDER BY m.run_id, m.revision";
/// What a file about a run is written by: when this has not changed, neither has the file.
const PULSE: &str = "SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(charged), 0) AS BIGINT) AS charged,
        MAX(COALESCE(read_at, 0)) AS read_at, MAX(COALESCE(delivered_at, 0)) AS delivered_at,
        MAX(COALESCE(ended_at, 0)) AS ended_at, MAX(COALESCE(claimed_at, 0)) AS claimed_at,
        (SELECT MAX(o.id) FROM outcome AS o JOIN message AS k ON k.id = o.message_id WHERE k.run_id = $1) AS outcome,
        (SELECT COUNT(*) FROM conversation AS c WHERE c.run_id = $1) AS conversations,
        (SELECT COUNT(*) FROM unclear AS u WHERE u.run_id = $1) AS unclear
    FROM message WHERE run_id = $1";

/// A message, as its row's result.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Told {
    /// The message.
    pub id: MessageId,
    /// Its row; 1 is the first after the header.
    pub row_no: i64,
    /// The row's own id.
    pub external_id: Option<String>,
    /// Digits.
    pub recipient: String,
    /// The name in the row.
    pub name: String,
    /// How far it came.
    pub state: MessageState,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// The provider's code of the failure.
    pub failure_code: Option<i64>,
    /// When what it speaks of happens.
    pub happens_at: Option<UnixMs>,
    /// When the provider took it.
    pub accepted_at: Option<UnixMs>,
    /// When it was sent on.
    pub sent_at: Option<UnixMs>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
    /// Who pays.
    pub cost_centre: String,
    /// Currency of the amount.
    pub currency: String,
    /// What it cost.
    pub charged: Micros,
    /// What its last answer decided.
    pub outcome: Option<String>,
    /// Conversations it began, and replies that may be its answer.
    pub conversations: i64,
}

/// How a run stands, as far as its files show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct Pulse {
    messages: i64,
    charged: i64,
    read_at: Option<i64>,
    delivered_at: Option<i64>,
    ended_at: Option<i64>,
    claimed_at: Option<i64>,
    outcome: Option<i64>,
    conversations: i64,
    unclear: i64,
}

/// Messages of `run` that its file of `revision` (0: its only one) names, after the message `after`.
pub async fn of_run(store: &Store, (run, revision): (RunId, i64), after: MessageId, limit: i64) -> Result<Vec<Told>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_RUN)
        .bind(run)
        .bind(revision)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Every message of `run`, also those that its latest file does not name, after the message `after`.
pub async fn all_of_run(store: &Store, run: RunId, after: MessageId, limit: i64) -> Result<Vec<Told>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL_OF_RUN).bind(run).bind(after).bind(limit).fetch_all(pool).await)?)
}

/// A file that messages came from: a run, and the number of its file (0: its only one).
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct DayFile {
    /// Which run.
    pub run_id: RunId,
    /// Which of its files.
    pub revision: i64,
}

/// Files of `campaign` of which messages left, or ended without leaving, from `from` until before `until`.
pub async fn files_of_day(
    store: &Store,
    campaign: CampaignId,
    (from, until): (UnixMs, UnixMs),
) -> Result<Vec<DayFile>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(FILES_OF_DAY)
        .bind(campaign)
        .bind(from)
        .bind(until)
        .fetch_all(pool)
        .await)?)
}

/// Messages of a file that left, or ended without leaving, from `from` until before `until`, by row, after the row and the
/// message `after`.
pub async fn of_day(
    store: &Store,
    file: DayFile,
    (from, until): (UnixMs, UnixMs),
    (row, id): (i64, MessageId),
    limit: i64,
) -> Result<Vec<Told>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_DAY)
        .bind(file.run_id)
        .bind(file.revision)
        .bind(from)
        .bind(until)
        .bind(row)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// How `run` stands.
pub async fn pulse(store: &Store, run: RunId) -> Result<Pulse> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PULSE).bind(run).fetch_one(pool).await)?)
}
