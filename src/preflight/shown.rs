//! What a person saw before they said yes: a mark that travels with the sheet and comes back with the start, so that
//! something that changed in between is shown again, with what it was.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::diff::Changes;
use super::sheet::Sheet;
use crate::billing::card::Cards;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::{RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::{Template, TemplateStatus};
use crate::domain::time::UnixMs;

/// Hex digits kept of each part: enough to tell what changed, and nobody gains by forging their own approval.
const DIGITS: usize = 16;

/// The mark: `r1-<version>-<definition>-<audience>-<template>-<prices>-<diff>-<left alone>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown([String; 7]);

/// What stood behind a sheet.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// The version.
    pub version: VersionId,
    /// The text of its campaign file.
    pub definition: &'a str,
    /// Hash of its audience.
    pub audience: &'a str,
    /// The template with its translations, where it was known.
    pub template: Option<&'a Snapshot>,
    /// Rate cards.
    pub cards: &'a Cards,
    /// When it was looked at.
    pub at: UnixMs,
    /// The sheet.
    pub sheet: &'a Sheet,
}

impl Shown {
    /// The mark of a sheet.
    pub fn of(behind: Behind<'_>) -> Self {
        // Status and quality change by themselves and are judged anew at each start; text, category and life bind.
        let plain = |t: &Template| Template {
            provider_id: String::new(),
            status: TemplateStatus::Approved,
            announced: None,
            quality: None,
            ..t.clone()
        };
        let template: Option<Vec<Template>> = behind.template.map(|snapshot| snapshot.all().map(plain).collect());
        let day = behind.at.day_in(&jiff::tz::TimeZone::UTC);
        let card = behind.cards.in_effect(&behind.sheet.cost.currency, &day);
        Self([
            behind.version.to_string(),
            digest(&behind.definition),
            digest(&behind.audience),
            digest(&template),
            digest(&card),
            digest(&decided(behind.sheet)),
            digest(&left_alone(behind.sheet)),
        ])
    }

    /// Reads a mark; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<String> = text.strip_prefix("r1-")?.split('-').map(str::to_owned).collect();
        parts.try_into().ok().map(Self)
    }

    /// What is otherwise `now`; empty: it is what was shown.
    pub fn changes(&self, now: &Self) -> Vec<Problem> {
        const CODES: [&str; 7] =
            ["", "shown_file", "shown_audience", "shown_template", "shown_prices", "shown_diff", "shown_suppressed"];
        let differs = |i: &usize| self.0[*i] != now.0[*i];
        let found: Vec<Problem> = (1..CODES.len()).filter(differs).map(|i| Problem::new(CODES[i], &[])).collect();
        // The same content under another number was loaded and taken back meanwhile: nothing to say of it.
        found
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r1-{}", self.0.join("-"))
    }
}

/// What a person decides on besides the rows themselves: what other runs have sent of them, and what they do to a standing
/// run. What waits there as it is and what it has sent is not of it: the run goes on sending while they look.
fn decided(sheet: &Sheet) -> (BTreeMap<RunId, i64>, Option<Changes>) {
    let changes = sheet.changes.clone().map(|all| Changes { planned: 0, same: 0, already_sent: 0, ..all });
    let mut sent = sheet.already_sent.clone();
    sent.retain(|run, _| changes.as_ref().is_none_or(|changes| changes.run != *run));
    (sent, changes)
}

/// Whom the do-not-send list takes out: one more or fewer is another number of messages, and other money.
fn left_alone(sheet: &Sheet) -> (Option<&i64>, Option<&Vec<i64>>) {
    let why = ExclusionReason::Suppressed;
    (sheet.excluded.get(&why), sheet.excluded_rows.get(&why))
}

fn digest(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).unwrap_or_default();
    let mut hex = hex::encode(Sha256::digest(&json));
    hex.truncate(DIGITS);
    hex
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn a_mark_that_is_read_is_the_one_that_was_written_and_anything_else_is_none() {
        let mark = "r1-12-aa-bb-cc-dd-ee-ff";
        assert_eq!(Shown::parse(mark).unwrap().to_string(), mark);
        for other in ["", "r1-", "r2-12-aa-bb-cc-dd-ee-ff", "r1-12-aa-bb-cc-dd-ee", "r1-12-aa-bb-cc-dd-ee-ff-gg"] {
            assert!(Shown::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn each_part_that_changed_is_named() {
        let shown = Shown::parse("r1-12-aa-bb-cc-dd-ee-ff").unwrap();
        for (now, codes) in [
            ("r1-12-aa-bb-cc-dd-ee-ff", vec![]),
            ("r1-13-xx-bb-cc-dd-ee-ff", vec!["shown_file"]),
            ("r1-13-aa-xx-cc-dd-xx-ff", vec!["shown_audience", "shown_diff"]),
            ("r1-12-aa-bb-xx-xx-ee-ff", vec!["shown_template", "shown_prices"]),
            ("r1-12-aa-bb-cc-dd-ee-xx", vec!["shown_suppressed"]),
        ] {
            let changes = shown.changes(&Shown::parse(now).unwrap());
            assert_eq!(changes.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), codes, "{now}");
        }
    }
}
