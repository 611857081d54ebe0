//! What people did with a message beside answering it: they opened one of its links.

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;

const KEEP: &str = "INSERT INTO click (message_id, run_id, action, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (message_id, action) DO NOTHING";
const OF_RUN: &str = "SELECT COUNT(DISTINCT message_id) FROM click WHERE run_id = $1";
/// The latest template that `$1`'s person got from sender `$2` between `$3` and `$4`.
const LATEST: &str = "SELECT m.id, m.run_id FROM message AS m WHERE m.person_id = $1 AND m.sender = $2
    AND m.state IN ('accepted', 'in_review', 'sent', 'delivered', 'read', 'in_doubt')
    AND m.claimed_at > $3 AND m.claimed_at <= $4 AND m.test_of IS NULL ORDER BY m.claimed_at DESC, m.id DESC LIMIT 1";

/// Keeps that somebody opened a link of a message; each action once.
pub async fn keep(tx: &mut Tx, (message, run): (MessageId, RunId), action: &str, at: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(KEEP).bind(message).bind(run).bind(action).bind(at).execute(conn).await.map(drop))?;
    Ok(())
}

/// The message that `person` can have acted on.
pub async fn latest(
    tx: &mut Tx,
    (person, sender): (crate::domain::id::PersonId, &str),
    (from, to): (UnixMs, UnixMs),
) -> Result<Option<(MessageId, RunId)>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(LATEST)
        .bind(person)
        .bind(sender)
        .bind(from)
        .bind(to)
        .fetch_optional(conn)
        .await)?)
}

/// Messages of a run of which a link was opened.
pub async fn of_run(store: &Store, run: RunId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(OF_RUN).bind(run).fetch_one(pool).await)?)
}
