//! What providers tell comes in any order and more than once (cloud-api.md 3.2): of several words on one subject the latest
//! by its own time counts, whenever it arrives. Kept here is how late the latest was; what it said is kept where it counts.

use super::{Result, Tx, on_tx};
use crate::domain::time::UnixMs;

/// Times may be told in whole seconds: of two within one the one that comes later counts.
const KEEP: &str = "INSERT INTO heard (subject, told_at) VALUES ($1, $2)
    ON CONFLICT (subject) DO UPDATE SET
        told_at = CASE WHEN heard.told_at > excluded.told_at THEN heard.told_at ELSE excluded.told_at END
    WHERE heard.told_at < excluded.told_at + 1000";
const IS_OLDER: &str = "SELECT COUNT(*) FROM heard WHERE subject = $1 AND told_at >= $2 + 1000";

/// Keeps that something was said of `subject`, as of `at`; false when it is older than what is known, and counts no more.
pub async fn keep(tx: &mut Tx, subject: &str, at: UnixMs) -> Result<bool> {
    let done =
        on_tx!(tx, |conn| sqlx::query(KEEP).bind(subject).bind(at).execute(conn).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Whether something later than `at` is known of `subject`.
pub async fn is_older(tx: &mut Tx, subject: &str, at: UnixMs) -> Result<bool> {
    let n: i64 = on_tx!(tx, |conn| sqlx::query_scalar(IS_OLDER).bind(subject).bind(at).fetch_one(conn).await)?;
    Ok(n > 0)
}
