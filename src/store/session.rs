//! Sessions of the pages, and links that sign in once. Both are stored as hashes of what the browser holds.

use std::time::Duration;

use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::domain::time::UnixMs;

use super::secret::{Secret, hash_of};
use super::{Result, Store, on};

/// A session ends this long after it began, whatever happens in it.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);
/// A sign-in link is good for this long.
pub const LINK_LIFE: Duration = Duration::from_hours(24);

const BEGIN: &str =
    "INSERT INTO session (token_hash, user_id, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
const FIND: &str = "SELECT u.id AS user_id, u.name, u.role, u.language, s.csrf, s.expires_at \
                    FROM session AS s JOIN app_user AS u ON u.id = s.user_id \
                    WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL";
const COUNT: &str = "SELECT COUNT(*) FROM session";
const END: &str = "DELETE FROM session WHERE token_hash = $1";
const SWEEP: &str = "DELETE FROM session WHERE expires_at <= $1";
const SWEEP_LINKS: &str = "DELETE FROM sign_in_link WHERE expires_at <= $1";
const ADD_LINK: &str = "INSERT INTO sign_in_link (token_hash, user_id, expires_at) VALUES ($1, $2, $3)";
const LINK_IS_GOOD: &str = "SELECT u.name FROM sign_in_link AS l JOIN app_user AS u ON u.id = l.user_id \
                            WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND u.disabled_at IS NULL";
const USE_LINK: &str = "UPDATE sign_in_link SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL \
                        AND expires_at > $2 AND user_id IN (SELECT id FROM app_user WHERE disabled_at IS NULL) \
                        RETURNING user_id";

/// Who a session belongs to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// The user.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// What they may do now, not when they signed in.
    pub role: Role,
    /// Their language, or empty.
    pub language: String,
    /// What every form of the session carries.
    pub csrf: String,
    /// When it ends.
    pub expires_at: UnixMs,
}

/// Begins a session and gives the cookie's value.
pub async fn begin(store: &Store, user: UserId, at: UnixMs) -> Result<String> {
    let cookie = Secret::draw("");
    let csrf = Secret::draw("").shown;
    let ends = at.plus(SESSION_LIFE);
    on!(&store.write, |pool| {
        sqlx::query(SWEEP).bind(at).execute(pool).await?;
        sqlx::query(SWEEP_LINKS).bind(at).execute(pool).await?;
        sqlx::query(BEGIN).bind(&cookie.hash).bind(user).bind(&csrf).bind(at).bind(ends).execute(pool).await?;
    });
    Ok(cookie.shown)
}

/// The session of a cookie, while it lasts and its user is not shut out.
pub async fn find(store: &Store, cookie: &str, at: UnixMs) -> Result<Option<Session>> {
    let hash = hash_of(cookie);
    Ok(on!(&store.read, |pool| sqlx::query_as(FIND).bind(&hash).bind(at).fetch_optional(pool).await?))
}

/// Sessions that exist, expired ones that have not been swept included.
pub async fn count(store: &Store) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(COUNT).fetch_one(pool).await?))
}

/// Ends the session of a cookie.
pub async fn end(store: &Store, cookie: &str) -> Result<()> {
    let hash = hash_of(cookie);
    on!(&store.write, |pool| sqlx::query(END).bind(&hash).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// Makes a link's token for `user`.
pub async fn add_link(store: &Store, user: UserId, at: UnixMs) -> Result<String> {
    let token = Secret::draw("");
    let ends = at.plus(LINK_LIFE);
    on!(&store.write, |pool| {
        sqlx::query(ADD_LINK).bind(&token.hash).bind(user).bind(ends).execute(pool).await.map(|_| ())
    })?;
    Ok(token.shown)
}

/// The name of the user a link would sign in; looking does not use it up, so that a mail program's preview is harmless.
pub async fn look_at_link(store: &Store, token: &str, at: UnixMs) -> Result<Option<String>> {
    let hash = hash_of(token);
    Ok(on!(&store.write, |pool| sqlx::query_scalar(LINK_IS_GOOD).bind(&hash).bind(at).fetch_optional(pool).await?))
}

/// Uses a link up; `None` when it was used, has expired or never was.
pub async fn use_link(store: &Store, token: &str, at: UnixMs) -> Result<Option<UserId>> {
    let hash = hash_of(token);
    Ok(on!(&store.write, |pool| sqlx::query_scalar(USE_LINK).bind(&hash).bind(at).fetch_optional(pool).await?))
}
