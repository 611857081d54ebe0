//! The gate of the wallet: what may be claimed with the money left at the provider.

use super::Dispatcher;
use crate::domain::id::RunId;
use crate::domain::money::Micros;
use crate::engine::{EngineError, wallet};
use crate::store::message::Turn;

impl Dispatcher {
    /// Those of `runs` that the wallet still pays, and how many messages of them at most. Where it pays nothing at all,
    /// the account is held: before it runs dry, not after. What left so lately that the reading may hold it already, and what
    /// is in doubt, keeps messages in line and holds nothing: the next readings tell.
    pub(super) async fn paid_for(&self, runs: Vec<Turn>) -> Result<(Vec<Turn>, usize), EngineError> {
        if self.account.access.wallet_terms().is_none() || runs.is_empty() {
            return Ok((runs, usize::MAX));
        }
        let purse = Box::pin(wallet::purse(&self.engine, &self.account, &self.sender)).await?;
        let Some(purse) = purse else { return Ok((runs, usize::MAX)) };
        let (mut paid, mut most, mut dry, mut awaits) = (Vec::new(), 0, false, false);
        for mut turn in runs {
            let price = self.dearest(turn.run);
            let n = purse.messages(turn.priority, price);
            dry |= purse.is_low(price);
            awaits |= n == 0 && purse.hope(turn.priority) >= price;
            if n > 0 {
                most = most.max(n);
                turn.room = Some(turn.room.map_or(n, |room| room.min(n)));
                paid.push(turn);
            }
        }
        if dry {
            wallet::hold_low(&self.engine, &self.account).await?;
        } else if awaits {
            wallet::await_reading(&self.engine, &self.account).await?;
        }
        Ok((paid, most))
    }

    /// What a message of `run` costs at most.
    fn dearest(&self, run: RunId) -> Micros {
        let facts = self.facts_of(run);
        wallet::dearest(&self.engine, &self.account, facts.as_ref().map(|facts| &facts.template))
    }
}
