//! What campaigns with a budget have spent. The claim goes by `budget.spent`, which is never below what is charged and
//! reserved by the messages' rows; it is counted anew when it touches the budget.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::id::{CampaignId, RunId};
use crate::domain::money::Micros;

/// Nothing is claimed until it is counted.
const OPEN: &str = "INSERT INTO budget (campaign_id, month, spent, counts) VALUES ($1, $2, $3, 0)
    ON CONFLICT (campaign_id) DO UPDATE SET month = $2, spent = $3, counts = budget.counts + 1 WHERE budget.month <> $2";
const GET: &str = "SELECT campaign_id, month, spent, counts FROM budget WHERE campaign_id = $1";
const LOCK: Dialects = Dialects {
    sqlite: "SELECT campaign_id, month, spent, counts FROM budget WHERE campaign_id = $1",
    postgres: "SELECT campaign_id, month, spent, counts FROM budget WHERE campaign_id = $1 FOR UPDATE",
};
const RUNS: &str = "SELECT id FROM run WHERE campaign_id = $1 ORDER BY id";
/// `$2` is the beginning of the days that count, with `%`.
const SPENT: &str = "SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT),
        CAST(COALESCE(SUM(CASE WHEN charged_day LIKE $2 THEN charged ELSE 0 END), 0) AS BIGINT)
    FROM message WHERE run_id = $1";
/// Whatever was spent since `spent` was read stays on top: it may be counted twice for a while, never not at all.
const RECOUNTED: &str = "UPDATE budget SET spent = spent + $4 - $5, counts = counts + 1
    WHERE campaign_id = $1 AND month = $2 AND counts = $3";
const MORE: &str = "UPDATE budget SET spent = spent + $2 WHERE campaign_id = $1";
const NEXT_PRICE: &str = "SELECT m.market, m.estimated FROM message AS m JOIN run AS r ON r.id = m.run_id
    WHERE m.state = 'queued' AND m.sender = r.sender AND m.priority = r.priority AND m.run_id = $1
    ORDER BY m.due_at LIMIT 1";
const CLOSE: &str = "DELETE FROM budget WHERE campaign_id = $1";

/// Above every budget, and far from the end of the numbers.
const UNKNOWN: i64 = i64::MAX / 4;

#[derive(Clone, Debug, FromRow)]
struct Row {
    month: String,
    spent: i64,
    counts: i64,
}

/// What a campaign has spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// Kept for what is under way.
    pub reserved: Micros,
    /// Charged, in the month where the budget is a monthly one.
    pub charged: Micros,
}

impl Spent {
    /// Both together.
    pub fn sum(self) -> Micros {
        self.reserved.plus(self.charged)
    }
}

/// What `campaign` has spent in `month` (empty: ever), added up from its messages run by run.
pub async fn spent(store: &Store, campaign: CampaignId, month: &str) -> Result<Spent> {
    let runs: Vec<RunId> = on!(&store.read, |pool| sqlx::query_scalar(RUNS).bind(campaign).fetch_all(pool).await)?;
    let (days, mut sum) = (format!("{month}%"), Spent::default());
    for run in runs {
        let (reserved, charged): (Micros, Micros) =
            on!(&store.read, |pool| sqlx::query_as(SPENT).bind(run).bind(&days).fetch_one(pool).await)?;
        sum = Spent { reserved: sum.reserved.plus(reserved), charged: sum.charged.plus(charged) };
    }
    Ok(sum)
}

/// Counts what `campaign` has spent anew, so that the claim knows of reservations that were let go; begins to keep it
/// where it is not kept yet, or not for this month.
pub async fn recount(store: &Store, campaign: CampaignId, month: &str) -> Result<Spent> {
    on!(&store.write, |pool| sqlx::query(OPEN).bind(campaign).bind(month).bind(UNKNOWN).execute(pool).await.map(drop))?;
    let before: Option<Row> = on!(&store.write, |pool| sqlx::query_as(GET).bind(campaign).fetch_optional(pool).await)?;
    let spent = spent(store, campaign, month).await?;
    if let Some(before) = before {
        on!(&store.write, |pool| sqlx::query(RECOUNTED)
            .bind(campaign)
            .bind(month)
            .bind(before.counts)
            .bind(spent.sum())
            .bind(before.spent)
            .execute(pool)
            .await
            .map(drop))?;
    }
    Ok(spent)
}

/// What the claim goes by; `None` where no budget is kept, or nothing is counted yet.
pub async fn at_most(store: &Store, campaign: CampaignId) -> Result<Option<Micros>> {
    let row: Option<Row> = on!(&store.read, |pool| sqlx::query_as(GET).bind(campaign).fetch_optional(pool).await)?;
    Ok(row.filter(|row| row.spent < UNKNOWN / 2).map(|row| Micros(row.spent)))
}

/// Market and estimate of the next message of `run`.
pub async fn next_price(store: &Store, run: RunId) -> Result<Option<(String, Micros)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(NEXT_PRICE).bind(run).fetch_optional(pool).await)?)
}

/// The campaign has no budget any more.
pub async fn close(store: &Store, campaign: CampaignId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(CLOSE).bind(campaign).execute(pool).await.map(drop))?;
    Ok(())
}

/// What the claim goes by, locked until the end of the unit of work; `None`: it has to be counted first.
pub(super) async fn lock(tx: &mut Tx, campaign: CampaignId, month: &str) -> Result<Option<Micros>> {
    let sql = LOCK.of_tx(tx);
    let row: Option<Row> = on_tx!(tx, |conn| sqlx::query_as(sql).bind(campaign).fetch_optional(conn).await)?;
    Ok(row.filter(|row| row.month == month && row.spent < UNKNOWN / 2).map(|row| Micros(row.spent)))
}

/// So much more was reserved, or charged without a reservation. Campaigns without a budget keep nothing.
pub async fn more(tx: &mut Tx, spent: &BTreeMap<CampaignId, Micros>) -> Result<()> {
    for (campaign, amount) in spent.iter().filter(|(_, amount)| amount.0 > 0) {
        on_tx!(tx, |conn| sqlx::query(MORE).bind(*campaign).bind(*amount).execute(conn).await.map(drop))?;
    }
    Ok(())
}

/// Whether a budget of `campaign` is kept.
pub async fn is_kept(tx: &mut Tx, campaign: CampaignId) -> Result<bool> {
    let row: Option<Row> = on_tx!(tx, |conn| sqlx::query_as(GET).bind(campaign).fetch_optional(conn).await)?;
    Ok(row.is_some())
}
