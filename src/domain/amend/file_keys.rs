//! What a whole file names: needed before its first row is decided.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::TakenBack;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::time::UnixMs;

/// The rows a file names, as numbers: a million take some 40 MB.
#[derive(Clone, Debug, Default)]
pub struct FileKeys {
    keys: HashSet<u64>,
    /// Ids of rows that would become messages.
    ids: HashSet<u64>,
    /// Ids of rows that are there, and say nothing about what was planned.
    silent: HashSet<u64>,
    /// Ids of rows that are not to be sent.
    left_out: HashSet<u64>,
    span: Option<(UnixMs, UnixMs)>,
    /// Rows.
    pub rows: i64,
    /// Rows that cannot be read.
    pub unreadable: i64,
}

fn number(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl FileKeys {
    /// A row that would become a message.
    pub fn see(&mut self, key: &str, external_id: Option<&str>, happens_at: Option<UnixMs>) {
        self.rows += 1;
        self.keys.insert(number(key));
        self.ids.extend(external_id.map(number));
        self.widen(happens_at);
    }

    /// A row that becomes none.
    pub fn see_left_out(&mut self, reason: ExclusionReason, external_id: Option<&str>, happens_at: Option<UnixMs>) {
        self.rows += 1;
        self.unreadable += i64::from(reason == ExclusionReason::Unreadable);
        self.widen(happens_at);
        let of_id = match reason {
            // The appointment is still there; it is only too late for it, or its date is a riddle.
            ExclusionReason::TooLate | ExclusionReason::BadWhen | ExclusionReason::Duplicate => &mut self.silent,
            _ => &mut self.left_out,
        };
        of_id.extend(external_id.map(number));
    }

    fn widen(&mut self, happens_at: Option<UnixMs>) {
        if let Some(at) = happens_at {
            let (from, until) = self.span.unwrap_or((at, at));
            self.span = Some((from.min(at), until.max(at)));
        }
    }

    /// Whether a row of this key would become a message.
    pub fn holds(&self, key: &str) -> bool {
        self.keys.contains(&number(key))
    }

    /// The first and the last date of the rows.
    pub fn span(&self) -> Option<(UnixMs, UnixMs)> {
        self.span
    }

    /// Why a message that waits is taken back; `None`: it stays. `everything`: the file holds everything ahead of `now`, so
    /// that what is not in it, though its date lies among the file's, is gone.
    pub fn takes_back(
        &self,
        key: &str,
        external_id: Option<&str>,
        happens_at: Option<UnixMs>,
        (everything, now): (bool, UnixMs),
    ) -> Option<TakenBack> {
        if self.holds(key) {
            return None;
        }
        if let Some(id) = external_id.map(number) {
            if self.ids.contains(&id) {
                return Some(TakenBack::Moved);
            }
            if self.silent.contains(&id) {
                return None;
            }
            if self.left_out.contains(&id) {
                return Some(TakenBack::LeftOut);
            }
        }
        let ((from, until), at) = (self.span?, happens_at?);
        (everything && at > now && from <= at && at <= until).then_some(TakenBack::Absent)
    }
}
