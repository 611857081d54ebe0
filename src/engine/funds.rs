//! What there is to send with: money at the provider, and people left of the messaging limit.

use std::time::Duration;

use tracing::info;

use super::{Engine, EngineError, tier};
use crate::config::Account;
use crate::preflight::{Balance, SheetTier};

/// A sheet does not wait longer for a provider that is slow to say what is left: it is whole without.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `account` can spend at its provider, its overdraft included; `None`: the provider bills afterwards, or does not tell now. The one place
/// where a balance is read for a sheet.
pub async fn balance(engine: &Engine, account: &Account) -> Option<Balance> {
    let provider = engine.providers.get(&account.name)?;
    let told = tokio::time::timeout(PATIENCE, provider.wallet()).await.ok()??;
    match told {
        Ok(wallet) => {
            let currency = wallet.currency.to_string();
            Some(Balance { currency, amount: wallet.balance.plus(wallet.overdraft), told_at: engine.clock.now() })
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            info!(error, account.name = account.name, "the provider did not say what is left in the wallet");
            None
        }
    }
}

/// What is left of the messaging limit that `account` shares.
pub(super) async fn people_left(engine: &Engine, account: &Account) -> Result<Option<SheetTier>, EngineError> {
    let standing = tier::standing(engine, account.portfolio_name()).await?;
    Ok(standing.map(|s| SheetTier { limit: s.limit, left: s.limit.map(|_| s.free) }))
}
