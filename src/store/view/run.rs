//! Runs of every campaign.

use crate::domain::id::{CampaignId, RunId};
use crate::store::{Result, Store, on};

const LIST: &str = "
    SELECT r.id FROM run AS r
    WHERE r.id < $1 AND ($2 = 0 OR r.campaign_id = $2)
      AND ($3 = 0 OR r.state IN ('planning', 'running', 'paused'))
    ORDER BY r.id DESC LIMIT $4";

/// Which runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunQuery {
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only those that are planning, running or paused.
    pub open: bool,
}

/// At most `limit` runs with an id below `before`, newest first.
pub async fn list(store: &Store, query: &RunQuery, before: i64, limit: i64) -> Result<Vec<RunId>> {
    let (open, campaign) = (i64::from(query.open), query.campaign.unwrap_or_default());
    Ok(on!(&store.read, |pool| {
        sqlx::query_scalar(LIST).bind(before).bind(campaign).bind(open).bind(limit).fetch_all(pool).await?
    }))
}
