//! The list of campaigns.

use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

use super::like::anywhere;

const LIST: &str = "
    SELECT c.id, c.name, c.title, NULLIF(c.kind, '') AS kind, c.sender, c.problem, c.created_at, c.removed_at,
           (SELECT MAX(v.id) FROM version AS v WHERE v.campaign_id = c.id) AS version_id,
           (SELECT MAX(r.id) FROM run AS r WHERE r.campaign_id = c.id) AS run_id
    FROM campaign AS c
    WHERE c.id < $1
      AND (c.removed_at IS NULL OR EXISTS (SELECT 1 FROM run AS r WHERE r.campaign_id = c.id
            AND ($2 <> '' OR r.state IN ('planning', 'running', 'paused'))))
      AND ($2 = '' OR LOWER(c.title) LIKE $2 ESCAPE '!' OR c.name LIKE $2 ESCAPE '!')
    ORDER BY c.id DESC LIMIT $3";
const TITLES: &str = "SELECT id, title FROM campaign";

/// One campaign of the list.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CampaignLine {
    /// Its id.
    pub id: CampaignId,
    /// Its folder's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for; unknown while its file cannot be read.
    pub kind: Option<CampaignKind>,
    /// Name of the sender.
    pub sender: String,
    /// What is wrong with its file, if something is: problems as JSON, for `locale::noted`.
    pub problem: Option<String>,
    /// When it was first loaded.
    pub created_at: UnixMs,
    /// When its folder was removed.
    pub removed_at: Option<UnixMs>,
    /// Its latest version.
    pub version_id: Option<VersionId>,
    /// Its latest run.
    pub run_id: Option<RunId>,
}

/// At most `limit` campaigns (of removed ones those with an open run, or, where something is searched for, with any) whose title or name holds `search`, newest first, older than `before`.
pub async fn list(store: &Store, before: i64, search: &str, limit: i64) -> Result<Vec<CampaignLine>> {
    let like = anywhere(search);
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).bind(before).bind(&like).bind(limit).fetch_all(pool).await?))
}

/// The title of every campaign there ever was.
pub async fn titles(store: &Store) -> Result<Vec<(CampaignId, String)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(TITLES).fetch_all(pool).await?))
}
