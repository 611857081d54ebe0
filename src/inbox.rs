//! The inbox: what becomes of what people write, and what agents do with it.
//!
//! A reply is attributed to a message ([`attribution`]), understood ([`decide`]) and kept ([`reply`]); what needs a
//! person becomes a conversation that is theirs ([`routing`]), and what agents do to it is in [`Inbox`].

use tokio::sync::broadcast;

use crate::domain::change::{Change, News};
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::domain::time::UnixMs;
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::idempotency::Once;
use crate::store::{Result, Store, Tx};

pub mod assign;
pub mod attribution;
pub mod away;
pub mod by_hand;
pub mod choice;
pub mod commands;
pub mod decide;
pub mod label;
pub mod preference;
pub mod reply;
pub mod routing;
pub mod ticket;
pub mod words;

pub use by_hand::{ByHand, may_send, open_by_hand};

/// The agents' side of the inbox. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Inbox {
    store: Store,
    changes: broadcast::Sender<News>,
    /// The key under which notes, tickets and what goes on with a note are made.
    once: Once,
}

impl Inbox {
    /// Over `store`, announcing what changes.
    pub fn new(store: Store, changes: broadcast::Sender<News>) -> Self {
        Self { store, changes, once: Once::default() }
    }

    /// The same under a key: what was made under it already is not made again.
    #[must_use]
    pub fn under(self, once: Once) -> Self {
        Self { once, ..self }
    }

    fn announce(&self, conversation: ConversationId) {
        // Nobody watching is no failure.
        let _ = self.changes.send(News::here(Change::Conversation(conversation)));
    }
}

/// Shows `message` in the thread, as the line it gives. `author` is who wrote it; empty for campaigns.
pub async fn write_out(
    tx: &mut Tx,
    conversation: ConversationId,
    message: MessageId,
    author: &str,
    at: UnixMs,
) -> Result<EntryId> {
    entry::add(tx, &out_line(conversation, message, author, at)).await
}

/// The line that shows `message`.
const fn out_line(conversation: ConversationId, message: MessageId, author: &str, at: UnixMs) -> NewEntry<'_> {
    NewEntry {
        conversation,
        direction: Direction::Out,
        content: None,
        provider_id: None,
        quoted: None,
        message: Some(message),
        certainty: None,
        author,
        at,
        received_at: at,
    }
}
