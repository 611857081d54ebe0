//! The rule of doubt: when an attempt whose answer never came counts as unsent. Pure; the facts are the store's.

use std::time::Duration;

use super::time::UnixMs;

/// Messages accepted this close to the doubtful claim speak for or against it.
pub const NEAR: Duration = Duration::from_mins(5);

/// Fewer of them prove nothing.
pub const ENOUGH: i64 = 20;

/// A template or portfolio with something in review within this long tells receipts late.
pub const REVIEW: Duration = Duration::from_hours(24);

/// What is known about an attempt in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// When it was claimed.
    pub claimed_at: UnixMs,
    /// When this installation was last up again after it had been down.
    pub up_since: Option<UnixMs>,
    /// How long a receipt may take, as the campaign says.
    pub in_doubt_after: Duration,
    /// Messages of its sender that were accepted within [`NEAR`] of the claim.
    pub near: i64,
    /// Those of them without any receipt.
    pub silent: i64,
    /// Those of them that were accepted after the claim.
    pub after: i64,
    /// Something of its template or portfolio was in review within [`REVIEW`].
    pub in_review: bool,
    /// The provider's receipts name the message by our own callback data.
    pub is_named: bool,
    /// The provider goes on telling a receipt for days, whatever stood still here meanwhile.
    pub is_repeated: bool,
}

/// What the rule says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Not yet: a receipt may still come until then.
    Wait(UnixMs),
    /// It counts as unsent.
    Unsent,
    /// The rule cannot decide; a person may.
    Ask(Reason),
}

/// Why the rule cannot decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The provider's receipts do not name the message.
    Provider,
    /// The provider gives a receipt up that it could not tell for a while.
    GivenUp,
    /// Something was in review.
    Review,
    /// Too few messages were accepted at that time to prove anything.
    Few,
    /// Receipts of others of that time are missing too.
    Silent,
    /// None was accepted after it.
    NoneAfter,
    /// It never left, but its campaign wants a person to decide.
    Campaign,
    /// It was sent by hand: whoever sent it knows best.
    ByHand,
    /// It never left, but it is an answer that nobody of ours wrote, and is late, or somebody has written since.
    Automatic,
    /// Its sender is not in the configuration any more.
    NoSender,
    /// It may have left from the store that this one is a copy of.
    Restored,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Provider,
        Self::GivenUp,
        Self::Review,
        Self::Few,
        Self::Silent,
        Self::NoneAfter,
        Self::Campaign,
        Self::ByHand,
        Self::Automatic,
        Self::NoSender,
        Self::Restored,
    ];

    /// The word; its sentence is the locales' key `doubt.<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::GivenUp => "given_up",
            Self::Review => "review",
            Self::Few => "few",
            Self::Silent => "silent",
            Self::NoneAfter => "none_after",
            Self::Campaign => "campaign",
            Self::ByHand => "by_hand",
            Self::Automatic => "automatic",
            Self::NoSender => "no_sender",
            Self::Restored => "restored",
        }
    }
}

impl Verdict {
    /// Whether it certainly never left, whoever decides what becomes of it.
    pub const fn is_unsent(self) -> bool {
        matches!(self, Self::Unsent | Self::Ask(Reason::Campaign | Reason::Automatic))
    }

    /// The same where a person decides what never left, for `reason`.
    #[must_use]
    pub const fn asked_of_a_person(self, reason: Option<Reason>) -> Self {
        match (self, reason) {
            (Self::Unsent, Some(reason)) => Self::Ask(reason),
            (other, _) => other,
        }
    }
}

/// Decides at `now`.
pub fn verdict(facts: &Facts, now: UnixMs) -> Verdict {
    let since = facts.up_since.map_or(facts.claimed_at, |up| up.max(facts.claimed_at));
    let until = since.plus(facts.in_doubt_after);
    if now < until {
        return Verdict::Wait(until);
    }
    let against = [
        (!facts.is_named, Reason::Provider),
        (!facts.is_repeated, Reason::GivenUp),
        (facts.in_review, Reason::Review),
        (facts.near < ENOUGH, Reason::Few),
        (facts.silent > 0, Reason::Silent),
        (facts.after == 0, Reason::NoneAfter),
    ];
    against.into_iter().find(|(applies, _)| *applies).map_or(Verdict::Unsent, |(_, reason)| Verdict::Ask(reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLAIM: UnixMs = UnixMs(1_000_000_000);
    const HALF_AN_HOUR: Duration = Duration::from_mins(30);

    fn facts() -> Facts {
        Facts {
            claimed_at: CLAIM,
            up_since: None,
            in_doubt_after: HALF_AN_HOUR,
            near: 20,
            silent: 0,
            after: 1,
            in_review: false,
            is_named: true,
            is_repeated: true,
        }
    }

    #[test]
    fn everything_has_to_speak_for_it() {
        let now = CLAIM.plus(HALF_AN_HOUR);
        assert_eq!(verdict(&facts(), now), Verdict::Unsent);
        assert_eq!(verdict(&facts(), UnixMs(now.0 - 1)), Verdict::Wait(now));
        for (facts, reason) in [
            (Facts { is_named: false, ..facts() }, Reason::Provider),
            (Facts { is_repeated: false, ..facts() }, Reason::GivenUp),
            (Facts { in_review: true, ..facts() }, Reason::Review),
            (Facts { near: 19, ..facts() }, Reason::Few),
            (Facts { silent: 1, ..facts() }, Reason::Silent),
            (Facts { after: 0, ..facts() }, Reason::NoneAfter),
        ] {
            assert_eq!(verdict(&facts, now), Verdict::Ask(reason));
        }
    }

    #[test]
    fn after_a_downtime_the_wait_begins_anew() {
        let up = CLAIM.plus(Duration::from_mins(20));
        let facts = Facts { up_since: Some(up), ..facts() };
        assert_eq!(verdict(&facts, CLAIM.plus(HALF_AN_HOUR)), Verdict::Wait(up.plus(HALF_AN_HOUR)));
        assert_eq!(verdict(&facts, up.plus(HALF_AN_HOUR)), Verdict::Unsent);
        let before = Facts { up_since: Some(UnixMs(CLAIM.0 - 1)), ..facts };
        assert_eq!(verdict(&before, CLAIM.plus(HALF_AN_HOUR)), Verdict::Unsent);
    }

    proptest! {
        #[test]
        fn nothing_counts_as_unsent_that_has_not_waited_and_been_proven(
            waited in 0_i64..10_000_000, near in 0_i64..100, silent in 0_i64..3, after in 0_i64..3,
            in_review: bool, is_named: bool, up in proptest::option::of(0_i64..10_000_000),
        ) {
            let up_since = up.map(|up| UnixMs(CLAIM.0 + up));
            let facts = Facts { up_since, near, silent, after, in_review, is_named, ..facts() };
            let now = UnixMs(CLAIM.0 + waited);
            if verdict(&facts, now) == Verdict::Unsent {
                prop_assert!(now.since(CLAIM) >= HALF_AN_HOUR && up_since.is_none_or(|up| now.since(up) >= HALF_AN_HOUR));
                prop_assert!(near >= ENOUGH && silent == 0 && after > 0 && !in_review && is_named);
            }
        }
    }
}
