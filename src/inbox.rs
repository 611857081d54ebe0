//! The inbox: what becomes of what people write, and what agents do with it.
//!
//! A reply is attributed to a message ([`attribution`]), understood ([`decide`]) and kept ([`reply`]); what needs a
//! person becomes a conversation that is theirs ([`routing`]), and what agents do to it is in [`Inbox`].

use tokio::sync::broadcast;

use crate::domain::change::{Change, News};
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::domain::time::UnixMs;
use crate::store::conversation::{self, Conversation};
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
pub mod echo;
pub mod label;
pub mod preference;
pub mod reply;
pub mod routing;
pub mod ticket;
pub mod words;

use assign::Reach;
pub use by_hand::{ByHand, chat_of_another, may_send, open_by_hand};

/// The agents' side of the inbox. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Inbox {
    store: Store,
    changes: broadcast::Sender<News>,
    /// The key under which notes, tickets and what goes on with a note are made.
    once: Once,
    /// Whose conversations whoever acts may close, decide in and say something of.
    reach: Reach,
    /// What whoever acts had before their eyes.
    seen: Seen,
}

/// What whoever answers, closes or decides had before their eyes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The last line of the thread when they began; `None`: nobody knows. Then an answer is compared with nothing, and
    /// what waits is closed only where somebody of ours has looked at it or answered it.
    pub last: Option<EntryId>,
    /// Do it whatever was written since, or although a colleague has the conversation. Whose it is stays.
    pub anyway: bool,
}

/// What became of what somebody wanted to do in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acted {
    /// It is done.
    Done,
    /// There was nothing to do it to: it is closed already, is about no message, or nothing is unclear any more.
    Nothing,
    /// It is somebody else's by now, and nothing changed.
    Others,
    /// The person has written something that whoever acts has not seen, and nothing changed.
    Unseen,
    /// Nobody has said yet which message the last reply answers, and nothing changed.
    Unclear,
    /// There is no such conversation.
    Unknown,
}

impl Acted {
    /// Whether it is done.
    pub fn is_done(self) -> bool {
        self == Self::Done
    }
}

impl Inbox {
    /// Over `store`, announcing what changes.
    pub fn new(store: Store, changes: broadcast::Sender<News>) -> Self {
        Self { store, changes, once: Once::default(), reach: Reach::All, seen: Seen::default() }
    }

    /// The same under a key: what was made under it already is not made again.
    #[must_use]
    pub fn under(self, once: Once) -> Self {
        Self { once, ..self }
    }

    /// The same for whoever reaches only so far. It is asked where the change is written, on the locked row: a colleague who
    /// has just taken a conversation over keeps it as it is.
    #[must_use]
    pub fn within(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// The same for whoever has seen so much: what came in since is asked on the locked row too.
    #[must_use]
    pub fn having(self, seen: Seen) -> Self {
        Self { seen, ..self }
    }

    /// The conversation `id`, which nobody else changes until the unit of work ends; else what becomes of acting in it.
    async fn hold_own(&self, tx: &mut Tx, id: ConversationId) -> Result<std::result::Result<Conversation, Acted>> {
        let Some(found) = conversation::hold(tx, id).await? else { return Ok(Err(Acted::Unknown)) };
        if !self.reach.includes(found.assignee) {
            return Ok(Err(Acted::Others));
        }
        let has_seen = match self.seen.last {
            Some(last) if !self.seen.anyway => !entry::is_told_since(tx, id, last).await?,
            _ => true,
        };
        Ok(if has_seen { Ok(found) } else { Err(Acted::Unseen) })
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
