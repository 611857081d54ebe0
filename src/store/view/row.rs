//! The rows of a run, as messages, behind each of its counts.

use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::outcome;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

use super::like::anywhere;

const ANY: &str = "
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure,
           (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome
    FROM message AS m
    WHERE m.run_id = $1 AND m.id > $2
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";
const IN_STATE: &str = "
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure,
           (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome
    FROM message AS m
    WHERE m.run_id = $1 AND m.state = $5 AND m.id > $2
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";
const WITH_FAILURE: &str = "
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure,
           (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome
    FROM message AS m
    WHERE m.run_id = $1 AND m.state = 'failed' AND COALESCE(m.failure_code, 0) = $5 AND m.id > $2
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";
const WITH_OUTCOME: &str = "
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id, o.outcome,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure
    FROM message AS m JOIN outcome AS o ON o.message_id = m.id
    WHERE m.run_id = $1 AND m.id > $2 AND o.outcome = $5
      AND o.id = (SELECT MAX(l.id) FROM outcome AS l WHERE l.message_id = m.id)
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";

/// As `tally` counts them.
const NO_ANSWER: &str = "
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure,
           (SELECT o.outcome FROM outcome AS o WHERE o.message_id = m.id ORDER BY o.id DESC LIMIT 1) AS outcome
    FROM message AS m
    WHERE m.run_id = $1 AND m.id > $2 AND m.state IN ('delivered', 'read')
      AND NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.message_id = m.id)
      AND m.id NOT IN (SELECT c.origin_message_id FROM conversation AS c
                       WHERE c.run_id = $1 AND c.origin_message_id IS NOT NULL)
      AND m.id NOT IN (SELECT u.message_id FROM unclear AS u WHERE u.run_id = $1)
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";
/// As `tally` counts them. `$5`: 1, the person waits for somebody; 0, nobody waits any more.
const ANSWERED: &str = "
    WITH answer AS (
        SELECT c.origin_message_id AS id, c.state, c.waiting_since FROM conversation AS c
            WHERE c.run_id = $1 AND c.origin_message_id IS NOT NULL
        UNION ALL SELECT u.message_id, c.state, c.waiting_since FROM unclear AS u
            JOIN conversation AS c ON c.id = u.conversation_id WHERE u.run_id = $1)
    SELECT m.id, m.row_no, m.person_id, m.recipient, m.name, m.state, m.due_at, m.waiting_for, m.end_reason, m.ended_at,
           m.claimed_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.external_id,
           m.cost_centre, m.currency, m.estimated, m.charged, m.provider_id,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id) AS earlier,
           (SELECT COUNT(*) FROM attempt AS a WHERE a.message_id = m.id AND a.released_by = 'rule') AS resent_unsure,
           CAST(NULL AS TEXT) AS outcome
    FROM message AS m
    WHERE m.run_id = $1 AND m.id > $2 AND m.id IN (SELECT a.id FROM answer AS a GROUP BY a.id
          HAVING MAX(CASE WHEN a.state = 'open' AND a.waiting_since IS NOT NULL THEN 1 ELSE 0 END) = $5)
      AND NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.message_id = m.id)
      AND ($3 = '' OR m.recipient LIKE $3 ESCAPE '!' OR LOWER(m.name) LIKE $3 ESCAPE '!' OR m.external_id LIKE $3 ESCAPE '!')
    ORDER BY m.id LIMIT $4";

/// One message of a run.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RunRow {
    /// Its id.
    pub id: MessageId,
    /// Its row in the audience; 1 is the first after the header.
    pub row_no: i64,
    /// For whom.
    pub person_id: PersonId,
    /// The number it goes to, digits.
    pub recipient: String,
    /// The name in its row.
    pub name: String,
    /// Where it is.
    pub state: MessageState,
    /// When it is or was due.
    pub due_at: UnixMs,
    /// The gate it waits for.
    pub waiting_for: Option<String>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Tries before the latest.
    pub earlier: i64,
    /// When its latest try began.
    pub claimed_at: Option<UnixMs>,
    /// When the provider took it.
    pub accepted_at: Option<UnixMs>,
    /// When it left the provider.
    pub sent_at: Option<UnixMs>,
    /// When it arrived.
    pub delivered_at: Option<UnixMs>,
    /// When it was read.
    pub read_at: Option<UnixMs>,
    /// The provider's code of its failure.
    pub failure_code: Option<i64>,
    /// The row's own id.
    pub external_id: Option<String>,
    /// Who pays.
    pub cost_centre: String,
    /// Currency of the amounts.
    pub currency: String,
    /// What it may cost at most.
    pub estimated: Micros,
    /// What it cost.
    pub charged: Micros,
    /// The provider's id of the latest try.
    pub provider_id: Option<String>,
    /// Tries opened because the one before certainly never left, though its answer never came.
    pub resent_unsure: i64,
    /// What its person's last reply decided.
    pub outcome: Option<String>,
}

