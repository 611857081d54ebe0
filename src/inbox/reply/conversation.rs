//! The conversation a reply belongs to: the open one, the one it takes up again, or a new one.

use super::{Candidacy, Desk, Understood};
use crate::domain::conversation::{Belongs, Last, belongs};
use crate::domain::id::ConversationId;
use crate::inbox::assign;
use crate::inbox::decide::Decision;
use crate::inbox::{routing, write_out};
use crate::store::conversation::{self, Conversation, ConversationState, Happening, NewConversation};
use crate::store::{Result, Tx, entry};

/// Finds or begins it and brings its state up to date.
pub(super) async fn of(tx: &mut Tx, desk: &Desk<'_>, understood: &Understood) -> Result<ConversationId> {
    conversation::hold_person(tx, &understood.family).await?;
    let latest = conversation::latest(tx, &understood.family, &desk.sender.name).await?;
    let last = latest.as_ref().map(|c| last(c, understood));
    let noted = understood.decision == Decision::Noted;
    let id = match belongs(last, noted, understood.at, desk.config.conversations.reopen_within) {
        Belongs::New { previous } => return begin(tx, desk, understood, previous).await,
        Belongs::To(id) => id,
    };
    let (at, window_until) = (understood.at, understood.window_until());
    if understood.decision.asks() {
        conversation::step(tx, id, Happening::Asked { window_until }, at).await?;
    } else {
        conversation::step(tx, id, Happening::Heard { window_until }, at).await?;
    }
    if latest.is_some_and(|c| c.state == ConversationState::Open) {
        show_origin(tx, id, understood).await?;
        if matches!(understood.decision, Decision::OptOut { .. } | Decision::OptIn { .. }) {
            conversation::step(tx, id, Happening::Settled, at).await?;
        }
    }
    Ok(id)
}

fn last(c: &Conversation, understood: &Understood) -> Last {
    let about = understood.about.as_ref().map(|candidacy| candidacy.message.id);
    Last {
        id: c.id,
        is_open: c.state == ConversationState::Open,
        other_message: about.is_some() && c.origin_message_id != about,
        ended_at: c.closed_at.unwrap_or(c.last_at).max(c.last_at),
    }
}

async fn begin(
    tx: &mut Tx,
    desk: &Desk<'_>,
    understood: &Understood,
    previous: Option<ConversationId>,
) -> Result<ConversationId> {
    let about = understood.about.as_ref();
    let asks = understood.decision.asks();
    let (to, starter) = about.map_or(("", None), |c| (c.message.route.as_str(), c.message.starter.as_deref()));
    let owner = routing::route(tx, desk.config, desk.sender, to, starter).await?;
    let new = NewConversation {
        person: understood.person.root(),
        account: desk.sender.account.clone(),
        sender: desk.sender.name.clone(),
        assignee: owner.agent,
        team: owner.team.clone(),
        bot: owner.bot.clone().filter(|_| asks),
        previous,
        ticket: None,
        origin: about.map(|c| (c.message.id, c.message.campaign_id, c.message.run_id)),
        at: understood.at,
        waits: asks,
        window_until: Some(understood.window_until()),
        close_after: about.map_or(desk.config.conversations.close_after, |c| c.rules.close_after),
    };
    let id = if asks { conversation::open(tx, &new).await? } else { conversation::record(tx, &new).await? };
    if asks {
        assign::routed(tx, id, (&owner, to), desk.received_at).await?;
    }
    show_origin(tx, id, understood).await?;
    Ok(id)
}

/// The message answered stands in the thread before its reply, with the exact text the person had received.
async fn show_origin(tx: &mut Tx, id: ConversationId, understood: &Understood) -> Result<()> {
    let Some(Candidacy { message, .. }) = &understood.about else { return Ok(()) };
    if entry::shows(tx, id, message.id).await? {
        return Ok(());
    }
    write_out(tx, id, message.id, &message.author, message.reached_at.min(understood.at)).await?;
    Ok(())
}
