//! Conversations that begin on our side: a template sent by hand.

use std::time::Duration;

use crate::domain::id::{ConversationId, MessageId, PersonId, UserId};
use crate::intake::campaign_file::Replies;
use crate::store::candidate;
use crate::store::conversation::{self, ConversationState, NewConversation};
use crate::store::identity;
use crate::store::{Result, StoreError, Tx};

use super::write_out;

/// Opens a conversation about `message`, just queued for `person`, that belongs to the agent who sent it; an open one
/// with `sender` goes on, and keeps its owner if it has one. It closes by itself when `wait` passes without an answer. The
/// agent's name is the message's author.
pub async fn open_by_hand(
    tx: &mut Tx,
    person: PersonId,
    sender: &str,
    (agent, wait): (UserId, Option<Duration>),
    message: MessageId,
) -> Result<ConversationId> {
    let sent = candidate::by_id(tx, message).await?.ok_or(StoreError::Corrupt { what: "message" })?;
    let root = identity::row(tx, person).await?.root();
    let family = identity::family(tx, root).await?;
    let open = conversation::latest(tx, &family, sender).await?.filter(|c| c.state == ConversationState::Open);
    let id = if let Some(open) = open {
        conversation::sent(tx, open.id, sent.reached_at).await?;
        conversation::own(tx, open.id, agent).await?;
        if let Some(wait) = wait {
            conversation::wait_for(tx, open.id, wait).await?;
        }
        open.id
    } else {
        let new = NewConversation {
            person: root,
            account: sent.account,
            sender: sender.to_owned(),
            assignee: Some(agent),
            team: None,
            origin: Some((message, sent.campaign_id, sent.run_id)),
            at: sent.reached_at,
            waits: false,
            // A template may go out at any time; only the person's own message opens a window.
            window_until: None,
            close_after: wait.unwrap_or(Replies::default().close_after),
        };
        conversation::open(tx, &new).await?
    };
    write_out(tx, id, message, &sent.author, sent.reached_at).await?;
    Ok(id)
}
