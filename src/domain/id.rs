//! Row ids. Each kind is its own type, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent, no_pg_array)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A campaign (its folder).
    CampaignId;
    /// One version of a campaign's file and audience.
    VersionId;
    /// A campaign that is being put together on the page.
    DraftId;
    /// One execution of a campaign. `RunId::BY_HAND` marks messages that belong to no run.
    RunId;
    /// One message: one template (or one agent's answer) for one person.
    MessageId;
    /// A person.
    PersonId;
    /// A conversation.
    ConversationId;
    /// One entry of a conversation's thread.
    EntryId;
    /// A ticket; its id is its number.
    TicketId;
    /// A line of a ticket's timeline.
    TicketEventId;
    /// A user of Recado (agent, marketing, …).
    UserId;
    /// A stored webhook body.
    WebhookId;
    /// A hold.
    HoldId;
    /// An alert.
    AlertId;
    /// Where somebody outside is told.
    EndpointId;
    /// One event for one endpoint.
    DeliveryId;
    /// An attachment.
    MediaId;
}

impl RunId {
    /// The run of messages sent by hand and of agents' answers.
    pub const BY_HAND: Self = Self(0);
}

impl CampaignId {
    /// The campaign of messages sent by hand and of agents' answers.
    pub const BY_HAND: Self = Self(0);
}
