//! What alerts look at: what should have moved and has not.

use sqlx::FromRow;

use crate::domain::id::{CampaignId, MessageId, RunId, VersionId};
use crate::domain::kind::Priority;
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

const LAST_CLAIM: &str = "SELECT claimed_at FROM message WHERE sender = $1 AND claimed_at IS NOT NULL
    ORDER BY claimed_at DESC LIMIT 1";
const BY_HAND: &str = "SELECT id FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = 0
    AND due_at <= $3 ORDER BY due_at LIMIT 1";
const RUNS_DUE: &str = "SELECT r.id FROM run AS r WHERE r.sender = $1 AND r.state = 'running'
    AND EXISTS (SELECT 1 FROM message AS m WHERE m.state = 'queued' AND m.sender = r.sender AND m.priority = r.priority
        AND m.run_id = r.id AND m.due_at <= $2)
    ORDER BY r.id";
const UNREAD: &str =
    "SELECT r.id, r.campaign_id, c.name, '' AS definition FROM run AS r JOIN campaign AS c ON c.id = r.campaign_id
    WHERE r.state = 'planning' AND r.planned_rows = 0 AND r.started_at <= $1 ORDER BY r.id";
const UNSTARTED: &str = "SELECT v.id, v.campaign_id, c.name, v.definition, v.loaded_at, c.problem
    FROM version AS v JOIN campaign AS c ON c.id = v.campaign_id
    WHERE c.removed_at IS NULL AND v.loaded_at <= $1 AND v.approved_at IS NULL
        AND v.id = (SELECT l.id FROM version AS l WHERE l.campaign_id = c.id ORDER BY l.loaded_at DESC, l.id DESC LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.campaign_id = c.id AND r.state IN ('planning', 'running', 'paused'))
    ORDER BY c.id";
/// Whatever its state is called, it has been tried.
const BEGUN: &str =
    "SELECT COUNT(*) FROM (SELECT id FROM message WHERE run_id = $1 AND state IN ('claimed', 'accepted',
    'in_review', 'sent', 'delivered', 'read', 'undelivered', 'failed', 'in_doubt') LIMIT 1) AS m";
const LEFT_SINCE: &str = "SELECT id FROM run WHERE revision = 0 AND state IN ('running', 'closed')
    AND (sent_out_at IS NULL OR sent_out_at >= $1) ORDER BY id";
/// The latest version of a campaign whose standing run has taken up another.
const WAITING_FILES: &str = "SELECT v.id AS version, v.campaign_id AS campaign, c.name, v.audience_name AS file, v.loaded_at, r.id AS run,
        v.definition
    FROM run AS r JOIN campaign AS c ON c.id = r.campaign_id JOIN version AS v ON v.campaign_id = c.id
    WHERE c.removed_at IS NULL AND v.id <> r.version_id AND v.loaded_at <= $1
        AND r.id = (SELECT MAX(s.id) FROM run AS s WHERE s.campaign_id = c.id AND s.revision > 0 AND s.state <> 'cancelled')
        AND v.id = (SELECT l.id FROM version AS l WHERE l.campaign_id = c.id ORDER BY l.loaded_at DESC, l.id DESC LIMIT 1)
    ORDER BY c.id";
const RECEIPTS: &str = "SELECT COUNT(*) AS accepted, CAST(COALESCE(SUM(CASE WHEN sent_at IS NULL AND delivered_at IS NULL
            AND read_at IS NULL AND reviewed_at IS NULL AND failure_code IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT) AS told
    FROM (SELECT sent_at, delivered_at, read_at, reviewed_at, failure_code, accepted_at FROM message
        WHERE sender = $1 AND claimed_at IS NOT NULL AND claimed_at >= $2 AND claimed_at <= $3
        ORDER BY claimed_at DESC LIMIT 50) AS latest
    WHERE accepted_at IS NOT NULL";
const IN_DOUBT: &str = "SELECT DISTINCT run_id + 0 FROM message WHERE state = 'in_doubt'";
const OLD_DOUBTS: &str =
    "SELECT COUNT(*) FROM message WHERE state = 'in_doubt' AND run_id + 0 = $1 AND claimed_at <= $2";
