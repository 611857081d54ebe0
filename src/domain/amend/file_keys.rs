//! What a whole file names: needed before its first row is decided.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::TakenBack;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
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
    /// Whose row has an id, and which row that is.
    people: HashMap<u64, (u32, u32)>,
    /// Ids that rows of two people have.
    pub conflicts: Conflicts,
}

/// Ids that rows of two people have: nobody knows whose appointment it is.
#[derive(Clone, Debug, Default)]
pub struct Conflicts {
    count: i64,
    /// The first: the id and both rows.
    first: Option<(String, (i64, i64))>,
}

impl Conflicts {
    /// One more.
    pub fn add(&mut self, id: &str, rows: (i64, i64)) {
        self.count += 1;
        self.first.get_or_insert_with(|| (id.to_owned(), rows));
    }

    /// Those of two readings of one file.
    pub fn join(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }

    /// What is told of them: how many, the first id and both of its rows.
    pub fn problem(&self, code: &str) -> Option<Problem> {
        let (id, (row, other)) = self.first.as_ref()?;
        let [n, row, other] = [self.count, *row, *other].map(|n| n.to_string());
        Some(Problem::new(code, &[("n", &n), ("id", id), ("row", &row), ("other", &other)]))
    }
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

    /// Whose the row of an id is: two people may not have one.
    pub fn see_person(&mut self, external_id: Option<&str>, to: &Phone, row: i64) {
        let Some(id) = external_id else { return };
        // Half of a hash is enough to tell the people of one id apart.
        let who = number(&to.person_key()) as u32;
        let (first, of) = *self.people.entry(number(id)).or_insert((who, u32::try_from(row).unwrap_or(u32::MAX)));
        if first != who {
            self.conflicts.add(id, (of.into(), row));
        }
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
