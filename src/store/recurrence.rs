//! Campaigns that begin a run again and again: what runs, and when next.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{CampaignId, VersionId};
use crate::domain::time::UnixMs;

const SET: &str =
    "INSERT INTO recurrence (campaign_id, version_id, begun_by, begun_at, next_due_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (campaign_id) DO UPDATE SET version_id = excluded.version_id, begun_by = excluded.begun_by,
        begun_at = excluded.begun_at, next_due_at = excluded.next_due_at";
const DUE: &str = "SELECT campaign_id, version_id, begun_by, begun_at, next_due_at, last_due_at FROM recurrence
    WHERE next_due_at IS NOT NULL AND next_due_at <= $1 ORDER BY next_due_at, campaign_id";
const OF: &str = "SELECT campaign_id, version_id, begun_by, begun_at, next_due_at, last_due_at FROM recurrence
    WHERE campaign_id = $1";
const MOVE: &str =
    "UPDATE recurrence SET next_due_at = $3, last_due_at = $2 WHERE campaign_id = $1 AND next_due_at = $2";
const END: &str = "UPDATE recurrence SET next_due_at = NULL WHERE campaign_id = $1 AND next_due_at IS NOT NULL";

/// A campaign that comes again.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Recurrence {
    /// Which.
    pub campaign_id: CampaignId,
    /// What each of its runs sends.
    pub version_id: VersionId,
    /// Who let it begin.
    pub begun_by: String,
    /// When.
    pub begun_at: UnixMs,
    /// When the next run is due; `None`: it has ended.
    pub next_due_at: Option<UnixMs>,
    /// When the last one was.
    pub last_due_at: Option<UnixMs>,
}

/// From now on `version` runs, at `next` first.
pub async fn set(
    store: &Store,
    (campaign, version): (CampaignId, VersionId),
    by: &str,
    at: UnixMs,
    next: Option<UnixMs>,
) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET)
        .bind(campaign)
        .bind(version)
        .bind(by)
        .bind(at)
        .bind(next)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// Those whose time has come.
pub async fn due(store: &Store, now: UnixMs) -> Result<Vec<Recurrence>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(DUE).bind(now).fetch_all(pool).await)?)
}

/// Of `campaign`.
pub async fn of(store: &Store, campaign: CampaignId) -> Result<Option<Recurrence>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(OF).bind(campaign).fetch_optional(pool).await)?)
}

/// The run due at `due` is done with; false when somebody else was first.
pub async fn advance(tx: &mut Tx, campaign: CampaignId, due: UnixMs, next: Option<UnixMs>) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(MOVE)
        .bind(campaign)
        .bind(due)
        .bind(next)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// No more runs; false when there would have been none.
pub async fn end(store: &Store, campaign: CampaignId) -> Result<bool> {
    let done =
        on!(&store.write, |pool| sqlx::query(END).bind(campaign).execute(pool).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}
