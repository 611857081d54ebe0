//! What messages cost, added up from their rows; a sum never crosses currencies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Result, Store, on};
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;

/// One statement for every choice of keys: `$1` lists them between commas, and a key that is not listed is the same for
/// all rows. A row counts as charged by its day, else as under way by its due time.
const REPORT: &str = "
    SELECT k.campaign, k.title, k.cost_centre, k.account, k.sender, k.market, k.category, k.day, k.currency,
           CAST(SUM(k.charged_one) AS BIGINT) AS messages, CAST(SUM(k.free_one) AS BIGINT) AS free,
           CAST(SUM(1 - k.charged_one) AS BIGINT) AS open, CAST(SUM(k.estimated) AS BIGINT) AS estimated,
           CAST(SUM(k.reserved) AS BIGINT) AS reserved, CAST(SUM(k.charged) AS BIGINT) AS charged
    FROM (
        SELECT CASE WHEN $1 LIKE '%,campaign,%' THEN CASE WHEN m.test_of IS NULL THEN COALESCE(c.name, '')
                    ELSE 'test:' || COALESCE(t.name, '') END ELSE '' END AS campaign,
               CASE WHEN $1 LIKE '%,campaign,%' THEN COALESCE(c.title, t.title, '') ELSE '' END AS title,
               CASE WHEN $1 LIKE '%,cost_centre,%' THEN m.cost_centre ELSE '' END AS cost_centre,
               CASE WHEN $1 LIKE '%,account,%' THEN m.account ELSE '' END AS account,
               CASE WHEN $1 LIKE '%,sender,%' THEN m.sender ELSE '' END AS sender,
               CASE WHEN $1 LIKE '%,market,%' THEN m.market ELSE '' END AS market,
               CASE WHEN $1 LIKE '%,category,%' THEN COALESCE(m.charged_as, m.category) ELSE '' END AS category,
               CASE WHEN $1 LIKE '%,day,%' THEN COALESCE(m.charged_day, '') ELSE '' END AS day,
               m.currency AS currency, m.reserved AS reserved, m.charged AS charged,
               CASE WHEN m.charged_day IS NULL THEN m.estimated ELSE 0 END AS estimated,
               CASE WHEN m.charged_day IS NULL THEN 0 ELSE 1 END AS charged_one,
               CASE WHEN m.charged_day IS NOT NULL AND m.charged = 0 THEN 1 ELSE 0 END AS free_one
        FROM message AS m LEFT JOIN campaign AS c ON c.id = m.campaign_id
            LEFT JOIN campaign AS t ON t.id = m.test_of
        WHERE (m.charged_day >= $2 AND m.charged_day < $3)
           OR (m.charged_day IS NULL AND m.due_at >= $4 AND m.due_at < $5
               AND m.state IN ('queued', 'claimed', 'accepted', 'in_review', 'sent', 'in_doubt'))
    ) AS k
    GROUP BY k.campaign, k.title, k.cost_centre, k.account, k.sender, k.market, k.category, k.day, k.currency";

/// What a report is broken down by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostKey {
    /// Name of the campaign, `test:` before it for rows that people sent to themselves; empty for messages sent by hand
    /// and agents' answers.
    Campaign,
    /// Who pays.
    CostCentre,
    /// The account.
    Account,
    /// The sender.
    Sender,
    /// The person's market.
    Market,
    /// What it was charged as, or will be.
    Category,
    /// The day of the charge in the account's zone; empty for what is under way.
    Day,
}

impl CostKey {
    /// Every key.
    pub const ALL: [Self; 7] =
        [Self::Campaign, Self::CostCentre, Self::Account, Self::Sender, Self::Market, Self::Category, Self::Day];

    /// The word on the command line, in API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::CostCentre => "cost_centre",
            Self::Account => "account",
            Self::Sender => "sender",
            Self::Market => "market",
            Self::Category => "category",
            Self::Day => "day",
        }
    }

    /// The key of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// What to add up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CostQuery {
    /// Broken down by these, in this order.
    pub by: Vec<CostKey>,
    /// First day of charges, as `2026-11-01`: days of each account's zone.
    pub from_day: String,
    /// The day after the last.
    pub before_day: String,
    /// What is under way counts when due from here …
    pub from_at: UnixMs,
    /// … and before this.
    pub before_at: UnixMs,
}

/// One line of a report: all messages of the same keys and currency.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CostLine {
    /// A value for each key of the query, in its order.
    pub keys: Vec<String>,
    /// The campaign's title, where the query asks for the campaign.
    pub title: String,
    /// ISO 4217.
    pub currency: String,
    /// Delivered and booked, free ones included.
    pub messages: i64,
    /// Of these, what the provider gave for free.
    pub free: i64,
    /// Under way or planned, not yet booked.
    pub open: i64,
    /// What the open ones are estimated at.
    pub estimated: Micros,
    /// What is reserved for the open ones.
    pub reserved: Micros,
    /// What was charged.
    pub charged: Micros,
}

#[derive(sqlx::FromRow)]
struct Row {
    campaign: String,
    title: String,
    cost_centre: String,
    account: String,
    sender: String,
    market: String,
    category: String,
    day: String,
    currency: String,
    messages: i64,
    free: i64,
    open: i64,
    estimated: Micros,
    reserved: Micros,
    charged: Micros,
}

impl Row {
    fn key(&self, key: CostKey) -> String {
        match key {
            CostKey::Campaign => self.campaign.clone(),
            CostKey::CostCentre => self.cost_centre.clone(),
            CostKey::Account => self.account.clone(),
            CostKey::Sender => self.sender.clone(),
            CostKey::Market => self.market.clone(),
            // `charged_as` may go on after a colon, with why a message was free.
            CostKey::Category => self.category.split(':').next().unwrap_or_default().to_owned(),
            CostKey::Day => self.day.clone(),
        }
    }
}

/// The lines of a report, ordered by their keys, then by currency.
pub async fn report(store: &Store, query: &CostQuery) -> Result<Vec<CostLine>> {
    let words: Vec<&str> = query.by.iter().map(|k| k.as_str()).collect();
    let keys = format!(",{},", words.join(","));
    let rows: Vec<Row> = on!(&store.read, |pool| {
        let report = sqlx::query_as(REPORT).bind(keys).bind(&query.from_day).bind(&query.before_day);
        report.bind(query.from_at).bind(query.before_at).fetch_all(pool).await?
    });
    let mut lines: BTreeMap<(Vec<String>, String), CostLine> = BTreeMap::new();
    for row in rows {
        let keys: Vec<String> = query.by.iter().map(|k| row.key(*k)).collect();
        let line = lines.entry((keys.clone(), row.currency.clone())).or_default();
        line.keys = keys;
        line.title = row.title;
        line.currency = row.currency;
        line.messages += row.messages;
        line.free += row.free;
        line.open += row.open;
        line.estimated = line.estimated.plus(row.estimated);
        line.reserved = line.reserved.plus(row.reserved);
        line.charged = line.charged.plus(row.charged);
    }
    Ok(lines.into_values().collect())
}
