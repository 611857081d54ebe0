//! What is Recado's own of a template: groups, and the default mapping of its variables. Also when it was edited, and the
//! mapping that a version was approved with.

use std::collections::BTreeMap;

use sqlx::FromRow;

use crate::domain::id::VersionId;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, StoreError, Tx, json, on, on_tx};

const SAVE: &str = "INSERT INTO template_own (account, name, language, groups, mapping, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account, name, language) DO UPDATE SET groups = excluded.groups, mapping = excluded.mapping,
        changed_at = excluded.changed_at";
const GET: &str = "SELECT name, language, groups, mapping FROM template_own
    WHERE account = $1 AND name = $2 AND language = $3";
const ALL: &str = "SELECT name, language, groups, mapping FROM template_own WHERE account = $1";
const EDITED: &str = "INSERT INTO template_edit (account, name, language, at) VALUES ($1, $2, $3, $4)";
const EDITS: &str =
    "SELECT at FROM template_edit WHERE account = $1 AND name = $2 AND language = $3 AND at > $4 ORDER BY at";
const APPROVED: &str = "INSERT INTO version_mapping (version_id, mapping) VALUES ($1, $2)
    ON CONFLICT (version_id) DO UPDATE SET mapping = excluded.mapping";
const OF_VERSION: &str = "SELECT mapping FROM version_mapping WHERE version_id = $1";

/// What is Recado's own of a template.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Own {
    /// Names of the groups it is in, sorted.
    pub groups: Vec<String>,
    /// Expression by parameter, as in `[variables]` of a campaign's file; `button.0` is the first button's.
    pub mapping: BTreeMap<String, String>,
}

#[derive(FromRow)]
struct Row {
    name: String,
    language: String,
    groups: String,
    mapping: String,
}

impl Row {
    fn own(&self) -> Result<Own> {
        let corrupt = |_| StoreError::Corrupt { what: "template_own" };
        Ok(Own {
            groups: serde_json::from_str(&self.groups).map_err(corrupt)?,
            mapping: serde_json::from_str(&self.mapping).map_err(corrupt)?,
        })
    }
}

/// Keeps it.
pub async fn save(store: &Store, (account, name, language): (&str, &str, &str), own: &Own, at: UnixMs) -> Result<()> {
    let (groups, mapping) = (json(&own.groups), json(&own.mapping));
    on!(&store.write, |pool| sqlx::query(SAVE)
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(&groups)
        .bind(&mapping)
        .bind(at)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// What is our own of one template; nothing where nobody set anything.
pub async fn get(store: &Store, account: &str, name: &str, language: &str) -> Result<Own> {
    let row: Option<Row> = on!(&store.read, |pool| sqlx::query_as(GET)
        .bind(account)
        .bind(name)
        .bind(language)
        .fetch_optional(pool)
        .await)?;
    row.map_or_else(|| Ok(Own::default()), |row| row.own())
}

/// What is our own of the templates of `account`, by name and language.
pub async fn all(store: &Store, account: &str) -> Result<BTreeMap<(String, String), Own>> {
    let rows: Vec<Row> = on!(&store.read, |pool| sqlx::query_as(ALL).bind(account).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|row| Ok((row.own()?, row)))
        .map(|r| r.map(|(own, row)| ((row.name, row.language), own)))
        .collect()
}

/// Notes that a template was edited.
pub async fn edited(tx: &mut Tx, (account, name, language): (&str, &str, &str), at: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(EDITED)
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// When a template was edited after `since`.
pub async fn edits(store: &Store, (account, name, language): (&str, &str, &str), since: UnixMs) -> Result<Vec<UnixMs>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(EDITS)
        .bind(account)
        .bind(name)
        .bind(language)
        .bind(since)
        .fetch_all(pool)
        .await)?)
}

/// Keeps what a version is approved with, so that planning goes by it whatever is set meanwhile.
pub async fn approve(store: &Store, version: VersionId, mapping: &BTreeMap<String, String>) -> Result<()> {
    let mapping = json(mapping);
    on!(&store.write, |pool| sqlx::query(APPROVED).bind(version).bind(&mapping).execute(pool).await.map(drop))?;
    Ok(())
}

/// What a version was approved with; nothing for one that was not.
pub async fn approved(store: &Store, version: VersionId) -> Result<BTreeMap<String, String>> {
    let text: Option<String> =
        on!(&store.read, |pool| sqlx::query_scalar(OF_VERSION).bind(version).fetch_optional(pool).await)?;
    let corrupt = |_| StoreError::Corrupt { what: "version_mapping.mapping" };
    text.map_or_else(|| Ok(BTreeMap::new()), |text| serde_json::from_str(&text).map_err(corrupt))
}
