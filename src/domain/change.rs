//! What changed, for pages that watch. Carries ids only; whoever hears it reads the store.

use serde::Serialize;

use super::id::{CampaignId, ConversationId, RunId, TicketId};

/// A change somebody may be watching.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
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
}
