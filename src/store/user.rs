//! People who sign in.

use std::collections::BTreeSet;

use crate::domain::id::UserId;
use crate::domain::role::{Right, Role};
use crate::domain::time::UnixMs;

use super::{Result, Store, Tx, on, on_tx};

const ADD: &str = "INSERT INTO app_user (name, role, password_hash, language, created_at) VALUES ($1, $2, $3, '', $4) \
                   ON CONFLICT (name) DO NOTHING RETURNING id";
const ALL: &str = "SELECT id, name, role, language, capacity, created_at, disabled_at FROM app_user ORDER BY disabled_at IS NOT NULL, name";
const ROLES: &str = "SELECT name, role FROM app_user WHERE disabled_at IS NULL";
const BY_NAME: &str =
    "SELECT id, name, role, language, capacity, created_at, disabled_at FROM app_user WHERE name = $1";
const BY_ID: &str = "SELECT id, name, role, language, capacity, created_at, disabled_at FROM app_user WHERE id = $1";
const NAME: &str = "SELECT name FROM app_user WHERE id = $1";
const PASSWORD: &str = "SELECT password_hash FROM app_user WHERE id = $1 AND disabled_at IS NULL";
const SET_PASSWORD: &str = "UPDATE app_user SET password_hash = $2 WHERE id = $1";
const SET_ROLE: &str = "UPDATE app_user SET role = $2 WHERE id = $1";
const SET_CAPACITY: &str = "UPDATE app_user SET capacity = $2 WHERE id = $1";
const SET_LANGUAGE: &str = "UPDATE app_user SET language = $2 WHERE id = $1";
const TEST_NUMBER: &str = "SELECT test_number FROM app_user WHERE id = $1";
const SET_TEST_NUMBER: &str = "UPDATE app_user SET test_number = $2 WHERE id = $1";
const SOUND: &str = "SELECT sound FROM app_user WHERE id = $1";
const SET_SOUND: &str = "UPDATE app_user SET sound = $2 WHERE id = $1";
const DISABLE: &str = "UPDATE app_user SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
const ENABLE: &str = "UPDATE app_user SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
const OTHER_ADMINS: &str = "SELECT COUNT(*) FROM app_user WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1";
const END_SESSIONS: &str = "DELETE FROM session WHERE user_id = $1";
const END_LINKS: &str = "DELETE FROM sign_in_link WHERE user_id = $1";

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Unique name, as signed in with and shown in the audit.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// `en`, `es`, `pt`, or empty: what the browser asks for.
    pub language: String,
    /// How many conversations are given to them at most; `None`: as many as the configuration says.
    pub capacity: Option<i64>,
    /// When they were added.
    pub created_at: UnixMs,
    /// When they were shut out, if they are.
    pub disabled_at: Option<UnixMs>,
}

/// Names are 1 to 60 characters of letters, digits, space, `.`, `_`, `-` and `@`.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '@');
    !name.is_empty() && name.chars().count() <= 60 && name.chars().all(fits) && name.trim() == name
}

/// Names of those who can sign in and whose role answers people.
pub async fn answering(store: &Store) -> Result<BTreeSet<String>> {
    let all: Vec<(String, Role)> = on!(&store.read, |pool| sqlx::query_as(ROLES).fetch_all(pool).await)?;
    Ok(all.into_iter().filter(|(_, role)| role.may(Right::Converse)).map(|(name, _)| name).collect())
}

/// The number of one's own that tests went to last, as it was typed.
pub async fn test_number(store: &Store, id: UserId) -> Result<Option<String>> {
    let found: Option<Option<String>> =
        on!(&store.read, |pool| sqlx::query_scalar(TEST_NUMBER).bind(id).fetch_optional(pool).await)?;
    Ok(found.flatten())
}

