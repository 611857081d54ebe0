//! Drafts: campaigns that are being put together on the page, a file and its audience before they are a version.

use sqlx::FromRow;

use super::idempotency::Once;
use super::{Result, Store, on, on_tx};
use crate::domain::id::{DraftId, RunId};
use crate::domain::time::UnixMs;

const ADD: &str =
    "INSERT INTO draft (name, definition, based_on, run_id, audience_name, audience_hash, created_by, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
const GET: &str = "SELECT id, name, definition, based_on, run_id, audience_name, audience_hash, created_by, changed_at
    FROM draft WHERE id = $1";
const SAVE: &str = "UPDATE draft SET definition = $2, changed_at = $3 WHERE id = $1";
const REBASE: &str = "UPDATE draft SET based_on = $2 WHERE id = $1";
const SET_AUDIENCE: &str =
    "UPDATE draft SET audience_name = $2, audience_hash = $3, definition = $4, changed_at = $5 WHERE id = $1";
const ADD_FILE: &str = "INSERT INTO draft_file (draft_id, name, hash) VALUES ($1, $2, $3)
    ON CONFLICT (draft_id, name) DO UPDATE SET hash = excluded.hash";
const FILES: &str = "SELECT name, hash FROM draft_file WHERE draft_id = $1 ORDER BY name";
const FORGET_FILES: &str =
    "DELETE FROM draft_file WHERE NOT EXISTS (SELECT 1 FROM draft AS d WHERE d.id = draft_file.draft_id)";
const DROP: &str = "DELETE FROM draft WHERE id = $1";
const FORGET: &str = "DELETE FROM draft WHERE changed_at < $1";
const LIST: &str = "SELECT id, name, definition, based_on, run_id, audience_name, audience_hash, created_by, changed_at
    FROM draft WHERE run_id IS NULL ORDER BY changed_at DESC, id DESC LIMIT 20";

/// A draft.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// The folder it is to become.
    pub name: String,
    /// The text of the campaign file so far.
    pub definition: String,
    /// The folder's campaign file as it lay when this was begun; `None`: there was none.
    pub based_on: Option<String>,
    /// The paused run that it is to correct.
    pub run_id: Option<RunId>,
    /// Name of the audience's file.
    pub audience_name: String,
    /// Where its bytes lie.
    pub audience_hash: String,
    /// Who began it.
    pub created_by: String,
    /// When it was last saved.
    pub changed_at: UnixMs,
}

/// A draft to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewDraft<'a> {
    /// The folder it is to become.
    pub name: &'a str,
    /// The text of the campaign file so far.
    pub definition: &'a str,
    /// The folder's campaign file as it lies there now.
    pub based_on: Option<&'a str>,
    /// The paused run that it is to correct.
    pub run: Option<RunId>,
    /// Name and hash of the audience.
    pub audience: (&'a str, &'a str),
    /// Who begins it.
    pub by: &'a str,
}

/// Keeps it, once under `once`; drafts that nobody touched since `forget` are dropped.
pub async fn add(store: &Store, new: &NewDraft<'_>, once: &Once, (at, forget): (UnixMs, UnixMs)) -> Result<DraftId> {
    on!(&store.write, |pool| sqlx::query(FORGET).bind(forget).execute(pool).await.map(drop))?;
    on!(&store.write, |pool| sqlx::query(FORGET_FILES).execute(pool).await.map(drop))?;
    let mut tx = store.begin().await?;
    let id: DraftId = on_tx!(&mut tx, |conn| sqlx::query_scalar(ADD)
        .bind(new.name)
        .bind(new.definition)
        .bind(new.based_on)
        .bind(new.run)
        .bind(new.audience.0)
        .bind(new.audience.1)
        .bind(new.by)
        .bind(at)
        .fetch_one(conn)
        .await)?;
    once.settle(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(id)
}

/// The draft `id`.
pub async fn get(store: &Store, id: DraftId) -> Result<Option<Draft>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}

/// Drafts of campaigns, the last touched first.
pub async fn list(store: &Store) -> Result<Vec<Draft>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).fetch_all(pool).await)?)
}

/// Keeps its campaign file.
pub async fn save(store: &Store, id: DraftId, definition: &str, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SAVE).bind(id).bind(definition).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// What lies in the folder now was looked at, and is to be written over.
pub async fn rebase(store: &Store, id: DraftId, based_on: Option<&str>) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(REBASE).bind(id).bind(based_on).execute(pool).await.map(drop))?;
    Ok(())
}

/// Gives it a file that its template shows, and the campaign file that names it.
pub async fn add_file(
    store: &Store,
    id: DraftId,
    (name, hash): (&str, &str),
    definition: &str,
    at: UnixMs,
) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(ADD_FILE).bind(id).bind(name).bind(hash).execute(pool).await.map(drop))?;
    save(store, id, definition, at).await
}

/// The files that its template shows, as they were brought: name and hash.
pub async fn files(store: &Store, id: DraftId) -> Result<Vec<(String, String)>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(FILES).bind(id).fetch_all(pool).await)?)
}

/// Gives it another audience, and the campaign file that names it.
pub async fn set_audience(store: &Store, id: DraftId, file: (&str, &str), definition: &str, at: UnixMs) -> Result<()> {
    let (name, hash) = file;
    on!(&store.write, |pool| sqlx::query(SET_AUDIENCE)
        .bind(id)
        .bind(name)
        .bind(hash)
        .bind(definition)
        .bind(at)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// It has become a version, or nobody wants it.
pub async fn remove(store: &Store, id: DraftId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(DROP).bind(id).execute(pool).await.map(drop))?;
    on!(&store.write, |pool| sqlx::query(FORGET_FILES).execute(pool).await.map(drop))?;
    Ok(())
}
