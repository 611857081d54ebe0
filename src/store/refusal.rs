//! What came to the webhook of an account and did not prove to be its provider's, since the last that did.

use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::time::UnixMs;

const ADD: &str = "INSERT INTO webhook_refusal (account, why, n, since_at, last_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account) DO UPDATE SET why = excluded.why, n = webhook_refusal.n + excluded.n, last_at = excluded.last_at";
const FORGET: &str = "DELETE FROM webhook_refusal WHERE account = $1";
const ALL: &str = "SELECT account, why, n, since_at, last_at FROM webhook_refusal ORDER BY account";

/// The refusals of one account.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Refusals {
    /// Whose webhook.
    pub account: String,
    /// What the last of them did not bring: `signature`, `secret`, `header` or `address`.
    pub why: String,
    /// How many.
    pub n: i64,
    /// Since when.
    pub since_at: UnixMs,
    /// The last of them.
    pub last_at: UnixMs,
}

/// Adds some to those that are known.
pub async fn add(store: &Store, more: &Refusals) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(ADD)
        .bind(&more.account)
        .bind(&more.why)
        .bind(more.n)
        .bind(more.since_at)
        .bind(more.last_at)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// One has been taken: what was refused before is over.
pub async fn forget(store: &Store, account: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET).bind(account).execute(pool).await.map(drop))?;
    Ok(())
}

/// Those of every account.
pub async fn all(store: &Store) -> Result<Vec<Refusals>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?)
}
