//! What an answer that is no template will cost.

use std::time::Duration;

use super::card::Cards;
use super::estimate;
use crate::config::Account;
use crate::domain::money::Micros;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::store::{Result, Tx, message};

/// Answers that each number may send for free in a calendar month of its account's zone (cloud-api.md 7.1).
pub const FREE_A_MONTH: i64 = 1_000;

/// The price of the next answer of `sender` to somebody of `market`: nothing while those that are free are not used up.
///
/// # Errors
/// The store fails.
pub async fn estimate(
    tx: &mut Tx,
    cards: &Cards,
    (account, sender): (&Account, &str),
    market: &str,
    now: UnixMs,
) -> Result<Micros> {
    let used = message::services_since(tx, sender, month_of(account, now), FREE_A_MONTH).await?;
    if used < FREE_A_MONTH {
        return Ok(Micros::default());
    }
    let day = now.day_in(&account.timezone);
    Ok(estimate::estimate(cards, account.currency, market, Category::Service, &day).unwrap_or_default())
}

/// When the account's month began.
fn month_of(account: &Account, now: UnixMs) -> UnixMs {
    let first = now.in_zone(&account.timezone).first_of_month().and_then(|day| day.start_of_day());
    // Only at the ends of time is there no such day.
    first.map_or_else(|_| now.minus(Duration::from_hours(31 * 24)), |day| UnixMs::from(day.timestamp()))
}
