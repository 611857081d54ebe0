//! Receipts of attempts that are not the latest.

use std::collections::{BTreeMap, BTreeSet};

use super::Incoming;
use super::locate::Located;
use crate::domain::id::MessageId;
use crate::engine::EngineError;
use crate::engine::receiver::receipts;
use crate::store::Tx;
use crate::store::receipt::{self, EarlierAttempt, Standing};

/// Attempts by message and number.
pub(super) type Attempts = BTreeMap<(MessageId, i64), EarlierAttempt>;

/// The earlier attempts of the messages one of whose receipts is about such a one.
pub(super) async fn of(
    tx: &mut Tx,
    located: &Located,
    latest: &BTreeMap<MessageId, Standing>,
) -> Result<Attempts, EngineError> {
    let is_earlier = |(id, no): &(MessageId, i64)| latest.get(id).is_some_and(|standing| *no < standing.attempt);
    let ids: BTreeSet<MessageId> =
        located.ours.iter().map(|(_, about)| about).filter(|about| is_earlier(about)).map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(Attempts::new());
    }
    let found = receipt::earlier_attempts(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|attempt| ((attempt.message_id, attempt.no), attempt)).collect())
}

/// Records what receipts said of attempts that are not the latest.
pub(super) async fn apply(
    tx: &mut Tx,
    before: Attempts,
    receipts: &[(MessageId, i64, &Incoming)],
) -> Result<(), EngineError> {
    let mut after = before.clone();
    for (message, no, incoming) in receipts {
        if let Some(attempt) = after.get_mut(&(*message, *no)) {
            receipts::apply_earlier(attempt, &incoming.receipt, incoming.at());
        }
    }
    for (which, old) in &before {
        if let Some(new) = after.get(which).filter(|new| *new != old) {
            receipt::apply_earlier(tx, old.state, new).await?;
        }
    }
    Ok(())
}
