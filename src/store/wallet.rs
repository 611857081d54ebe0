//! What is left of accounts' money at their providers, and what is promised of it.

use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;

const READ: &str = "INSERT INTO wallet (account, currency, balance, overdraft, read_at, raised_at)
    VALUES ($1, $2, $3, $4, $5, NULL)
    ON CONFLICT (account) DO UPDATE SET currency = excluded.currency, overdraft = excluded.overdraft,
        raised_at = CASE WHEN excluded.balance > wallet.balance THEN excluded.read_at ELSE wallet.raised_at END,
        balance = excluded.balance, read_at = excluded.read_at";
const ALL: &str = "SELECT account, currency, balance, overdraft, read_at, raised_at FROM wallet ORDER BY account";
const OF: &str = "SELECT account, currency, balance, overdraft, read_at, raised_at FROM wallet WHERE account = $1";
/// A charge is what a message cost; until it is known, what is held back for it.
const SPENT: &str =
    "SELECT CAST(COALESCE(SUM(CASE WHEN charged > 0 THEN charged ELSE reserved END), 0) AS BIGINT) AS amount,
        COUNT(*) AS messages,
        CAST(COALESCE(SUM(CASE WHEN state = 'in_doubt' THEN reserved ELSE 0 END), 0) AS BIGINT) AS doubtful,
        COUNT(CASE WHEN state = 'in_doubt' THEN 1 END) AS doubts
    FROM message WHERE sender = $1 AND claimed_at IS NOT NULL AND claimed_at >= $2 AND claimed_at < $3
        AND (charged > 0 OR reserved > 0)";
const PLANNED: &str = "SELECT priority, CAST(COALESCE(SUM(estimated), 0) AS BIGINT) AS amount, COUNT(*) AS messages
    FROM message WHERE sender = $1 AND state = 'queued' GROUP BY priority ORDER BY priority";

/// A wallet as last read.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Wallet {
    /// Whose.
    pub account: String,
    /// Of the amounts.
    pub currency: String,
    /// What is in it; below zero when the overdraft is used.
    pub balance: Micros,
    /// How far below zero it may go.
    pub overdraft: Micros,
    /// When it was read.
    pub read_at: UnixMs,
    /// When a reading was last higher than the one before: it was recharged.
    pub raised_at: Option<UnixMs>,
}

impl Wallet {
    /// What may be spent.
    pub fn available(&self) -> Micros {
        self.balance.plus(self.overdraft)
    }
}

/// Money and for how many messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct Sum {
    /// How much.
    pub amount: Micros,
    /// For so many.
    pub messages: i64,
    /// How much of it for messages in doubt.
    pub doubtful: Micros,
    /// For so many of these.
    pub doubts: i64,
}

/// What is planned of one priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Planned {
    /// Which.
    pub priority: Priority,
    /// How much, by estimate.
    pub amount: Micros,
    /// For so many messages.
    pub messages: i64,
}

/// Keeps a reading.
pub async fn read(store: &Store, wallet: &Wallet) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(READ)
        .bind(&wallet.account)
        .bind(&wallet.currency)
        .bind(wallet.balance)
        .bind(wallet.overdraft)
        .bind(wallet.read_at)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// Every wallet that was ever read, by account.
pub async fn all(store: &Store) -> Result<Vec<Wallet>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await?))
}

/// The wallet of `account`; `None`: it was never read.
pub async fn of(store: &Store, account: &str) -> Result<Option<Wallet>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF).bind(account).fetch_optional(pool).await?))
}

/// What messages of `sender` that were claimed from `since` until before `until` cost, or may cost.
pub async fn spent(store: &Store, sender: &str, (since, until): (UnixMs, UnixMs)) -> Result<Sum> {
    Ok(on!(&store.read, |pool| sqlx::query_as(SPENT).bind(sender).bind(since).bind(until).fetch_one(pool).await?))
}

/// What the messages in line of `sender` will cost, by priority.
pub async fn planned(store: &Store, sender: &str) -> Result<Vec<Planned>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(PLANNED).bind(sender).fetch_all(pool).await?))
}
