//! What the house wrote to a person elsewhere, from the phone or another system: a line of the conversation like what is
//! written here, and nothing that is sent.

use std::collections::BTreeSet;

use super::reply::{Desk, told_at};
use crate::domain::conversation::{Belongs, Last, belongs};
use crate::domain::event::{Echo, ReplyContent};
use crate::domain::id::{ConversationId, PersonId};
use crate::domain::time::UnixMs;
use crate::store::conversation::{self, Conversation, ConversationState, Hand, Happening, NewConversation};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::media::{self, Expected};
use crate::store::{Result, StoreError, Tx, candidate, identity};

/// Shows it. `None`: it is here already, or it is a message of ours.
pub async fn take(tx: &mut Tx, desk: &Desk<'_>, echo: &Echo) -> Result<Option<ConversationId>> {
    let known = entry::echoed(tx, &echo.provider_id).await?;
    let id = BTreeSet::from([echo.provider_id.as_str()]);
    if known || !candidate::by_provider_ids(tx, &id).await?.is_empty() {
        return Ok(None);
    }
    let person = identity::meet(tx, &echo.to, desk.received_at).await?.root();
    let at = told_at(echo.at, desk.received_at);
    let conversation = conversation_of(tx, desk, person, at).await?;
    let line = NewEntry {
        conversation,
        direction: Direction::Out,
        content: Some(&echo.content),
        provider_id: Some(&echo.provider_id),
        quoted: echo.quoted.as_deref(),
        message: None,
        certainty: None,
        author: echo.app.author(),
        at,
        received_at: desk.received_at,
    };
    let entry = entry::add(tx, &line).await?;
    if let ReplyContent::Media(told) = &echo.content {
        let (account, at) = (desk.sender.account.as_str(), desk.received_at);
        media::expect(tx, &Expected { conversation, entry, account, media: told, at }).await?;
    }
    Ok(Some(conversation))
}

/// The conversation that shows it: the open one, whose person has their answer now; the one that has just ended; or one
/// that asks nobody for anything. What was written elsewhere opens no window and no conversation.
async fn conversation_of(tx: &mut Tx, desk: &Desk<'_>, person: PersonId, at: UnixMs) -> Result<ConversationId> {
    let family = identity::family(tx, person).await?;
    conversation::hold_person(tx, &family).await?;
    let latest = conversation::latest(tx, &family, &desk.sender.name).await?;
    let last = latest.as_ref().map(|c| Last {
        id: c.id,
        is_open: c.state == ConversationState::Open,
        other_message: false,
        ended_at: c.closed_at.unwrap_or(c.last_at).max(c.last_at),
    });
    match belongs(last, false, at, desk.config.conversations.reopen_within) {
        Belongs::To(id) => {
            if let Some(open) = latest.filter(|c| c.state == ConversationState::Open) {
                answered(tx, &open, at).await?;
            }
            Ok(id)
        }
        Belongs::New { previous } => {
            let new = new(desk, person, previous, at);
            let begun = conversation::begin(tx, &[(&new, ConversationState::Closed)]).await?;
            begun.get(&person).copied().ok_or(StoreError::Corrupt { what: "conversation" })
        }
    }
}

/// Whoever asked before that has been answered, by a person: a bot has it no more.
async fn answered(tx: &mut Tx, open: &Conversation, at: UnixMs) -> Result<()> {
    if open.waiting_since.is_some_and(|asked| asked > at) {
        return Ok(());
    }
    if open.bot.is_some() {
        conversation::hand(tx, open.id, Hand::Give { agent: None, team: open.team.as_deref() }, at).await?;
    }
    conversation::step(tx, open.id, Happening::AnsweredElsewhere, at).await?;
    Ok(())
}

fn new(desk: &Desk<'_>, person: PersonId, previous: Option<ConversationId>, at: UnixMs) -> NewConversation {
    NewConversation {
        person,
        account: desk.sender.account.clone(),
        sender: desk.sender.name.clone(),
        assignee: None,
        team: desk.sender.team.clone(),
        bot: None,
        previous,
        ticket: None,
        origin: None,
        at,
        waits: false,
        window_until: None,
        close_after: desk.config.conversations.close_after,
    }
}
