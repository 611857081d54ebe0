//! The daemon's figures for metrics and readiness.

use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on, webhook};

const BY_STATE: &str = "SELECT state, COUNT(*) AS n FROM message GROUP BY state";
const DUE: &str = "SELECT COUNT(*) FROM message WHERE state = 'queued' AND due_at <= $1";
const HOLDS: &str = "SELECT COUNT(*) FROM hold WHERE lifted_at IS NULL";
const CONVERSATIONS: &str = "SELECT COUNT(*) FROM conversation WHERE state = 'open' AND waiting_since IS NOT NULL";
const ANSWERS: &str = "SELECT 1";

/// The figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Messages by state; states without messages are left out.
    pub messages: Vec<(MessageState, i64)>,
    /// In line and due.
    pub due: i64,
    /// Webhooks stored and not yet read.
    pub webhooks_waiting: i64,
    /// Holds in force.
    pub holds: i64,
    /// Conversations that wait for somebody.
    pub conversations_waiting: i64,
}

/// Takes the pulse.
pub async fn take(store: &Store, now: UnixMs) -> Result<Pulse> {
    Ok(on!(&store.read, |pool| Pulse {
        messages: sqlx::query_as(BY_STATE).fetch_all(pool).await?,
        due: sqlx::query_scalar(DUE).bind(now).fetch_one(pool).await?,
        webhooks_waiting: webhook::backlog(store).await?.count,
        holds: sqlx::query_scalar::<_, i64>(HOLDS).fetch_one(pool).await? + i64::from(store.full_since().is_some()),
        conversations_waiting: sqlx::query_scalar(CONVERSATIONS).fetch_one(pool).await?,
    }))
}

/// Whether the store answers, on the way in that writes.
pub async fn answers(store: &Store) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(ANSWERS).execute(pool).await.map(|_| ()))?;
    Ok(())
}
