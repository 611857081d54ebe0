//! What changed, for pages that watch. Carries ids only; whoever hears it reads the store.

use serde::{Deserialize, Serialize};

use super::id::{CampaignId, ConversationId, RunId, TicketId};

/// A change somebody may be watching.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Change {
    /// A campaign was loaded, approved, removed, or its file has a problem.
    Campaign(CampaignId),
    /// A run's state or its messages' states changed.
    Run(RunId),
    /// A conversation was opened, written in, claimed or closed.
    Conversation(ConversationId),
    /// Who looks at a conversation, or who writes in it.
    Presence(ConversationId),
    /// A ticket was opened, or something happened to it.
    Ticket(TicketId),
    /// A hold began or ended.
    Holds,
    /// Something is known of a template that was not.
    Templates,
    /// Changes may have been missed: everything that is shown is to be read anew.
    All,
}

/// A change, and where it was first told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News {
    /// What changed.
    pub change: Change,
    /// By which node.
    pub by: Teller,
}

/// Which node tells of a change. Only what a node found itself goes on to the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Teller {
    /// This one.
    Here,
    /// Another on the same store.
    Elsewhere,
}

impl News {
    /// News of this node.
    pub const fn here(change: Change) -> Self {
        Self { change, by: Teller::Here }
    }

    /// News that another node has told.
    pub const fn elsewhere(change: Change) -> Self {
        Self { change, by: Teller::Elsewhere }
    }
}
