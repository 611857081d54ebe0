//! API tokens: made once, shown once, stored as a hash.

use std::collections::BTreeSet;

use crate::domain::role::Role;
use crate::domain::time::UnixMs;

use super::secret::{Secret, hash_of};
use super::{Result, Store, Tx, on, on_tx};

/// What every token begins with, so that people and secret scanners recognise it.
pub const PREFIX: &str = "recado_";

const ADD: &str =
    "INSERT INTO api_token (name, token_hash, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
const FIND: &str = "SELECT id, name, role, created_at, expires_at, revoked_at FROM api_token \
                    WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2";
const ALL: &str = "SELECT id, name, role, created_at, expires_at, revoked_at FROM api_token ORDER BY id DESC";
const BOT: &str = "SELECT COUNT(*) FROM api_token WHERE name = $1 AND role = 'bot' AND revoked_at IS NULL";
const BOTS: &str = "SELECT DISTINCT name FROM api_token WHERE role = 'bot' AND revoked_at IS NULL ORDER BY name";
const REVOKE: &str = "UPDATE api_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

/// A token as listed; what it was is gone.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What its maker called it; the actor in the audit is `token:<name>`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it stops working.
    pub expires_at: UnixMs,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixMs>,
}

/// Makes a token and gives its number and what to send; the only time it can be seen.
pub async fn add(store: &Store, name: &str, role: Role, at: UnixMs, expires_at: UnixMs) -> Result<(i64, String)> {
    let token = Secret::draw(PREFIX);
    let id = on!(&store.write, |pool| {
        sqlx::query_scalar(ADD)
            .bind(name)
            .bind(&token.hash)
            .bind(role)
            .bind(at)
            .bind(expires_at)
            .fetch_one(pool)
            .await?
    });
    Ok((id, token.shown))
}

/// The token a request carries, while it is good.
pub async fn find(store: &Store, shown: &str, at: UnixMs) -> Result<Option<Token>> {
    let hash = hash_of(shown);
    Ok(on!(&store.read, |pool| sqlx::query_as(FIND).bind(&hash).bind(at).fetch_optional(pool).await?))
}

/// Every token, newest first.
pub async fn all(store: &Store) -> Result<Vec<Token>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await?))
}

/// Whether a bot has a token of that name. When one expires goes by people's time, not by the clock of conversations, and
/// is not asked here: what an expired bot leaves unanswered comes back to the agents.
pub async fn is_bot(tx: &mut Tx, name: &str) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(BOT).bind(name).fetch_one(c).await?);
    Ok(n > 0)
}

/// Names of the bots that have a token.
pub async fn bots(store: &Store) -> Result<BTreeSet<String>> {
    let names: Vec<String> = on!(&store.read, |pool| sqlx::query_scalar(BOTS).fetch_all(pool).await?);
    Ok(names.into_iter().collect())
}

/// Revokes a token at once; false when there is none of that number, or it already was.
pub async fn revoke(store: &Store, id: i64, at: UnixMs) -> Result<bool> {
    let changed = on!(&store.write, |pool| sqlx::query(REVOKE).bind(id).bind(at).execute(pool).await?.rows_affected());
    Ok(changed == 1)
}