/// Keeps the number that a test went to.
pub async fn set_test_number(store: &Store, id: UserId, number: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_TEST_NUMBER).bind(id).bind(number).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether the inbox makes a sound for them when something arrives.
pub async fn sound(store: &Store, id: UserId) -> Result<bool> {
    let found: Option<i64> = on!(&store.read, |pool| sqlx::query_scalar(SOUND).bind(id).fetch_optional(pool).await?);
    Ok(found == Some(1))
}

/// Turns that sound on or off.
pub async fn set_sound(store: &Store, id: UserId, on: bool) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_SOUND).bind(id).bind(i64::from(on)).execute(pool).await.map(drop))?;
    Ok(())
}

/// Adds a user; `None` when the name is taken. Without a password hash only a sign-in link lets them in.
pub async fn add(
    store: &Store,
    name: &str,
    role: Role,
    password_hash: Option<&str>,
    at: UnixMs,
) -> Result<Option<UserId>> {
    Ok(on!(&store.write, |pool| {
        sqlx::query_scalar(ADD).bind(name).bind(role).bind(password_hash).bind(at).fetch_optional(pool).await?
    }))
}

/// Everybody, those shut out last.
pub async fn all(store: &Store) -> Result<Vec<User>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await?))
}

/// The user of that name.
pub async fn by_name(store: &Store, name: &str) -> Result<Option<User>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(BY_NAME).bind(name).fetch_optional(pool).await?))
}

/// The user of that id.
pub async fn by_id(store: &Store, id: UserId) -> Result<Option<User>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await?))
}

/// The name of a user, as the unit of work sees it.
pub async fn name_in(tx: &mut Tx, id: UserId) -> Result<Option<String>> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(NAME).bind(id).fetch_optional(c).await?))
}

/// The hash of the password of a user who is not shut out and has one.
pub async fn password_hash(store: &Store, id: UserId) -> Result<Option<String>> {
    let found: Option<Option<String>> =
        on!(&store.write, |pool| sqlx::query_scalar(PASSWORD).bind(id).fetch_optional(pool).await?);
    Ok(found.flatten())
}

/// Sets the password's hash and ends every session and link of the user.
pub async fn set_password(store: &Store, id: UserId, hash: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_PASSWORD).bind(id).bind(hash).execute(pool).await.map(|_| ()))?;
    end_sessions(store, id).await
}

/// Changes what the user may do, from their next request on.
pub async fn set_role(store: &Store, id: UserId, role: Role) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_ROLE).bind(id).bind(role).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// Sets how many conversations are given to the user at most; `None`: as many as the configuration says.
pub async fn set_capacity(store: &Store, id: UserId, capacity: Option<i64>) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_CAPACITY).bind(id).bind(capacity).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// Sets the language of the screens; empty follows the browser.
pub async fn set_language(store: &Store, id: UserId, language: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_LANGUAGE).bind(id).bind(language).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// Shuts the user out at once; false when they already were.
pub async fn disable(store: &Store, id: UserId, at: UnixMs) -> Result<bool> {
    let changed = on!(&store.write, |pool| sqlx::query(DISABLE).bind(id).bind(at).execute(pool).await?.rows_affected());
    end_sessions(store, id).await?;
    Ok(changed == 1)
}

/// Lets the user in again; false when they were not shut out.
pub async fn enable(store: &Store, id: UserId) -> Result<bool> {
    let changed = on!(&store.write, |pool| sqlx::query(ENABLE).bind(id).execute(pool).await?.rows_affected());
    Ok(changed == 1)
}

/// True when nobody else could manage users after `id` is gone.
pub async fn is_last_admin(store: &Store, id: UserId) -> Result<bool> {
    let others: i64 = on!(&store.write, |pool| sqlx::query_scalar(OTHER_ADMINS).bind(id).fetch_one(pool).await?);
    Ok(others == 0)
}

async fn end_sessions(store: &Store, id: UserId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(END_SESSIONS).bind(id).execute(pool).await.map(|_| ()))?;
    on!(&store.write, |pool| sqlx::query(END_LINKS).bind(id).execute(pool).await.map(|_| ()))?;
    Ok(())
}
