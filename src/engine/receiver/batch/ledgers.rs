//! What receipts do to the ledgers: places in the messaging limit, budgets.

use super::Incoming;
use crate::domain::id::MessageId;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, budget, tier};
use crate::store::receipt::{ReceiptChange, Standing};
use crate::store::{Tx, place};

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
        let callback = incoming.receipt.callback.as_ref();
        if callback.is_some_and(|callback| callback.instance != engine.instance) {
            tier::foreign(tx, engine, (&incoming.account, &incoming.receipt, incoming.at()), now).await?;
        }
    }
    Ok(())
}
