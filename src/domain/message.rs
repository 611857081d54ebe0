//! States of a message and the one table of their transitions. Screens, API, exports and store read it from here.

use serde::{Deserialize, Serialize};

use super::event::ReceiptStatus;

/// State of a message, that is of its latest attempt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum MessageState {
    /// Waits for its due time, for a gate or for its turn.
    Queued,
    /// Taken by a dispatcher; its request leaves before `send_by`.
    Claimed,
    /// The provider took the request.
    Accepted,
    /// The provider holds it for a quality assessment (Meta's `held_for_quality_assessment`).
    InReview,
    /// The provider sent it to the person.
    Sent,
    /// It reached the person's phone.
    Delivered,
    /// The person opened it.
    Read,
    /// The provider refused it or could not deliver it; the failure code says why.
    Failed,
    /// Recado decided at sending time that it must not go; the reason says why.
    Excluded,
    /// Its latest time passed before it was sent. No cost.
    Expired,
    /// Accepted, but the template's time to live plus one hour passed without a delivery. No cost.
    Undelivered,
    /// A person cancelled it.
    Cancelled,
    /// Its request may have left, but no answer came.
    InDoubt,
}

/// What happens to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageEvent {
    /// A dispatcher takes it for sending.
    Claim,
    /// The claim is given back: the request certainly did not leave or was turned away to be tried later.
    PutBack,
    /// The provider accepted the request.
    Accepted,
    /// The provider accepted it and holds it for review.
    Held,
    /// The provider refused it for good.
    Refused,
    /// The request may have left and no answer came.
    NoAnswer,
    /// The provider reported something later.
    Receipt(ReceiptStatus),
    /// Its latest time passed.
    Expire,
    /// A gate excluded it.
    Exclude,
    /// A person or a cancelled run cancelled it.
    Cancel,
    /// Its time to live plus one hour passed without a delivery.
    TimeToLivePassed,
    /// It is established, by evidence or by a person, that the attempt in doubt did not count: a new attempt may open.
    Release,
    /// A failed message is tried again: a new attempt opens.
    Retry,
    /// A person knows that the attempt in doubt was sent.
    Vouch,
    /// The store is a copy, and the original may have sent it: its next attempt is in doubt.
    Suspect,
    /// A later file takes back what was not sent yet.
    TakeBack,
    /// A later file has again what an earlier one took back, or what was too late is in time again.
    Reinstate,
}

impl MessageState {
    /// Every state, in the order screens list them.
    pub const ALL: [Self; 13] = [
        Self::Queued,
        Self::Claimed,
        Self::Accepted,
        Self::InReview,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Excluded,
        Self::Expired,
        Self::Undelivered,
        Self::Cancelled,
        Self::InDoubt,
    ];

    /// The word in database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Accepted => "accepted",
            Self::InReview => "in_review",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Excluded => "excluded",
            Self::Expired => "expired",
            Self::Undelivered => "undelivered",
            Self::Cancelled => "cancelled",
            Self::InDoubt => "in_doubt",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// True when no message of a run in this state keeps the run from being closed: delivered, read, or ended.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Claimed | Self::Accepted | Self::InReview | Self::Sent | Self::InDoubt)
    }

    /// True when a run with a message in this state is not yet sent out.
    pub const fn keeps_run_sending(self) -> bool {
        matches!(self, Self::Queued | Self::Claimed | Self::InDoubt)
    }

    /// True while a message in this state may still reach the person or have reached them.
    pub const fn may_have_been_accepted(self) -> bool {
        matches!(
            self,
            Self::Claimed
                | Self::Accepted
                | Self::InReview
                | Self::Sent
                | Self::Delivered
                | Self::Read
                | Self::Undelivered
                | Self::InDoubt
        )
    }

    /// Rank within an attempt; a receipt never lowers it. States that hold no provider's word have rank 0.
    const fn rank(self) -> u8 {
        match self {
            Self::Accepted => 1,
            Self::InReview => 2,
            Self::Sent => 3,
            Self::Delivered => 4,
            Self::Read => 5,
            _ => 0,
        }
    }
}

