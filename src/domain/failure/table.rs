//! The error tables, embedded as data, one for each provider; the operator may override each line.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use super::{FailureClass, Policy, Told};

/// Whose codes a table holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Dialect {
    /// Meta's Cloud API.
    #[default]
    CloudApi,
    /// Gupshup's form API.
    Gupshup,
    /// Zenvia's API v2, by HTTP status.
    Zenvia,
}

impl Dialect {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::CloudApi, Self::Gupshup, Self::Zenvia];

    fn lines(self) -> &'static [Line] {
        match self {
            Self::CloudApi => &CLOUD_API,
            Self::Gupshup => &GUPSHUP,
            Self::Zenvia => &ZENVIA,
        }
    }

    /// What the embedded table says of `code`; `None`: Recado does not know it.
    pub fn policy(self, code: i64) -> Option<Policy> {
        let own = find(self.lines(), code);
        let relayed = || if is_relayed(code) { find(&CLOUD_API, code) } else { None };
        own.or_else(relayed)
    }

    /// Every line, as its first and last code and what they call for.
    pub fn table(self) -> impl Iterator<Item = (i64, i64, Policy)> {
        self.lines().iter().map(|line| (line.first, line.last, line.policy))
    }
}

/// Codes of Meta's that other providers pass on as they are (gupshup-zenvia.md 1.11, 2.7).
fn is_relayed(code: i64) -> bool {
    code >= 130_000 || matches!(code, 368 | 80_007)
}

/// The table an account goes by: the embedded one with the operator's changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    dialect: Dialect,
    changed: BTreeMap<i64, Policy>,
}

impl Table {
    /// The table of `dialect`, with `changed` laid over it.
    pub fn new(dialect: Dialect, changed: BTreeMap<i64, Policy>) -> Self {
        Self { dialect, changed }
    }

    /// What is to be done about `code`; `None`: Recado does not know it.
    pub fn policy(&self, code: i64) -> Option<Policy> {
        self.changed.get(&code).copied().or_else(|| self.dialect.policy(code))
    }

    /// What `code` calls for; `None`: Recado does not know the code. An unknown code of a request is judged by the
    /// adapter with the HTTP status; one of a receipt means that the message failed and the campaign goes on
    /// (cloud-api.md 6.3).
    pub fn class_of(&self, code: i64) -> Option<FailureClass> {
        self.policy(code).map(|p| p.class)
    }
}

/// What some provider's embedded table says of `code`. The tables agree wherever they share one (a test says so).
pub fn known(code: i64) -> Option<Policy> {
    Dialect::ALL.into_iter().find_map(|dialect| find(dialect.lines(), code))
}

/// One line of a table.
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

/// Each sorted by `first`; ranges do not overlap (a test says so).
static CLOUD_API: LazyLock<Vec<Line>> =
    LazyLock::new(|| read(include_str!("cloud_api.csv")).expect("the embedded table is read by a test"));
static GUPSHUP: LazyLock<Vec<Line>> =
    LazyLock::new(|| read(include_str!("gupshup.csv")).expect("the embedded table is read by a test"));
static ZENVIA: LazyLock<Vec<Line>> =
    LazyLock::new(|| read(include_str!("zenvia.csv")).expect("the embedded table is read by a test"));

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

fn find(lines: &[Line], code: i64) -> Option<Policy> {
    let after = lines.partition_point(|line| line.first <= code);
    let line = lines.get(after.checked_sub(1)?)?;
    (code <= line.last).then_some(line.policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> impl Iterator<Item = &'static Line> {
        Dialect::ALL.into_iter().flat_map(Dialect::lines)
    }

    #[test]
    fn every_code_has_one_line() {
        for dialect in Dialect::ALL {
            for pair in dialect.lines().windows(2) {
                assert!(pair[0].first <= pair[0].last, "{:?}", pair[0]);
                assert!(pair[0].last < pair[1].first, "{:?} and {:?}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn a_line_names_a_time_exactly_when_something_is_tried_again() {
        use FailureClass::{Later, Retry, RetryPair};
        for line in lines() {
            let again = matches!(line.policy.class, Retry | RetryPair | Later) || line.policy.tries > 0;
            assert_eq!(line.policy.retry_after.is_some(), again, "{line:?}");
        }
    }

    #[test]
    fn what_stops_a_person_is_never_tried_again() {
        use FailureClass::{Failed, StopAll, StopMarketing, Strike};
        for line in lines().filter(|l| matches!(l.policy.class, Failed | Strike | StopMarketing | StopAll)) {
            assert_eq!(line.policy.tries, 0, "{line:?}");
        }
    }

    #[test]
    fn a_range_is_told_by_its_class() {
        for line in lines() {
            assert!(line.policy.told == Told::Class || line.first == line.last, "{line:?}");
        }
    }

    #[test]
    fn a_code_that_two_tables_have_means_the_same_in_both() {
        for line in lines() {
            for dialect in Dialect::ALL {
                let same = find(dialect.lines(), line.first).is_none_or(|policy| policy == line.policy);
                assert!(same, "{line:?} in {dialect:?}");
            }
        }
    }

    #[test]
    fn a_range_holds_both_ends_and_nothing_beyond() {
        let table = Table::default();
        for (code, class) in [
            (199, None),
            (200, Some(FailureClass::HoldAccount)),
            (299, Some(FailureClass::HoldAccount)),
            (300, None),
            (i64::MIN, None),
            (i64::MAX, None),
        ] {
            assert_eq!(table.class_of(code), class, "{code}");
        }
    }

    #[test]
    fn other_providers_pass_on_metas_codes_and_no_more() {
        for dialect in [Dialect::Gupshup, Dialect::Zenvia] {
            assert_eq!(dialect.policy(131_026), Dialect::CloudApi.policy(131_026));
            assert_eq!(dialect.policy(368), Dialect::CloudApi.policy(368));
            assert_eq!(dialect.policy(190), None, "a small code is the provider's own");
        }
        assert_eq!(Dialect::CloudApi.policy(1_003), None);
    }
}
