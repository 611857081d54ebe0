//! What others are told: who listens, what happened, and how telling it stands.
//!
//! Events are written by triggers of the database, in the unit of work in which something happened (see the end of the
//! migration): twenty statements change states, and none of them can forget to tell. Where nobody listens to a kind of
//! event, none is written.

pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod facts;
pub mod wish;

use std::time::Duration;

use super::{Result, Store, chatwoot, on};
use crate::domain::time::UnixMs;

/// With its event a delivery goes.
const OLD: &str = "DELETE FROM outgoing_event WHERE id IN
    (SELECT id FROM outgoing_event WHERE gathered_at IS NOT NULL AND gathered_at < $1 ORDER BY gathered_at LIMIT 1000)";

/// What was told can be told again for so long.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Removes a step of old events and their deliveries.
pub(super) async fn sweep(store: &Store, now: UnixMs) -> Result<()> {
    chatwoot::sweep(store, now.minus(KEPT_FOR)).await?;
    on!(&store.write, |pool| sqlx::query(OLD).bind(now.minus(KEPT_FOR)).execute(pool).await.map(drop))?;
    Ok(())
}
