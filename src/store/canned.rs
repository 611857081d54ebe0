//! Canned answers: texts that agents put into their answers by a short code, for one team or for all.

use serde::Serialize;
use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::time::UnixMs;

const ADD: &str = "INSERT INTO canned (team, code, text, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (code, team) DO NOTHING RETURNING id";
const CHANGE: &str = "UPDATE canned SET team = $2, code = $3, text = $4, changed_at = $5, changed_by = $6
    WHERE id = $1 AND NOT EXISTS
        (SELECT 1 FROM canned AS o WHERE o.code = $3 AND o.team = $2 AND o.id <> $1)";
const REMOVE: &str = "DELETE FROM canned WHERE id = $1";
const GET: &str = "SELECT id, team, code, text, changed_at, changed_by FROM canned WHERE id = $1";
const ALL: &str = "SELECT id, team, code, text, changed_at, changed_by FROM canned ORDER BY code, team";

/// A canned answer.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Canned {
    /// Its id.
    pub id: i64,
    /// The team that has it; empty: everybody.
    pub team: String,
    /// What agents type after `/`.
    pub code: String,
    /// Its text, with `{{ … }}` for what is known and `[…]` for what the agent fills.
    pub text: String,
    /// When it was changed last.
    pub changed_at: UnixMs,
    /// By whom.
    pub changed_by: String,
}

/// A canned answer to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewCanned<'a> {
    /// The team that has it; empty: everybody.
    pub team: &'a str,
    /// What agents type after `/`.
    pub code: &'a str,
    /// Its text.
    pub text: &'a str,
    /// When.
    pub at: UnixMs,
    /// By whom.
    pub by: &'a str,
}

/// Adds one. `None`: the team has one of that code.
pub async fn add(store: &Store, new: NewCanned<'_>) -> Result<Option<i64>> {
    Ok(on!(&store.write, |pool| {
        sqlx::query_scalar(ADD)
            .bind(new.team)
            .bind(new.code)
            .bind(new.text)
            .bind(new.at)
            .bind(new.by)
            .fetch_optional(pool)
            .await?
    }))
}

/// Changes one. False: there is no such one, or the team has another of that code.
pub async fn change(store: &Store, id: i64, new: NewCanned<'_>) -> Result<bool> {
    let n = on!(&store.write, |pool| {
        let change = sqlx::query(CHANGE).bind(id).bind(new.team).bind(new.code).bind(new.text);
        change.bind(new.at).bind(new.by).execute(pool).await?.rows_affected()
    });
    Ok(n == 1)
}

/// Removes one. False: there is none.
pub async fn remove(store: &Store, id: i64) -> Result<bool> {
    Ok(on!(&store.write, |pool| sqlx::query(REMOVE).bind(id).execute(pool).await?.rows_affected()) == 1)
}

/// One.
pub async fn get(store: &Store, id: i64) -> Result<Option<Canned>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await?))
}

/// Every one, by code.
pub async fn all(store: &Store) -> Result<Vec<Canned>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await?))
}
