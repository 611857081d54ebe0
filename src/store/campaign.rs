//! Campaigns: one per folder, found by its name.

use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::id::CampaignId;
use crate::domain::kind::CampaignKind;
use crate::domain::time::UnixMs;

const SAVE: &str = "INSERT INTO campaign (name, title, kind, sender, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (name) DO UPDATE SET title = excluded.title, kind = excluded.kind, sender = excluded.sender,
        problem = NULL, removed_at = NULL
    RETURNING id";
const SAVE_PROBLEM: &str = "INSERT INTO campaign (name, title, kind, sender, created_at, problem)
    VALUES ($1, $1, '', '', $2, $3)
    ON CONFLICT (name) DO UPDATE SET problem = excluded.problem, removed_at = NULL
    RETURNING id";
const CLEAR_PROBLEM: &str = "UPDATE campaign SET problem = NULL WHERE name = $1 AND problem = $2 RETURNING id";
const BY_NAME: &str =
    "SELECT id, name, title, kind, sender, created_at, problem, removed_at FROM campaign WHERE name = $1";
const GET: &str = "SELECT id, name, title, kind, sender, created_at, problem, removed_at FROM campaign WHERE id = $1";
const LIST: &str = "SELECT id, name, title, kind, sender, created_at, problem, removed_at FROM campaign
    ORDER BY removed_at IS NOT NULL, id DESC";
const REMOVE: &str = "UPDATE campaign SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL";

#[derive(FromRow)]
struct Row {
    id: CampaignId,
    name: String,
    title: String,
    kind: String,
    sender: String,
    created_at: UnixMs,
    problem: Option<String>,
    removed_at: Option<UnixMs>,
}

/// A campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its folder's name.
    pub name: String,
    /// What screens call it.
    pub title: String,
    /// What it is for; `None` while no version of its file could ever be read.
    pub kind: Option<CampaignKind>,
    /// Its sender; empty while no version of its file could ever be read.
    pub sender: String,
    /// Since when.
    pub created_at: UnixMs,
    /// What is wrong with the files as they lie there now: problems as JSON, for `locale::noted`.
    pub problem: Option<String>,
    /// When its folder was removed.
    pub removed_at: Option<UnixMs>,
}

impl From<Row> for Campaign {
    fn from(row: Row) -> Self {
        let kinds = [CampaignKind::Reminder, CampaignKind::ResumeContact, CampaignKind::Promotion];
        Self {
            id: row.id,
            name: row.name,
            title: row.title,
            kind: kinds.into_iter().find(|k| k.as_str() == row.kind),
            sender: row.sender,
            created_at: row.created_at,
            problem: row.problem,
            removed_at: row.removed_at,
        }
    }
}

/// What a campaign's file says about it.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Its folder's name.
    pub name: &'a str,
    /// What screens call it.
    pub title: &'a str,
    /// What it is for.
    pub kind: CampaignKind,
    /// Its sender.
    pub sender: &'a str,
}

/// Creates or renews a campaign whose files are good.
pub async fn save(store: &Store, campaign: &Described<'_>, at: UnixMs) -> Result<CampaignId> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(SAVE)
        .bind(campaign.name)
        .bind(campaign.title)
        .bind(campaign.kind)
        .bind(campaign.sender)
        .bind(at)
        .fetch_one(pool)
        .await)?)
}

/// Notes what is wrong with a campaign's files, problems as JSON; what was good before stays as it is.
pub async fn save_problem(store: &Store, name: &str, problem: &str, at: UnixMs) -> Result<CampaignId> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(SAVE_PROBLEM)
        .bind(name)
        .bind(at)
        .bind(problem)
        .fetch_one(pool)
        .await)?)
}

/// What was noted with a campaign is over; `None` when something else is noted by now.
pub async fn clear_problem(store: &Store, name: &str, problem: &str) -> Result<Option<CampaignId>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(CLEAR_PROBLEM).bind(name).bind(problem).fetch_optional(pool).await)?)
}

/// The campaign of folder `name`.
pub async fn by_name(store: &Store, name: &str) -> Result<Option<Campaign>> {
    let row: Option<Row> = on!(&store.write, |pool| sqlx::query_as(BY_NAME).bind(name).fetch_optional(pool).await)?;
    Ok(row.map(Campaign::from))
}

/// The campaign `id`.
pub async fn get(store: &Store, id: CampaignId) -> Result<Option<Campaign>> {
    let row: Option<Row> = on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?;
    Ok(row.map(Campaign::from))
}

/// Every campaign, newest first, removed ones last.
pub async fn list(store: &Store) -> Result<Vec<Campaign>> {
    let rows: Vec<Row> = on!(&store.read, |pool| sqlx::query_as(LIST).fetch_all(pool).await)?;
    Ok(rows.into_iter().map(Campaign::from).collect())
}

/// Its folder is gone; false when that was known.
pub async fn remove(store: &Store, id: CampaignId, at: UnixMs) -> Result<bool> {
    let done =
        on!(&store.write, |pool| sqlx::query(REMOVE).bind(id).bind(at).execute(pool).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}
