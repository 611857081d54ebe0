//! The conversation a reply belongs to: the open one, the one it takes up again, or a new one.

use super::{Candidacy, Desk, Understood};
use crate::domain::id::ConversationId;
use crate::inbox::decide::Decision;
use crate::inbox::{routing, write_out};
use crate::store::conversation::{self, Conversation, ConversationState, NewConversation};
use crate::store::{Result, Tx, entry};

/// Finds or begins it and brings its state up to date.
pub(super) async fn of(tx: &mut Tx, desk: &Desk<'_>, understood: &Understood) -> Result<ConversationId> {
    let latest = conversation::latest(tx, &understood.family, &desk.sender.name).await?;
    let asks = understood.decision.asks();
    let (at, until) = (understood.at, understood.window_until());
    match latest {
        Some(open) if open.state == ConversationState::Open => {
            if asks {
                conversation::wait(tx, open.id, at, until).await?;
            } else {
                conversation::hear(tx, open.id, at, until).await?;
            }
            show_origin(tx, open.id, understood).await?;
            if matches!(understood.decision, Decision::OptOut { .. } | Decision::OptIn { .. })
                && open.waiting_since.is_none()
            {
                conversation::close_in(tx, open.id, at).await?;
            }
            Ok(open.id)
        }
        Some(closed) if continues(&closed, understood) => {
            if asks {
                conversation::wait(tx, closed.id, at, until).await?;
            } else {
                conversation::hear(tx, closed.id, at, until).await?;
            }
            Ok(closed.id)
        }
        _ => begin(tx, desk, understood, asks).await,
    }
}

/// Whether a reply takes up a closed conversation: it is about the same message, or about none in particular and soon
/// after. What asks for nothing never begins a conversation of its own where there was one.
fn continues(closed: &Conversation, understood: &Understood) -> bool {
    if understood.decision == Decision::Noted {
        return true;
    }
    match understood.about.as_ref().map(|c| c.message.id) {
        Some(about) => closed.origin_message_id == Some(about),
        None => i128::from(understood.at.0) <= i128::from(closed.last_at.0) + i128::from(closed.close_after),
    }
}

async fn begin(tx: &mut Tx, desk: &Desk<'_>, understood: &Understood, asks: bool) -> Result<ConversationId> {
    let about = understood.about.as_ref();
    let (to, starter) = about.map_or(("", None), |c| (c.message.route.as_str(), c.message.starter.as_deref()));
    let owner = routing::route(tx, desk.config, desk.sender, to, starter).await?;
    let new = NewConversation {
        person: understood.person.root(),
        account: desk.sender.account.clone(),
        sender: desk.sender.name.clone(),
        assignee: owner.agent,
        team: owner.team,
        origin: about.map(|c| (c.message.id, c.message.campaign_id, c.message.run_id)),
        at: understood.at,
        waits: asks,
        window_until: Some(understood.window_until()),
        close_after: about.map_or_else(default_close_after, |c| c.rules.close_after),
    };
    let id = if asks { conversation::open(tx, &new).await? } else { conversation::record(tx, &new).await? };
    show_origin(tx, id, understood).await?;
    Ok(id)
}

fn default_close_after() -> std::time::Duration {
    crate::intake::campaign_file::Replies::default().close_after
}

/// The message answered stands in the thread before its reply, with the exact text the person had received.
async fn show_origin(tx: &mut Tx, id: ConversationId, understood: &Understood) -> Result<()> {
    let Some(Candidacy { message, .. }) = &understood.about else { return Ok(()) };
    if entry::shows(tx, id, message.id).await? {
        return Ok(());
    }
    write_out(tx, id, message.id, &message.author, message.reached_at.min(understood.at)).await
}
