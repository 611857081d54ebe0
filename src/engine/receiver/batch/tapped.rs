//! A tapped button proves that its message arrived, whatever became of the answer to its send.

use super::{Incoming, Personal};
use crate::config::Sender;
use crate::domain::callback::CallbackData;
use crate::domain::event::{Receipt, ReceiptStatus, Reply, ReplyContent};
use crate::domain::id::MessageId;
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::{Tx, receipt};

/// A receipt for each message in doubt of `engine` whose button was tapped: it was read.
pub(super) async fn receipts(
    tx: &mut Tx,
    engine: &Engine,
    personal: &[(&Sender, UnixMs, Personal)],
) -> Result<Vec<Incoming>, EngineError> {
    let tap = |(sender, received_at, what): &(&Sender, UnixMs, Personal)| {
        let Personal::Reply(reply) = what else { return None };
        let message = message_of(engine, reply)?;
        Some((message, sender.account.clone(), *received_at, reply.clone()))
    };
    let taps: Vec<_> = personal.iter().filter_map(tap).collect();
    if taps.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<MessageId> = taps.iter().map(|(id, ..)| *id).collect();
    let standings = receipt::standings(tx, &ids).await?;
    let in_doubt = |(id, account, received_at, reply): (MessageId, String, UnixMs, Reply)| {
        let known = standings.iter().find(|s| s.id == id && s.account == account)?;
        if known.state != MessageState::InDoubt {
            return None;
        }
        let callback = CallbackData { instance: engine.instance.clone(), message: id, attempt: known.attempt };
        Some(Incoming { account, received_at, receipt: read(callback, reply) })
    };
    Ok(taps.into_iter().filter_map(in_doubt).collect())
}

/// The message whose button was tapped, when it is one of ours.
fn message_of(engine: &Engine, reply: &Reply) -> Option<MessageId> {
    let ReplyContent::Button { payload: Some(payload), .. } = &reply.content else { return None };
    (payload.instance == engine.instance).then_some(payload.message)
}

fn read(callback: CallbackData, reply: Reply) -> Receipt {
    Receipt {
        sender_ref: reply.sender_ref,
        // What was quoted is the message itself; its later receipts name it so.
        provider_id: reply.quoted.unwrap_or(reply.provider_id),
        other_id: None,
        callback: Some(callback),
        status: ReceiptStatus::Read,
        at: reply.at,
        failure: None,
        pricing: None,
        wa_id: None,
        bsuid: None,
        of_template: None,
    }
}
