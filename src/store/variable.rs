//! Custom variables: texts that expressions may use in any mapping, set by people while the daemon runs.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::time::UnixMs;

const SET: &str = "INSERT INTO variable (name, value, changed_at, changed_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by";
const REMOVE: &str = "DELETE FROM variable WHERE name = $1";
const ALL: &str = "SELECT name, value, changed_at, changed_by FROM variable ORDER BY name";

/// A custom variable.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Variable {
    /// As expressions call it.
    pub name: String,
    /// Its text.
    pub value: String,
    /// When it was set last.
    pub changed_at: UnixMs,
    /// By whom.
    pub changed_by: String,
}

/// Sets one.
pub async fn set(store: &Store, name: &str, value: &str, by: &str, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET).bind(name).bind(value).bind(at).bind(by).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes one. False: there is none.
pub async fn remove(store: &Store, name: &str) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(REMOVE).bind(name).execute(pool).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Every one, by name.
pub async fn all(store: &Store) -> Result<Vec<Variable>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?)
}

/// Their texts by name.
pub async fn values(store: &Store) -> Result<BTreeMap<String, String>> {
    Ok(all(store).await?.into_iter().map(|v| (v.name, v.value)).collect())
}
