//! Beginning a run.

use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Tx, amendment, on_tx};

/// Whoever else starts it waits here, and then sees the run: an insertion that is not committed is seen by nobody.
const LOCK: Dialects = Dialects {
    sqlite: "SELECT id FROM campaign WHERE id = $1",
    postgres: "SELECT id FROM campaign WHERE id = $1 FOR UPDATE",
};

/// A second open run of one campaign is never inserted, whoever else starts it at the same instant.
const INSERT: &str = "INSERT INTO run (campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at, revision)
    SELECT $1, $2, $3, $4, $5, $6, 'planning', $7, $8, $9, $10, $11
    WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.campaign_id = $1 AND r.state IN ('planning', 'running', 'paused'))
    RETURNING id";
/// A campaign that comes again does not wait for the last receipts of the time before.
const INSERT_NEXT: &str = "INSERT INTO run (campaign_id, version_id, kind, account, sender, priority, state, template, currency, starter, started_at, revision)
    SELECT $1, $2, $3, $4, $5, $6, 'planning', $7, $8, $9, $10, $11
    WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.campaign_id = $1
        AND (r.state IN ('planning', 'paused') OR (r.state = 'running' AND r.sent_out_at IS NULL)))
    RETURNING id";

/// A run to start.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Which version of it.
    pub version: VersionId,
    /// What it is for.
    pub kind: CampaignKind,
    /// Account it sends through.
    pub account: &'a str,
    /// Sender it sends from.
    pub sender: &'a str,
    /// Snapshot of the template, as JSON.
    pub template: &'a str,
    /// Currency of its messages' costs.
    pub currency: &'a str,
    /// Who starts it.
    pub starter: &'a str,
    /// When.
    pub at: UnixMs,
    /// Which other runs of the campaign it stands beside.
    pub sort: Sort,
}

/// How runs of a campaign follow one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// One for each file, after the one before has been closed.
    Once,
    /// One that each new file amends.
    Standing,
    /// One for each time of `every`, after the one before has been sent out.
    Recurring,
}

/// Begins a run in planning; `None` when the campaign has an open run.
pub async fn insert(tx: &mut Tx, new: &NewRun<'_>) -> Result<Option<RunId>> {
    let lock = LOCK.of_tx(tx);
    on_tx!(tx, |conn| sqlx::query(lock).bind(new.campaign).execute(conn).await.map(drop))?;
    let sql = if new.sort == Sort::Recurring { INSERT_NEXT } else { INSERT };
    let revision = i64::from(new.sort == Sort::Standing);
    let id: Option<RunId> = on_tx!(tx, |conn| sqlx::query_scalar(sql)
        .bind(new.campaign)
        .bind(new.version)
        .bind(new.kind)
        .bind(new.account)
        .bind(new.sender)
        .bind(new.kind.priority())
        .bind(new.template)
        .bind(new.currency)
        .bind(new.starter)
        .bind(new.at)
        .bind(revision)
        .fetch_optional(conn)
        .await)?;
    if let Some(id) = id.filter(|_| new.sort == Sort::Standing) {
        amendment::begin(tx, (id, revision), new.version, new.at, new.starter).await?;
    }
    Ok(id)
}
