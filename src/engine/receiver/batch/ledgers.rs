//! What receipts do to the ledgers: places in the messaging limit, budgets.

use super::Incoming;
use crate::domain::event::{Identity, ReceiptStatus};
use crate::domain::id::MessageId;
use crate::domain::tier::KEPT;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, budget};
use crate::store::place::{self, Foreign};
use crate::store::receipt::{ReceiptChange, Standing};
use crate::store::{Tx, identity};

/// Meta's `pricing.category` of free texts, which take no place.
const SERVICE: &str = "service";

/// Places and budgets follow the messages that receipts changed. Returns whether a run was held.
pub(super) async fn follow(
    tx: &mut Tx,
    engine: &Engine,
    (before, changes): (&[Standing], &[ReceiptChange]),
    now: UnixMs,
) -> Result<bool, EngineError> {
    let ids: Vec<MessageId> = changes.iter().map(|c| c.standing.id).collect();
    place::refresh(&engine.store, tx, &ids, now).await?;
    budget::book(tx, before, changes, now).await
}

/// Other installations' messages take places too: the portfolio is one.
pub(super) async fn foreign(
    tx: &mut Tx,
    engine: &Engine,
    receipts: &[Incoming],
    now: UnixMs,
) -> Result<(), EngineError> {
    if !place::is_limited(&engine.store) {
        return Ok(());
    }
    for incoming in receipts {
        let receipt = &incoming.receipt;
        let ours = receipt.callback.as_ref().is_none_or(|callback| callback.instance == engine.instance);
        let is_text = receipt.pricing.as_ref().is_some_and(|pricing| pricing.category.ends_with(SERVICE));
        let Some(account) = engine.config.accounts.get(&incoming.account) else { continue };
        let identity =
            Identity { wa_id: receipt.wa_id.clone(), bsuid: receipt.bsuid.clone(), name: None, username: None };
        if ours || is_text || (identity.wa_id.is_none() && identity.bsuid.is_none()) {
            continue;
        }
        let until = match receipt.status {
            ReceiptStatus::Sent | ReceiptStatus::Delivered => incoming.at().plus(KEPT),
            ReceiptStatus::Failed => UnixMs(0),
            // Reading it says nothing about when it came.
            ReceiptStatus::Read | ReceiptStatus::Played | ReceiptStatus::Other => continue,
        };
        let person = identity::meet(tx, &identity, now).await?.root();
        let (id, portfolio) = (receipt.provider_id.clone(), account.portfolio_name().to_owned());
        place::foreign(tx, &Foreign { id, portfolio, person, until }, now).await?;
    }
    Ok(())
}
