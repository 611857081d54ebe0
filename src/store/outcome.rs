//! What replies decided. Every outcome is kept; the last one of a message counts.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, message, on, on_tx};
use crate::domain::id::{EntryId, MessageId, PersonId, RunId};
use crate::domain::time::UnixMs;

const ADD: &str = "INSERT INTO outcome (message_id, entry_id, outcome, certainty, set_by, at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const OF_MESSAGE: &str = "SELECT id, message_id, entry_id, outcome, certainty, set_by, at FROM outcome
    WHERE message_id = $1 ORDER BY id DESC";

const CURRENT: Dialects = Dialects {
    sqlite: "SELECT o.message_id, o.outcome FROM outcome AS o
             WHERE o.message_id IN (SELECT value FROM json_each($1))
                 AND o.id = (SELECT MAX(l.id) FROM outcome AS l WHERE l.message_id = o.message_id)",
    postgres: "SELECT o.message_id, o.outcome FROM outcome AS o
               WHERE o.message_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
                   AND o.id = (SELECT MAX(l.id) FROM outcome AS l WHERE l.message_id = o.message_id)",
};

const OF_PERSON: &str = "SELECT o.id, o.message_id, o.entry_id, o.outcome, o.certainty, o.set_by, o.at
    FROM outcome AS o JOIN message AS m ON m.id = o.message_id
    JOIN person AS p ON p.id = m.person_id
    WHERE p.id = $1 OR p.linked_to = $1 ORDER BY o.id DESC LIMIT $2";

const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM outcome";

const RUNS_SINCE: &str = "SELECT DISTINCT m.run_id FROM outcome AS o JOIN message AS m ON m.id = o.message_id
    WHERE o.id > $1 AND m.run_id <> 0";

/// PostgreSQL draws numbers before it commits: one so much lower than the newest may have come after it.
const LATE: i64 = 1_000;

/// The outcome after which nothing more is sent about an appointment.
const CANCELLED: &str = "cancelled";

/// How sure an attribution or an outcome is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Certainty {
    /// The reply quotes the message or taps its button.
    Certain,
    /// The only message it can be about.
    Likely,
    /// Several messages it can be about.
    Ambiguous,
    /// An agent said so.
    Set,
}

/// An outcome to keep.
#[derive(Clone, Debug)]
pub struct NewOutcome<'a> {
    /// Of which message.
    pub message: MessageId,
    /// The reply that decided it.
    pub entry: Option<EntryId>,
    /// The word: `confirmed`, `cancelled`, … .
    pub outcome: &'a str,
    /// How sure.
    pub certainty: Certainty,
    /// The agent who set it; empty when a reply did.
    pub set_by: &'a str,
    /// When.
    pub at: UnixMs,
}

/// A kept outcome.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize)]
pub struct Outcome {
    /// Its id; the highest of a message counts.
    pub id: i64,
    /// Of which message.
    pub message_id: MessageId,
    /// The reply that decided it.
    pub entry_id: Option<EntryId>,
    /// The word.
    pub outcome: String,
    /// How sure.
    pub certainty: Certainty,
    /// The agent who set it; empty when a reply did.
    pub set_by: String,
    /// When.
    pub at: UnixMs,
}

/// Keeps an outcome; it is the one that counts from now on. Whatever waits in a standing run about an appointment that is
/// cancelled is not sent.
pub async fn add(tx: &mut Tx, new: &NewOutcome<'_>) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(ADD)
        .bind(new.message)
        .bind(new.entry)
        .bind(new.outcome)
        .bind(new.certainty)
        .bind(new.set_by)
        .bind(new.at)
        .execute(c)
        .await
        .map(|_| ()))?;
    if new.outcome == CANCELLED {
        message::decline_like(tx, new.message, new.at).await?;
    }
    Ok(())
}

/// Every outcome of a message, the one that counts first.
pub async fn of_message(store: &Store, message: MessageId) -> Result<Vec<Outcome>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_MESSAGE).bind(message).fetch_all(pool).await?))
}

/// The outcome that counts, of each of `messages` that has one.
pub async fn current(store: &Store, messages: &[MessageId]) -> Result<Vec<(MessageId, String)>> {
    let (sql, ids) = (CURRENT.of(&store.read), json(messages));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await?))
}

/// The number of the newest outcome; 0: there is none.
pub async fn newest(store: &Store) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(NEWEST).fetch_one(pool).await?))
}

/// The runs of whose messages outcomes were kept since the one of number `before` was the newest, and perhaps shortly before.
pub async fn runs_since(store: &Store, before: i64) -> Result<Vec<RunId>> {
    let before = before.saturating_sub(LATE);
    Ok(on!(&store.read, |pool| sqlx::query_scalar(RUNS_SINCE).bind(before).fetch_all(pool).await?))
}

/// The last outcomes of the person for whom `root` stands.
pub async fn of_person(store: &Store, root: PersonId, limit: i64) -> Result<Vec<Outcome>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_PERSON).bind(root).bind(limit).fetch_all(pool).await?))
}
