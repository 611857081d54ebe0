//! The files that a version's template shows in its header and in its cards, where they lie in the campaign's folder.

use sqlx::FromRow;

use super::super::{Result, Store, on};
use crate::domain::id::VersionId;

const KEEP: &str = "INSERT INTO version_file (version_id, name, hash, mime_type) VALUES ($1, $2, $3, $4)
    ON CONFLICT (version_id, name) DO NOTHING";
const OF: &str = "SELECT name, hash, mime_type FROM version_file WHERE version_id = $1 ORDER BY name";

/// A file of a campaign's folder, as it lay there.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct VersionFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, in hex: its name under `media/` of the data directory.
    pub hash: String,
    /// What it is sent as.
    pub mime_type: String,
}

/// Keeps it.
pub async fn keep(store: &Store, version: VersionId, file: &VersionFile) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(KEEP)
        .bind(version)
        .bind(&file.name)
        .bind(&file.hash)
        .bind(&file.mime_type)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// The files of a version; none: its template shows none, or from links alone.
pub async fn of(store: &Store, version: VersionId) -> Result<Vec<VersionFile>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(OF).bind(version).fetch_all(pool).await)?)
}
