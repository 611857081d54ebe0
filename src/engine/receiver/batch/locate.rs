//! Whose a receipt is: our callback data says it, else the provider's id of a message or of an earlier attempt.

use std::collections::{BTreeMap, BTreeSet};

use super::Incoming;
use crate::config::Sender;
use crate::domain::callback::Instance;
use crate::domain::event::{Receipt, ReceiptStatus, Reply, ReplyContent};
use crate::domain::id::MessageId;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::store::alias::{self, Alias};
use crate::store::orphan::{self, NewOrphan, OrphanState};
use crate::store::{Tx, json, receipt};

/// Receipts by whose they are.
pub(super) struct Located {
    /// Place of the receipt, and the message and attempt it is about.
    pub(super) ours: Vec<(usize, (MessageId, i64))>,
    /// Of another installation.
    pub(super) foreign: Vec<NewOrphan>,
    /// Places of receipts whose message is not known (yet).
    pub(super) unknown: Vec<usize>,
}

impl Located {
    /// Every message concerned, in order, each once.
    pub(super) fn messages(&self) -> Vec<MessageId> {
        self.ours.iter().map(|(_, (message, _))| *message).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Lets receipts that name a message by another id than its answer had name it by that one.
pub(super) async fn by_own_ids(tx: &mut Tx, receipts: &mut [Incoming], now: UnixMs) -> Result<(), EngineError> {
    let told: BTreeSet<Alias<'_>> = receipts
        .iter()
        .filter_map(|i| Some(Alias { other_id: i.receipt.other_id.as_deref()?, provider_id: &i.receipt.provider_id }))
        .collect();
    if !told.is_empty() {
        alias::keep(tx, &told.into_iter().collect::<Vec<_>>(), now).await?;
    }
    let lonely = |receipt: &&Receipt| receipt.callback.is_none() && receipt.other_id.is_none();
    let others: Vec<&str> =
        receipts.iter().map(|i| &i.receipt).filter(lonely).map(|r| r.provider_id.as_str()).collect();
    let known = alias::of(tx, &others).await?;
    for incoming in receipts {
        if let Some(own) = known.get(&incoming.receipt.provider_id) {
            let other = std::mem::replace(&mut incoming.receipt.provider_id, own.clone());
            incoming.receipt.other_id = Some(other);
        }
    }
    Ok(())
}

/// Finds out whose each of `receipts` is.
pub(super) async fn locate(tx: &mut Tx, instance: &Instance, receipts: &[Incoming]) -> Result<Located, EngineError> {
    let silent = receipts.iter().map(|i| &i.receipt).filter(|r| r.callback.is_none());
    let ids: BTreeSet<&str> = silent.map(|r| r.provider_id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let known = if ids.is_empty() { Vec::new() } else { receipt::known(tx, &ids).await? };
    let known: BTreeMap<&str, (MessageId, i64)> =
        known.iter().map(|k| (k.provider_id.as_str(), (k.message_id, k.attempt))).collect();
    let mut located = Located { ours: Vec::new(), foreign: Vec::new(), unknown: Vec::new() };
    for (place, incoming) in receipts.iter().enumerate() {
        match &incoming.receipt.callback {
            Some(callback) if callback.instance == *instance => {
                located.ours.push((place, (callback.message, callback.attempt)));
            }
            Some(_) => located.foreign.push(orphan(incoming, true)),
            None => match known.get(incoming.receipt.provider_id.as_str()) {
                Some(found) => located.ours.push((place, *found)),
                None => located.unknown.push(place),
            },
        }
    }
    Ok(located)
}

/// A receipt as it is kept when it fits no message.
pub(super) fn orphan(incoming: &Incoming, foreign: bool) -> NewOrphan {
    NewOrphan {
        account: incoming.account.clone(),
        provider_id: incoming.receipt.provider_id.clone(),
        receipt: json(&incoming.receipt),
        recipient: incoming.receipt.wa_id.clone(),
        said: match incoming.receipt.status {
            ReceiptStatus::Accepted => Some("accepted"),
            ReceiptStatus::Failed => Some("failed"),
            _ => None,
        },
        state: if foreign { OrphanState::Foreign } else { OrphanState::Waiting },
        received_at: incoming.received_at,
    }
}

/// Keeps what fits no message.
pub(super) async fn keep(
    tx: &mut Tx,
    orphans: &[NewOrphan],
    unknown: Vec<usize>,
    receipts: &[Incoming],
) -> Result<(), EngineError> {
    let mut all = orphans.to_vec();
    all.extend(unknown.into_iter().map(|place| orphan(&receipts[place], false)));
    if !all.is_empty() {
        orphan::keep(tx, &all).await?;
    }
    Ok(())
}

/// Lets replies that name what they point at by another id than its answer had name it by that one.
pub(super) async fn quoted_by_own_ids(
    tx: &mut Tx,
    replies: &mut [(&Sender, UnixMs, Reply)],
) -> Result<(), EngineError> {
    let named = replies.iter_mut().flat_map(|(_, _, reply)| names(reply)).map(|id| id.clone());
    let named: BTreeSet<String> = named.collect();
    let known = alias::of(tx, &named.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    for id in replies.iter_mut().flat_map(|(_, _, reply)| names(reply)) {
        if let Some(own) = known.get(id) {
            id.clone_from(own);
        }
    }
    Ok(())
}

/// The ids by which a reply names what it points at.
fn names(reply: &mut Reply) -> impl Iterator<Item = &mut String> {
    let to = match &mut reply.content {
        ReplyContent::Reaction { to, .. } => Some(to),
        _ => None,
    };
    reply.quoted.iter_mut().chain(to)
}