impl RunRow {
    /// Tries so far: requests that were made, or may have been. What a gate stopped made none.
    pub fn tries(&self) -> i64 {
        self.earlier + i64::from(was_tried(self.state, self.end_reason.as_deref(), self.failure_code))
    }
}

/// Whether a request of the latest attempt was made, or may have been, and is not among the earlier ones.
pub fn was_tried(state: MessageState, end_reason: Option<&str>, failure_code: Option<i64>) -> bool {
    use MessageState as S;
    match state {
        // Turned away or released: it is counted among the earlier ones when the next begins.
        S::Queued => end_reason.is_some(),
        S::Excluded | S::Expired => failure_code.is_some(),
        S::Cancelled => end_reason.is_some() || failure_code.is_some(),
        S::Claimed
        | S::Accepted
        | S::InReview
        | S::Sent
        | S::Delivered
        | S::Read
        | S::Failed
        | S::Undelivered
        | S::InDoubt => true,
    }
}

/// Which rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowFilter {
    /// All.
    Any,
    /// Those in a state.
    State(MessageState),
    /// Those that failed with a code (0: none was given).
    Failure(i64),
    /// Those whose last outcome is this.
    Outcome(String),
    /// Those that were reached, and nobody has answered.
    NoAnswer,
    /// Those answered without an outcome.
    Answered {
        /// Whether the person waits for somebody.
        waits: bool,
    },
}

impl RowFilter {
    /// Those with an outcome, or with one of the words that stand where there is none.
    pub fn answered(word: &str) -> Self {
        match word {
            outcome::NO_ANSWER => Self::NoAnswer,
            outcome::TO_BE_READ => Self::Answered { waits: true },
            outcome::ANSWERED => Self::Answered { waits: false },
            word => Self::Outcome(word.to_owned()),
        }
    }
}

/// A page of rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowQuery {
    /// Which rows.
    pub filter: RowFilter,
    /// Part of a number, a name or a row's id; empty for all.
    pub search: String,
    /// Only rows after this message.
    pub after: MessageId,
    /// At most so many.
    pub limit: i64,
}

/// The rows of `run` in the order of their messages.
pub async fn page(store: &Store, run: RunId, query: &RowQuery) -> Result<Vec<RunRow>> {
    let like = anywhere(&query.search);
    let (after, limit) = (query.after, query.limit);
    Ok(on!(&store.read, |pool| {
        match &query.filter {
            RowFilter::Any => sqlx::query_as(ANY).bind(run).bind(after).bind(&like).bind(limit).fetch_all(pool).await?,
            RowFilter::State(state) => {
                let select = sqlx::query_as(IN_STATE).bind(run).bind(after).bind(&like).bind(limit);
                select.bind(*state).fetch_all(pool).await?
            }
            RowFilter::Failure(code) => {
                let select = sqlx::query_as(WITH_FAILURE).bind(run).bind(after).bind(&like).bind(limit);
                select.bind(*code).fetch_all(pool).await?
            }
            RowFilter::Outcome(outcome) => {
                let select = sqlx::query_as(WITH_OUTCOME).bind(run).bind(after).bind(&like).bind(limit);
                select.bind(outcome).fetch_all(pool).await?
            }
            RowFilter::NoAnswer => {
                sqlx::query_as(NO_ANSWER).bind(run).bind(after).bind(&like).bind(limit).fetch_all(pool).await?
            }
            RowFilter::Answered { waits } => {
                let select = sqlx::query_as(ANSWERED).bind(run).bind(after).bind(&like).bind(limit);
                select.bind(i32::from(*waits)).fetch_all(pool).await?
            }
        }
    }))
}
