//! The standing run of a campaign: one run, which each new file amends.

use super::Run;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, Tx, amendment, on, on_tx};

const OF: &str = "SELECT id, campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at,
        revision, planned_rows, rows_read, paused_by, paused_why, paused_at, resumed_at, cancelled_by, sent_out_at, closed_at
    FROM run WHERE campaign_id = $1 AND revision > 0 AND state <> 'cancelled' ORDER BY id DESC LIMIT 1";
/// One that is still taking up a file goes on with that first. A paused one stays paused and takes it up afterwards,
/// unless its first file was not planned to the end, or is to be planned again.
const AMEND: &str =
    "UPDATE run SET version_id = $2, state = CASE WHEN state = 'paused' THEN 'paused' ELSE 'planning' END,
        revision = revision + 1, planned_rows = 0, rows_read = NULL, sent_out_at = NULL, closed_at = NULL
    WHERE id = $1 AND revision = $3 AND state IN ('running', 'paused', 'closed')
        AND NOT (state = 'paused' AND revision = 1 AND rows_read IS NULL)";

/// The standing run of `campaign`, also one that waits for the next file; `None`: it has none, or a person ended it.
pub async fn of(store: &Store, campaign: CampaignId) -> Result<Option<Run>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(OF).bind(campaign).fetch_optional(pool).await)?)
}

/// Lets it take up `version`; false when it is just taking up another.
pub async fn amend(
    tx: &mut Tx,
    (id, revision): (RunId, i64),
    version: VersionId,
    at: UnixMs,
    by: &str,
) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(AMEND)
        .bind(id)
        .bind(version)
        .bind(revision)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done == 1 {
        amendment::begin(tx, (id, revision + 1), version, at, by).await?;
    }
    Ok(done == 1)
}
