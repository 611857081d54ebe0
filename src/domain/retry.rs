//! Whether sending a failed message again can help, by what its code calls for. Pure.

use super::failure::{Failure, FailureClass, Policy};

/// What another try is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// What went wrong passes by itself.
    Likely,
    /// Once the provider lets the template, the sender or the account send again, or to that country; until then it waits.
    AfterHold,
    /// Only after somebody has corrected what is wrong: the same content goes out again.
    AfterFix,
    /// Nobody knows whether the person has it: sent again, it may come twice.
    Unsure,
    /// Recado does not know the code.
    Unknown,
    /// The provider will say the same again, or the person wants no more.
    No,
}

impl Help {
    /// Every answer.
    pub const ALL: [Self; 6] = [Self::Likely, Self::AfterHold, Self::AfterFix, Self::Unsure, Self::Unknown, Self::No];

    /// What another try is worth after a failure with `code`, which calls for that; `None`: the code is not in the table.
    /// What is ambiguous as an answer is certain once it is told as a failure, where the policy tries it again by itself;
    /// trouble at the provider is so only where nothing else was told, which this does not know.
    pub fn of(code: i64, policy: Option<Policy>) -> Self {
        use FailureClass as C;
        let is_unsure = |policy: Policy| code == Failure::TROUBLE || policy.tries == 0;
        match policy.map(|policy| policy.class) {
            Some(C::Ambiguous) if policy.is_some_and(is_unsure) => Self::Unsure,
            Some(C::Retry | C::RetryPair | C::Ambiguous | C::Later) => Self::Likely,
            // While the country is held none of them is tried again.
            Some(C::HoldTemplate | C::HoldSender | C::HoldAccount | C::StopCountry) => Self::AfterHold,
            Some(C::Fix) => Self::AfterFix,
            Some(C::Failed | C::Strike | C::StopMarketing | C::StopAll) => Self::No,
            None => Self::Unknown,
        }
    }

    /// Whether it is done where nobody chooses.
    pub const fn by_default(self) -> bool {
        matches!(self, Self::Likely | Self::AfterHold)
    }

    /// The word; its sentence is the locales' key `retry.<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::AfterHold => "after_hold",
            Self::AfterFix => "after_fix",
            Self::Unsure => "unsure",
            Self::Unknown => "unknown",
            Self::No => "no",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_a_person_or_stays_wrong_is_never_tried_again_unless_somebody_chooses_it() {
        use FailureClass as C;
        for class in C::ALL {
            let passes = matches!(
                class,
                C::Retry | C::RetryPair | C::Later | C::HoldTemplate | C::HoldSender | C::HoldAccount | C::StopCountry
            );
            assert_eq!(Help::of(1, Some(Policy::of(class))).by_default(), passes, "{class:?}");
        }
        assert!(!Help::of(1, None).by_default());
    }

    #[test]
    fn what_a_person_may_have_got_is_not_tried_again_unless_somebody_chooses_it() {
        use crate::domain::failure::Dialect;
        for (dialect, code, help) in [
            (Dialect::CloudApi, 131_000, Help::Likely),
            (Dialect::Gupshup, 131_000, Help::Likely),
            (Dialect::Gupshup, 500, Help::Unsure),
            (Dialect::Gupshup, 4_002, Help::Unsure),
            (Dialect::Zenvia, 500, Help::Unsure),
            (Dialect::Zenvia, 409, Help::Unsure),
            (Dialect::Gupshup, 4_001, Help::Likely),
        ] {
            assert_eq!(Help::of(code, dialect.policy(code)), help, "{dialect:?} {code}");
        }
        assert!(!Help::Unsure.by_default());
    }
}
