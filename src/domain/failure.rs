//! Why a message was refused or not delivered, as data: what to do and what to tell people.

use std::time::Duration;

use serde::{Deserialize, Serialize};

mod change;
mod table;

pub use change::{Change, Refused};
pub use table::{Dialect, Table, known};

/// A failure as the provider told it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The provider's code (Meta's `error.code`); [`Failure::NO_CODE`] when it gave none.
    pub code: i64,
    /// The provider's own words, for the record. May quote our request: never logged.
    pub detail: String,
}

impl Failure {
    /// The code of a failure told without one. Not 0: that is a code of Meta's, and it holds the account.
    pub const NO_CODE: i64 = -1;

    /// Meta's code while an account is restricted or switched off; `account_update` tells which, and until when
    /// (cloud-api.md 6.3).
    pub const RESTRICTED: i64 = 368;

    /// Gupshup's code for a wallet that is empty (gupshup-zenvia.md 1.11).
    pub const EMPTY_WALLET: i64 = 1_003;

    /// Gupshup's and Zenvia's code for trouble that says nothing of whether the message left: tried again only where nothing
    /// else was told of it (gupshup-zenvia.md 1.11).
    pub const TROUBLE: i64 = 500;

    /// Codes of a template that the provider says it has not, in that language: Meta's and Gupshup's own.
    pub const NO_TEMPLATE: [i64; 2] = [132_001, 4_003];
}

/// What a code calls for (cloud-api.md 6.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Certainly not accepted: try again, slower.
    Retry,
    /// The same, for this sender and person only.
    RetryPair,
    /// May have gone out: in doubt.
    Ambiguous,
    /// Try again after the named time.
    Later,
    /// This message failed; the campaign goes on.
    Failed,
    /// Failed, and the number gets a strike.
    Strike,
    /// Failed, and the person gets no more marketing.
    StopMarketing,
    /// Failed, and the person gets nothing more.
    StopAll,
    /// Failed, and nobody else of the person's country gets anything from the account.
    StopCountry,
    /// Our data or configuration is wrong: the message failed, and a person should look.
    Fix,
    /// Hold the template; messages wait.
    HoldTemplate,
    /// Hold the sender; messages wait.
    HoldSender,
    /// Hold the account; messages wait.
    HoldAccount,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Retry,
        Self::RetryPair,
        Self::Ambiguous,
        Self::Later,
        Self::Failed,
        Self::Strike,
        Self::StopMarketing,
        Self::StopAll,
        Self::StopCountry,
        Self::Fix,
        Self::HoldTemplate,
        Self::HoldSender,
        Self::HoldAccount,
    ];

    /// The word in the table, the API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::RetryPair => "retry_pair",
            Self::Ambiguous => "ambiguous",
            Self::Later => "later",
            Self::Failed => "failed",
            Self::Strike => "strike",
            Self::StopMarketing => "stop_marketing",
            Self::StopAll => "stop_all",
            Self::StopCountry => "stop_country",
            Self::Fix => "fix",
            Self::HoldTemplate => "hold_template",
            Self::HoldSender => "hold_sender",
            Self::HoldAccount => "hold_account",
        }
    }
}

/// Against whom a failure speaks, for the breakers of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// The run: what is sent, or how. The next message will most likely meet the same.
    Run,
    /// The one person it was for. A list has some of these; only more than plausible speak against it.
    Person,
    /// Nobody here: WhatsApp's own choice, or a stop that a hold, a pace or another try already answers.
    Nobody,
}

impl FailureClass {
    /// Against whom a failure of this class speaks. A code that no table knows speaks against the run: nobody can say
    /// that it is about one person only.
    pub const fn blame(self) -> Blame {
        match self {
            Self::Fix => Blame::Run,
            Self::Failed | Self::Strike | Self::StopMarketing | Self::StopAll => Blame::Person,
            Self::Retry
            | Self::RetryPair
            | Self::Ambiguous
            | Self::Later
            | Self::StopCountry
            | Self::HoldTemplate
            | Self::HoldSender
            | Self::HoldAccount => Blame::Nobody,
        }
    }
}

/// What the table says of a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// What it calls for.
    pub class: FailureClass,
    /// Earliest next try, for what is tried again; for ambiguous codes how long the sender pauses.
    pub retry_after: Option<Duration>,
    /// How often a message is tried again by itself whose failure a webhook reports.
    pub tries: u32,
    told: Told,
}

impl Policy {
    /// What a class calls for when its code is not in the table.
    pub const fn of(class: FailureClass) -> Self {
        Self { class, retry_after: None, tries: 0, told: Told::Class }
    }
}

/// Where a code's sentence is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// It has its own.
    Own,
    /// Its class's will do.
    Class,
}

/// Key of the sentence that tells people about `code`: its own, else its class's, else a general one; of none that no reason
/// was given.
pub fn sentence_key(code: i64) -> String {
    match known(code) {
        _ if code == Failure::NO_CODE => "failure.untold".to_owned(),
        Some(Policy { told: Told::Own, .. }) => format!("failure.{code}"),
        Some(policy) => format!("failure.by_class.{}", policy.class.as_str()),
        None => "failure.unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_without_a_code_is_not_taken_for_one_with_code_zero() {
        let table = Table::default();
        assert_eq!(table.class_of(Failure::NO_CODE), None);
        assert_eq!(sentence_key(Failure::NO_CODE), "failure.untold");
        assert_eq!(sentence_key(999_999_999), "failure.unknown");
        assert_eq!(table.class_of(0), Some(FailureClass::HoldAccount));
    }
}
