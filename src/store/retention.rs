//! What nobody needs any more goes, in small steps.

use std::time::Duration;

use super::{Result, Store, on};
use crate::domain::time::UnixMs;

const SESSIONS: &str = "DELETE FROM session WHERE expires_at < $1";
const LINKS: &str = "DELETE FROM sign_in_link WHERE expires_at < $1";
const KEYS: &str = "DELETE FROM idempotency WHERE created_at < $1";
const WEBHOOKS: &str = "DELETE FROM webhook WHERE id IN
    (SELECT id FROM webhook WHERE state = 'done' AND received_at < $1 ORDER BY id LIMIT 1000)";

/// A request is repeated within this or not at all.
const KEYS_FOR: Duration = Duration::from_hours(24);

/// Webhooks as they came in, for replay.
const WEBHOOKS_FOR: Duration = Duration::from_hours(10 * 24);

/// Removes expired sessions and sign-in links, old idempotency keys, and a step of old webhooks.
pub async fn sweep(store: &Store, now: UnixMs) -> Result<()> {
    let steps = [(SESSIONS, now), (LINKS, now), (KEYS, now.minus(KEYS_FOR)), (WEBHOOKS, now.minus(WEBHOOKS_FOR))];
    for (sql, before) in steps {
        on!(&store.write, |pool| sqlx::query(sql).bind(before).execute(pool).await.map(drop))?;
    }
    Ok(())
}