/// The transition table: the state that follows, or `None` when the event changes nothing in that state.
///
/// Receipts concern the latest attempt; of an earlier one only what says that the person has it, or that it did leave while
/// nothing else is on its way.
pub fn next(state: MessageState, event: MessageEvent) -> Option<MessageState> {
    use MessageEvent as E;
    use MessageState as S;
    match (state, event) {
        (S::Queued, E::Claim) => Some(S::Claimed),
        // Reinstated is only what ended while it waited; the store asks for that.
        (S::Claimed, E::PutBack)
        | (S::InDoubt, E::Release)
        | (S::Failed, E::Retry)
        | (S::Cancelled | S::Expired | S::Excluded, E::Reinstate) => Some(S::Queued),
        // An answer that comes after the claim was called doubtful is still the truth.
        (S::Claimed | S::InDoubt, E::Accepted) | (S::InDoubt, E::Vouch) => Some(S::Accepted),
        (S::Claimed | S::InDoubt, E::Held) => Some(S::InReview),
        (S::Claimed | S::InDoubt, E::Refused) => Some(S::Failed),
        (S::Claimed, E::NoAnswer) | (S::Queued, E::Suspect) => Some(S::InDoubt),
        (S::Queued | S::Claimed, E::Expire) => Some(S::Expired),
        (S::Queued | S::Claimed, E::Exclude) => Some(S::Excluded),
        (S::Queued | S::InDoubt, E::Cancel) | (S::Queued, E::TakeBack) => Some(S::Cancelled),
        (S::Accepted | S::InReview | S::Sent, E::TimeToLivePassed) => Some(S::Undelivered),
        (_, E::Receipt(status)) => after_receipt(state, status),
        _ => None,
    }
}

fn after_receipt(state: MessageState, status: ReceiptStatus) -> Option<MessageState> {
    use MessageState as S;
    let reported = match status {
        ReceiptStatus::Accepted => S::Accepted,
        ReceiptStatus::Sent => S::Sent,
        ReceiptStatus::Delivered => S::Delivered,
        ReceiptStatus::Read | ReceiptStatus::Played => S::Read,
        ReceiptStatus::Failed => S::Failed,
        ReceiptStatus::Other => return None,
    };
    match state {
        // The attempt was released as unsent (in doubt, or failed and to be tried again) and the provider now says that
        // it did leave: sending once more, or saying that it never went, would be wrong. Its failure changes nothing.
        S::Queued | S::Excluded | S::Expired => (reported != S::Failed).then_some(reported),
        // A failure after a delivery is contradictory; the delivery stands (cloud-api.md 3.4).
        S::Delivered | S::Read | S::Failed | S::Undelivered if reported == S::Failed => None,
        // Multi-device races report failed, then delivered: the delivery is what the person saw.
        S::Failed if matches!(reported, S::Accepted | S::Sent) => None,
        // Nothing new: it was given up as undelivered after it had been accepted.
        S::Undelivered if reported == S::Accepted => None,
        S::Failed | S::Undelivered | S::Cancelled | S::InDoubt | S::Claimed => Some(reported),
        _ if reported == S::Failed => Some(S::Failed),
        _ if reported.rank() > state.rank() => Some(reported),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_opens_while_an_earlier_one_may_have_been_accepted_and_has_not_failed() {
        for state in MessageState::ALL {
            for event in [MessageEvent::Retry, MessageEvent::Release, MessageEvent::PutBack] {
                let opens = next(state, event) == Some(MessageState::Queued);
                let allowed = match event {
                    MessageEvent::Retry => state == MessageState::Failed,
                    MessageEvent::Release => state == MessageState::InDoubt,
                    _ => state == MessageState::Claimed,
                };
                assert_eq!(opens, allowed, "{state:?} {event:?}");
            }
            assert_eq!(next(state, MessageEvent::Vouch).is_some(), state == MessageState::InDoubt, "{state:?}");
            assert_eq!(next(state, MessageEvent::Suspect).is_some(), state == MessageState::Queued, "{state:?}");
        }
        assert!(!MessageState::Failed.may_have_been_accepted());
    }
}
