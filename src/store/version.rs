//! Versions of a campaign: one pair of `campaign.toml` and audience. The same content is one version, however often it
//! is loaded.

use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::id::{CampaignId, VersionId};
use crate::domain::time::UnixMs;

const INSERT: &str =
    "INSERT INTO version (campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (campaign_id, content_hash) DO NOTHING RETURNING id";
const BY_CONTENT: &str = "SELECT id FROM version WHERE campaign_id = $1 AND content_hash = $2";
const GET: &str = "SELECT id, campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by, approved_at, approved_by
    FROM version WHERE id = $1";
const LATEST: &str = "SELECT id, campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by, approved_at, approved_by
    FROM version WHERE campaign_id = $1 ORDER BY loaded_at DESC, id DESC LIMIT 1";
const LIST: &str = "SELECT id, campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by, approved_at, approved_by
    FROM version WHERE campaign_id = $1 ORDER BY loaded_at DESC, id DESC LIMIT $2";
const NUMBER: &str = "SELECT COUNT(*) FROM version WHERE campaign_id = $1 AND id <= $2";
const RELOADED: &str = "UPDATE version SET loaded_at = $2, loaded_by = $3 WHERE id = $1 AND approved_at IS NULL";
const APPROVE: &str = "UPDATE version SET approved_at = $2, approved_by = $3 WHERE id = $1";
const BRING_BACK: &str = "UPDATE version SET loaded_at = $2, loaded_by = $3 WHERE id = $1";
const USED: &str = "SELECT id, campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by, approved_at, approved_by
    FROM version WHERE campaign_id = $1 AND approved_at IS NOT NULL ORDER BY approved_at DESC, id DESC LIMIT 1";

const AUDIENCES: &str = "SELECT audience_hash, definition FROM version ORDER BY id";

/// A version.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The text of `campaign.toml`.
    pub definition: String,
    /// Name of the audience's file in the folder.
    pub audience_name: String,
    /// SHA-256 of the audience's bytes, in hex: its name under `audiences/` of the data directory.
    pub audience_hash: String,
    /// Hash over definition and cell values.
    pub content_hash: String,
    /// Hash over what the cells mean: by it the same people are known in another campaign.
    pub rows_hash: String,
    /// When it was seen.
    pub loaded_at: UnixMs,
    /// Who brought it.
    pub loaded_by: String,
    /// When it was started.
    pub approved_at: Option<UnixMs>,
    /// Who started it.
    pub approved_by: Option<String>,
}

/// A version to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// The text of `campaign.toml`.
    pub definition: &'a str,
    /// Name of the audience's file.
    pub audience_name: &'a str,
    /// SHA-256 of the audience's bytes, in hex.
    pub audience_hash: &'a str,
    /// Hash over definition and cell values.
    pub content_hash: &'a str,
    /// Hash over what the cells mean.
    pub rows_hash: &'a str,
    /// Who brings it.
    pub by: &'a str,
}

/// Keeps it. True: it is new; false: the same content is known as that version, which is the latest again.
pub async fn save(store: &Store, new: &NewVersion<'_>, at: UnixMs) -> Result<(VersionId, bool)> {
    let inserted: Option<VersionId> = on!(&store.write, |pool| sqlx::query_scalar(INSERT)
        .bind(new.campaign)
        .bind(new.definition)
        .bind(new.audience_name)
        .bind(new.audience_hash)
        .bind(new.content_hash)
        .bind(new.rows_hash)
        .bind(at)
        .bind(new.by)
        .fetch_optional(pool)
        .await)?;
    if let Some(id) = inserted {
        return Ok((id, true));
    }
    let id: VersionId = on!(&store.write, |pool| sqlx::query_scalar(BY_CONTENT)
        .bind(new.campaign)
        .bind(new.content_hash)
        .fetch_one(pool)
        .await)?;
    on!(&store.write, |pool| sqlx::query(RELOADED).bind(id).bind(at).bind(new.by).execute(pool).await.map(drop))?;
    Ok((id, false))
}

/// The version `id`.
pub async fn get(store: &Store, id: VersionId) -> Result<Option<Version>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}

/// Which of its campaign's versions it is, as people count: 1 for the first.
pub async fn number(store: &Store, campaign: CampaignId, version: VersionId) -> Result<i64> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(NUMBER).bind(campaign).bind(version).fetch_one(pool).await)?)
}

/// The version of `campaign` loaded last.
pub async fn latest(store: &Store, campaign: CampaignId) -> Result<Option<Version>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(LATEST).bind(campaign).fetch_optional(pool).await)?)
}

/// Versions of `campaign`, the last first.
pub async fn list(store: &Store, campaign: CampaignId, limit: i64) -> Result<Vec<Version>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).bind(campaign).bind(limit).fetch_all(pool).await)?)
}

/// A person (or the campaign's own rule) approved it by starting it.
pub async fn approve(store: &Store, id: VersionId, at: UnixMs, by: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(APPROVE).bind(id).bind(at).bind(by).execute(pool).await.map(drop))?;
    Ok(())
}

/// Content that came back after another: it is the latest again, also where it was approved before.
pub async fn bring_back(store: &Store, id: VersionId, at: UnixMs, by: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(BRING_BACK).bind(id).bind(at).bind(by).execute(pool).await.map(drop))?;
    Ok(())
}

/// The version of `campaign` that was approved last.
pub async fn used(store: &Store, campaign: CampaignId) -> Result<Option<Version>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(USED).bind(campaign).fetch_optional(pool).await)?)
}

/// Every audience that is kept, by its hash, with the definition that reads it.
pub async fn audiences(store: &Store) -> Result<Vec<(String, String)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(AUDIENCES).fetch_all(pool).await)?)
}
