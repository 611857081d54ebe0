//! Templates that are written and not submitted yet.

use serde::Serialize;
use sqlx::FromRow;

use crate::domain::template::draft::Draft;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, StoreError, json, on};

/// Writing one anew takes away what the provider said to the last.
const SAVE: &str = "INSERT INTO template_draft (account, name, language, draft, created_by, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account, name, language) DO UPDATE SET draft = excluded.draft, changed_at = excluded.changed_at,
        refusal = '' RETURNING id";
const REPLACE: &str = "UPDATE template_draft SET name = $2, language = $3, draft = $4, changed_at = $5, refusal = ''
    WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM template_draft AS d WHERE d.account = template_draft.account
        AND d.name = $2 AND d.language = $3 AND d.id <> $1)";
const GET: &str = "SELECT id, account, draft, created_by, changed_at, refusal FROM template_draft WHERE id = $1";
const ALL: &str = "SELECT id, account, draft, created_by, changed_at, refusal FROM template_draft
    ORDER BY account, name, language";
const DROP: &str = "DELETE FROM template_draft WHERE id = $1";
const REFUSED: &str = "UPDATE template_draft SET refusal = $2 WHERE id = $1";

/// A draft that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// The account it is for.
    pub account: String,
    /// What it says.
    pub draft: Draft,
    /// Who wrote it first.
    pub created_by: String,
    /// When it was changed last.
    pub changed_at: UnixMs,
    /// What the provider said to it when it was submitted; empty: it was not, or not since it was changed.
    pub refusal: String,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    account: String,
    draft: String,
    created_by: String,
    changed_at: UnixMs,
    refusal: String,
}

impl Row {
    fn kept(self) -> Result<Kept> {
        let Self { id, account, draft, created_by, changed_at, refusal } = self;
        let draft = serde_json::from_str(&draft).map_err(|_| StoreError::Corrupt { what: "template_draft.draft" })?;
        Ok(Kept { id, account, draft, created_by, changed_at, refusal })
    }
}

/// Keeps a draft; one of the same name and language is written over. Its number.
pub async fn save(store: &Store, account: &str, draft: &Draft, by: &str, at: UnixMs) -> Result<i64> {
    let text = json(draft);
    Ok(on!(&store.write, |pool| sqlx::query_scalar(SAVE)
        .bind(account)
        .bind(&draft.name)
        .bind(&draft.language)
        .bind(&text)
        .bind(by)
        .bind(at)
        .fetch_one(pool)
        .await)?)
}

/// Writes draft `id` anew, also under another name. False: there is none, or another draft has that name and language.
pub async fn replace(store: &Store, id: i64, draft: &Draft, at: UnixMs) -> Result<bool> {
    let text = json(draft);
    let done = on!(&store.write, |pool| sqlx::query(REPLACE)
        .bind(id)
        .bind(&draft.name)
        .bind(&draft.language)
        .bind(&text)
        .bind(at)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// The draft of that number.
pub async fn get(store: &Store, id: i64) -> Result<Option<Kept>> {
    let row: Option<Row> = on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?;
    row.map(Row::kept).transpose()
}

/// Every draft, by account, name and language.
pub async fn all(store: &Store) -> Result<Vec<Kept>> {
    let rows: Vec<Row> = on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
    rows.into_iter().map(Row::kept).collect()
}

/// Throws a draft away. False: there is none.
pub async fn throw_away(store: &Store, id: i64) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(DROP).bind(id).execute(pool).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Keeps what the provider said to a draft.
pub async fn refused(store: &Store, id: i64, said: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(REFUSED).bind(id).bind(said).execute(pool).await.map(drop))?;
    Ok(())
}
