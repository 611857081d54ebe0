//! The conversations in which receipts change something for whoever reads them.

use crate::domain::id::{ConversationId, MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::store::receipt::{ReceiptChange, Standing};
use crate::store::{Tx, conversation, entry};

/// Those whose ticks changed, and those that wait again because what was written in them has `failed`. What campaigns send is
/// not among them: nobody looks at so many.
pub(super) async fn changed(
    tx: &mut Tx,
    changes: &[ReceiptChange],
    failed: &[&Standing],
    now: UnixMs,
) -> Result<Vec<ConversationId>, EngineError> {
    let mut talks: Vec<ConversationId> =
        changes.iter().filter_map(|c| c.standing.conversation_id).map(ConversationId).collect();
    // A template by hand may have begun its conversation, and names none.
    let began = |s: &&Standing| s.run_id == RunId::BY_HAND && s.conversation_id.is_none();
    let by_hand: Vec<MessageId> = changes.iter().map(|c| &c.standing).filter(began).map(|s| s.id).collect();
    talks.extend(entry::showing(tx, &by_hand).await?);
    let in_vain: Vec<MessageId> = failed.iter().filter(|s| s.run_id == RunId::BY_HAND).map(|s| s.id).collect();
    talks.extend(conversation::bring_back(tx, &in_vain, now).await?);
    Ok(talks)
}