const REFUSED: &str = "SELECT id, id AS campaign_id, name, problem AS definition FROM campaign
    WHERE removed_at IS NULL AND problem IS NOT NULL ORDER BY id";

/// Something of a campaign.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct OfCampaign {
    /// Its id.
    pub id: i64,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The campaign's name.
    pub name: String,
    /// Its text: of a version the campaign file, of a refusal what is wrong.
    pub definition: String,
}

/// A version that nobody has approved.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Unstarted {
    /// Its id.
    pub id: VersionId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The campaign's name.
    pub name: String,
    /// Its campaign file.
    pub definition: String,
    /// When it was loaded.
    pub loaded_at: UnixMs,
    /// What is wrong with the campaign's files, as it is kept with the campaign.
    pub problem: Option<String>,
}

/// A file that a standing run has not taken up.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct WaitingFile {
    /// Its version.
    pub version: VersionId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// The campaign's name.
    pub name: String,
    /// The name of the audience.
    pub file: String,
    /// When it came.
    pub loaded_at: UnixMs,
    /// The run that goes on without it.
    pub run: RunId,
    /// The campaign file of the version.
    pub definition: String,
}

/// Among the latest messages of a sender within a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct Receipts {
    /// Those the provider accepted.
    pub accepted: i64,
    /// Those of them it has told anything about since.
    pub told: i64,
}

/// When `sender` last claimed something.
pub async fn last_claim(store: &Store, sender: &str) -> Result<Option<UnixMs>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(LAST_CLAIM).bind(sender).fetch_optional(pool).await)?)
}

/// Files that came until `until` and that a standing run has not taken up.
pub async fn waiting_files(store: &Store, until: UnixMs) -> Result<Vec<WaitingFile>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(WAITING_FILES).bind(until).fetch_all(pool).await)?)
}

/// The oldest message by hand that has been due since `until`.
pub async fn by_hand_due(store: &Store, sender: &str, until: UnixMs) -> Result<Option<MessageId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(BY_HAND)
        .bind(sender)
        .bind(Priority::AGENT)
        .bind(until)
        .fetch_optional(pool)
        .await)?)
}

/// Running runs of `sender` with something due since `until`.
pub async fn runs_due(store: &Store, sender: &str, until: UnixMs) -> Result<Vec<RunId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(RUNS_DUE).bind(sender).bind(until).fetch_all(pool).await)?)
}

/// Runs started until then of which no row has been planned.
pub async fn unread_runs(store: &Store, until: UnixMs) -> Result<Vec<OfCampaign>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(UNREAD).bind(until).fetch_all(pool).await)?)
}

/// The latest versions of campaigns, loaded until then and not approved, with no other run in their way.
pub async fn unstarted_versions(store: &Store, until: UnixMs) -> Result<Vec<Unstarted>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(UNSTARTED).bind(until).fetch_all(pool).await)?)
}

/// Whether any message of `run` has been tried.
pub async fn has_begun(store: &Store, run: RunId) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(BEGUN).bind(run).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// Runs of one file that had something to send at `at` or later.
pub async fn runs_left_since(store: &Store, at: UnixMs) -> Result<Vec<RunId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(LEFT_SINCE).bind(at).fetch_all(pool).await)?)
}

/// The latest fifty messages that `sender` claimed between then and then.
pub async fn receipts(store: &Store, sender: &str, from: UnixMs, to: UnixMs) -> Result<Receipts> {
    Ok(on!(&store.read, |pool| sqlx::query_as(RECEIPTS).bind(sender).bind(from).bind(to).fetch_one(pool).await)?)
}

/// Runs with messages in doubt; 0: what was sent by hand.
pub async fn runs_in_doubt(store: &Store) -> Result<Vec<RunId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(IN_DOUBT).fetch_all(pool).await)?)
}

/// Messages in doubt of `run` that were claimed until then.
pub async fn old_doubts(store: &Store, run: RunId, until: UnixMs) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(OLD_DOUBTS).bind(run).bind(until).fetch_one(pool).await)?)
}

/// Campaigns whose files are refused as they lie there.
pub async fn refused(store: &Store) -> Result<Vec<OfCampaign>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(REFUSED).fetch_all(pool).await)?)
}
