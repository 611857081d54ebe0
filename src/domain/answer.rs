//! What a provider says to a request, classified at the adapter so that the engine only obeys.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// The answer to one send.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// The provider took it.
    Accepted(Acceptance),
    /// Refused for good: this message failed.
    Refused(Failure),
    /// Turned away, certainly not accepted; the sender or the pair must slow down.
    Throttled {
        /// What slows down.
        scope: ThrottleScope,
        /// Earliest next try.
        retry_after: Duration,
        /// The provider's code, for the record.
        failure: Failure,
    },
    /// Refused for a cause wider than this message: it goes back in line and the scope is held.
    Stopped {
        /// What is held.
        scope: StopScope,
        /// The cause.
        failure: Failure,
    },
    /// Nothing left this host (no connection): safe to try again.
    NotSent {
        /// For the record; holds no personal data.
        reason: String,
    },
    /// The request was (or may have been) written and no answer that says yes or no came back.
    Unknown {
        /// For the record; holds no personal data.
        reason: String,
        /// How long the sender had better pause, where the provider's code says so (a number in maintenance).
        pause: Option<Duration>,
    },
}

/// What the provider tells when it accepts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acceptance {
    /// The provider's id of the message (Meta: wamid).
    pub provider_id: String,
    /// The person's WhatsApp id (digits without `+`) as the provider knows it, which may differ from the number sent to.
    pub wa_id: Option<String>,
    /// The person's business-scoped user id.
    pub bsuid: Option<String>,
    /// True when the provider holds it for a quality assessment.
    pub in_review: bool,
}

/// What must slow down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThrottleScope {
    /// The whole sender (130429, 4, 80007).
    Sender,
    /// This sender and person (131056).
    Pair,
    /// This message only (131049, 134101).
    Message,
}

/// What a wide refusal stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopScope {
    /// Every message of the template.
    Template,
    /// Every message of the sender.
    Sender,
    /// Every message of the account.
    Account,
}
