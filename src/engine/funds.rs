//! What there is to send with: money at the provider, and people left of the messaging limit.

use super::{Engine, EngineError, tier};
use crate::config::Account;
use crate::preflight::{Balance, SheetTier};
use crate::store::wallet;

/// What `account` can spend at its provider, its overdraft included, as it was last told; `None`: the provider bills
/// afterwards, or has not told yet. The one place where a balance is read for a sheet.
///
/// # Errors
/// The store.
pub async fn balance(engine: &Engine, account: &Account) -> Result<Option<Balance>, EngineError> {
    let told = wallet::of(&engine.store, &account.name).await?;
    Ok(told.map(|wallet| Balance {
        currency: wallet.currency,
        amount: wallet.balance.plus(wallet.overdraft),
        told_at: wallet.read_at,
    }))
}

/// What is left of the messaging limit that `account` shares.
pub(super) async fn people_left(engine: &Engine, account: &Account) -> Result<Option<SheetTier>, EngineError> {
    let standing = tier::standing(engine, account.portfolio_name()).await?;
    Ok(standing.map(|s| SheetTier { limit: s.limit, left: s.limit.map(|_| s.free) }))
}
