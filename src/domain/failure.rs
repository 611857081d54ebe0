//! Why a message was refused or not delivered, as data: what to do and what to tell people.

use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    pub const ALL: [Self; 12] = [
        Self::Retry,
        Self::RetryPair,
        Self::Ambiguous,
        Self::Later,
        Self::Failed,
        Self::Strike,
        Self::StopMarketing,
        Self::StopAll,
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
            Self::Fix => "fix",
            Self::HoldTemplate => "hold_template",
            Self::HoldSender => "hold_sender",
            Self::HoldAccount => "hold_account",
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

/// One line of the table.
#[derive(Debug)]
struct Line {
    first: i64,
    last: i64,
    policy: Policy,
}

#[derive(Deserialize)]
struct RawLine {
    code: Codes,
    class: FailureClass,
    after_s: Option<u64>,
    tries: Option<u32>,
    told: Told,
}

/// `131026` or `200-299`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Codes {
    first: i64,
    last: i64,
}

impl TryFrom<String> for Codes {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        Ok(Self { first: first.parse()?, last: last.parse()? })
    }
}

/// Sorted by `first`; ranges do not overlap (a test says so).
static TABLE: LazyLock<Vec<Line>> =
    LazyLock::new(|| read(include_str!("failures.csv")).expect("the embedded table is read by a test"));

fn read(text: &str) -> Result<Vec<Line>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let line = |raw: RawLine| {
        let policy = Policy {
            class: raw.class,
            retry_after: raw.after_s.map(Duration::from_secs),
            tries: raw.tries.unwrap_or(0),
            told: raw.told,
        };
        Line { first: raw.code.first, last: raw.code.last, policy }
    };
    let mut lines = reader.deserialize().map(|raw| raw.map(line)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by_key(|line| line.first);
    Ok(lines)
}

/// What the table says of `code`; `None`: Recado does not know the code.
pub fn policy(code: i64) -> Option<Policy> {
    let after = TABLE.partition_point(|line| line.first <= code);
    let line = TABLE.get(after.checked_sub(1)?)?;
    (code <= line.last).then_some(line.policy)
}

/// What `code` calls for; `None`: Recado does not know the code. An unknown code of a request is judged by the adapter
/// with the HTTP status; one of a receipt means that the message failed and the campaign goes on (cloud-api.md 6.3).
pub fn class_of(code: i64) -> Option<FailureClass> {
    policy(code).map(|p| p.class)
}

/// Key of the sentence that tells people about `code`: its own, else its class's, else a general one.
pub fn sentence_key(code: i64) -> String {
    match policy(code) {
        Some(Policy { told: Told::Own, .. }) => format!("failure.{code}"),
        Some(policy) => format!("failure.by_class.{}", policy.class.as_str()),
        None => "failure.unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_line() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].first <= pair[0].last, "{:?}", pair[0]);
            assert!(pair[0].last < pair[1].first, "{:?} and {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn a_line_names_a_time_exactly_when_something_is_tried_again() {
        use FailureClass::{Later, Retry, RetryPair};
        for line in TABLE.iter() {
            let again = matches!(line.policy.class, Retry | RetryPair | Later) || line.policy.tries > 0;
            assert_eq!(line.policy.retry_after.is_some(), again, "{line:?}");
        }
    }

    #[test]
    fn what_stops_a_person_is_never_tried_again() {
        use FailureClass::{Failed, StopAll, StopMarketing, Strike};
        for line in TABLE.iter().filter(|l| matches!(l.policy.class, Failed | Strike | StopMarketing | StopAll)) {
            assert_eq!(line.policy.tries, 0, "{line:?}");
        }
    }

    #[test]
    fn a_range_is_told_by_its_class() {
        for line in TABLE.iter() {
            assert!(line.policy.told == Told::Class || line.first == line.last, "{line:?}");
        }
    }

    #[test]
    fn a_range_holds_both_ends_and_nothing_beyond() {
        for (code, class) in [
            (199, None),
            (200, Some(FailureClass::HoldAccount)),
            (299, Some(FailureClass::HoldAccount)),
            (300, None),
            (i64::MIN, None),
            (i64::MAX, None),
        ] {
            assert_eq!(class_of(code), class, "{code}");
        }
    }

    #[test]
    fn a_failure_without_a_code_is_not_taken_for_one_with_code_zero() {
        assert_eq!(class_of(Failure::NO_CODE), None);
        assert_eq!(sentence_key(Failure::NO_CODE), "failure.unknown");
        assert_eq!(class_of(0), Some(FailureClass::HoldAccount));
    }
}
