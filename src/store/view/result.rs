//! What became of the rows of a run, for the files that people get back.

use sqlx::FromRow;

use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on};

/// What [`Told`] reads, and where from.
macro_rules! told {
    ($from:literal) => {
        concat!(
            "SELECT m.id, m.row_no, m.external_id, m.recipient, m.name, m.state, m.end_reason, m.failure_code, m.happens_at,
                m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.cost_centre, m.currency, m.charged,
                m.first_id, m.first_revision, m.revision,
                (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome,
                (SELECT MAX(o.id) FROM outcome AS o WHERE o.message_id = m.id) AS answer,
                (SELECT COUNT(*) FROM conversation AS c WHERE c.origin_message_id = m.id)
                    + (SELECT COUNT(*) FROM unclear AS u WHERE u.message_id = m.id) AS conversations,
                (SELECT COUNT(*) FROM conversation AS c WHERE c.state = 'open' AND c.waiting_since IS NOT NULL
                    AND (c.origin_message_id = m.id
                        OR c.id IN (SELECT u.conversation_id FROM unclear AS u WHERE u.message_id = m.id))) AS waiting
            ",
            $from
        )
    };
}

/// Walks the run's own index from where the page before ended, so that no page costs more the longer the run is. In a
/// standing run a row may have had several messages: those that an earlier file named last have a lower revision.
const OF_RUN: &str =
    told!("FROM message AS m WHERE m.run_id = $1 AND m.id > $2 AND m.revision >= $3 ORDER BY m.id LIMIT $4");
const BY_ID: Dialects = Dialects {
    sqlite: told!("FROM message AS m WHERE m.id IN (SELECT r.value FROM json_each($1) AS r) ORDER BY m.id"),
    postgres: told!(
        "FROM message AS m
    WHERE m.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value)) ORDER BY m.id"
    ),
};
/// Whatever there is for rows with these ids; the campaign's index of ids finds them (the `+` keeps SQLite from walking the
/// run).
const BY_EXTERNAL_ID: Dialects = Dialects {
    sqlite: told!(
        "FROM message AS m WHERE m.campaign_id = $1 AND +m.run_id = $2
        AND m.external_id IN (SELECT r.value FROM json_each($3) AS r) ORDER BY m.id"
    ),
    postgres: told!(
        "FROM message AS m WHERE m.campaign_id = $1 AND +m.run_id = $2
        AND m.external_id IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value)) ORDER BY m.id"
    ),
};
/// Where the rows of a file are, without what is told of them.
const PLACES: &str = "SELECT m.id, m.row_no, m.revision FROM message AS m
    WHERE m.run_id = $1 AND m.id > $2 AND m.revision = $3 ORDER BY m.id LIMIT $4";
const PLACES_OF_DAY: &str = "SELECT m.id, m.row_no, m.revision FROM message AS m
    WHERE m.run_id = $1 AND m.id > $2 AND m.state <> 'queued'
        AND COALESCE(m.claimed_at, m.ended_at) >= $3 AND COALESCE(m.claimed_at, m.ended_at) < $4
    ORDER BY m.id LIMIT $5";
/// A run that was closed before can have let nothing go since.
const RUNS_BETWEEN: &str = "SELECT id FROM run
    WHERE campaign_id = $1 AND started_at < $3 AND (closed_at IS NULL OR closed_at >= $2) ORDER BY id";
/// What a file about a run is written by: when this has not changed, neither has the file.
const PULSE: &str = "SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(charged), 0) AS BIGINT) AS charged,
        MAX(COALESCE(read_at, 0)) AS read_at, MAX(COALESCE(delivered_at, 0)) AS delivered_at,
        MAX(COALESCE(ended_at, 0)) AS ended_at, MAX(COALESCE(claimed_at, 0)) AS claimed_at,
        (SELECT MAX(o.id) FROM outcome AS o JOIN message AS k ON k.id = o.message_id WHERE k.run_id = $1) AS outcome,
        (SELECT COUNT(*) FROM conversation AS c WHERE c.run_id = $1) AS conversations,
        (SELECT COUNT(*) FROM unclear AS u WHERE u.run_id = $1) AS unclear,
        (SELECT CAST(COALESCE(SUM(c.id), 0) AS BIGINT) FROM conversation AS c
            WHERE c.state = 'open' AND c.waiting_since IS NOT NULL AND (c.run_id = $1
                OR c.id IN (SELECT u.conversation_id FROM unclear AS u WHERE u.run_id = $1))) AS waiting
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
    /// The id that its row had when it was planned, where it has another by now.
    pub first_id: Option<String>,
    /// The file that it was planned with, by its revision of the run.
    pub first_revision: i64,
    /// The file that named it last.
    pub revision: i64,
    /// What its last answer decided.
    pub outcome: Option<String>,
    /// The number of that answer: a later one is higher.
    pub answer: Option<i64>,
    /// Conversations it began, and replies that may be its answer.
    pub conversations: i64,
    /// Of these, how many wait for somebody.
    pub waiting: i64,
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
    waiting: i64,
}

/// Messages of `run` that its file of `revision` or a later one names last (0: all of them), after the message `after`.
pub async fn of_run(store: &Store, (run, revision): (RunId, i64), after: MessageId, limit: i64) -> Result<Vec<Told>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_RUN)
        .bind(run)
        .bind(after)
        .bind(revision)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// These messages, in the order of their ids.
pub async fn by_ids(store: &Store, ids: &[MessageId]) -> Result<Vec<Told>> {
    let (sql, ids) = (BY_ID.of(&store.read), crate::store::json(&ids));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await)?)
}

/// Messages of `run` for rows with these ids, in the order of their numbers.
pub async fn by_external_ids(store: &Store, (campaign, run): (CampaignId, RunId), ids: &[&str]) -> Result<Vec<Told>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (BY_EXTERNAL_ID.of(&store.read), crate::store::json(&ids));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(campaign).bind(run).bind(&ids).fetch_all(pool).await)?)
}

/// Where a message's row stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, FromRow)]
pub struct Place {
    /// The file of its run that named it last (0: the only one).
    pub revision: i64,
    /// The row in that file.
    pub row_no: i64,
    /// The message.
    pub id: MessageId,
}

/// Where the rows of the file of `revision` are, after the message `after`.
pub async fn places(store: &Store, (run, revision): (RunId, i64), after: MessageId, limit: i64) -> Result<Vec<Place>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PLACES)
        .bind(run)
        .bind(after)
        .bind(revision)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The same of messages of `run` that left, or ended without leaving, from `from` until before `until`.
pub async fn places_of_day(
    store: &Store,
    run: RunId,
    (from, until): (UnixMs, UnixMs),
    after: MessageId,
    limit: i64,
) -> Result<Vec<Place>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PLACES_OF_DAY)
        .bind(run)
        .bind(after)
        .bind(from)
        .bind(until)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Runs of `campaign` of which something may have left or ended from `from` until before `until`.
pub async fn runs_between(store: &Store, campaign: CampaignId, (from, until): (UnixMs, UnixMs)) -> Result<Vec<RunId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(RUNS_BETWEEN)
        .bind(campaign)
        .bind(from)
        .bind(until)
        .fetch_all(pool)
        .await)?)
}

/// How `run` stands.
pub async fn pulse(store: &Store, run: RunId) -> Result<Pulse> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PULSE).bind(run).fetch_one(pool).await)?)
}
