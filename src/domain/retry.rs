//! Whether sending a failed message again can help, by what its code calls for. Pure.

use super::failure::FailureClass;

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
    /// Recado does not know the code.
    Unknown,
    /// The provider will say the same again, or the person wants no more.
    No,
}

impl Help {
    /// Every answer.
    pub const ALL: [Self; 5] = [Self::Likely, Self::AfterHold, Self::AfterFix, Self::Unknown, Self::No];

    /// What another try is worth after a failure of `class`; `None`: the code is not in the table.
    pub const fn of(class: Option<FailureClass>) -> Self {
        use FailureClass as C;
        match class {
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
                C::Retry
                    | C::RetryPair
                    | C::Ambiguous
                    | C::Later
                    | C::HoldTemplate
                    | C::HoldSender
                    | C::HoldAccount
                    | C::StopCountry
            );
            assert_eq!(Help::of(Some(class)).by_default(), passes, "{class:?}");
        }
        assert!(!Help::of(None).by_default());
    }
}
