//! What a whole file names: needed before its first row is decided.

use std::hash::Hash;

use super::packed::Packed;
use super::planned::is_once_more;
use super::{Known, TakenBack, base_key};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::hashed::hashed;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;

/// The rows a file names, as numbers: a million take 42 MB, and 51 MB at most while they come.
#[derive(Clone, Debug, Default)]
pub struct FileKeys {
    keys: Packed<()>,
    /// Ids of rows that would become messages: whose each is (0: not known yet), and which row.
    ids: Packed<(u32, u32)>,
    /// Ids of rows that are there, and say nothing about what was planned.
    silent: Packed<()>,
    /// Ids of rows that are not to be sent: halves of whose and when each is (0: not known).
    left_out: Packed<(u32, u32)>,
    /// Appointments that stand in the file, and which id each has.
    there: Packed<()>,
    /// Appointments of rows that are not to be sent.
    not_to_be_sent: Packed<()>,
    span: Option<(UnixMs, UnixMs)>,
    /// Rows.
    pub rows: i64,
    /// Rows that cannot be read.
    pub unreadable: i64,
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

impl FileKeys {
    /// A row that would become a message.
    pub fn see(&mut self, key: &str, external_id: Option<&str>, happens_at: Option<UnixMs>) {
        self.rows += 1;
        self.keys.or_insert(hashed(key), ());
        if let Some(id) = external_id {
            self.ids.or_insert(hashed(id), (0, 0));
        }
        self.widen(happens_at);
    }

    /// Whose the row of an id is: two people may not have one.
    pub fn see_person(&mut self, external_id: Option<&str>, to: &Phone, row: i64) {
        let Some(id) = external_id else { return };
        let who = half(to.person_key());
        let (first, of) = self.ids.get(hashed(id)).unwrap_or_default();
        if first == 0 {
            self.ids.set(hashed(id), (who, u32::try_from(row).unwrap_or(u32::MAX)));
        } else if first != who {
            self.conflicts.add(id, (of.into(), row));
        }
    }

    /// What the row of an id is known by, where it has one: a row that would become a message.
    pub fn see_appointment(&mut self, external_id: Option<&str>, known: &Known<'_>) {
        let Some(id) = external_id else { return };
        self.there.or_insert(content(known), ());
        self.there.or_insert(hashed((id, content(known))), ());
    }

    /// A row that becomes none; `known`: what it is known by, where its number can be read.
    pub fn see_left_out(
        &mut self,
        reason: ExclusionReason,
        (external_id, happens_at): (Option<&str>, Option<UnixMs>),
        known: Option<&Known<'_>>,
    ) {
        self.rows += 1;
        self.unreadable += i64::from(reason == ExclusionReason::Unreadable);
        self.widen(happens_at);
        // The appointment is still there; it is only too late for it, or its date is a riddle.
        let is_silent =
            matches!(reason, ExclusionReason::TooLate | ExclusionReason::BadWhen | ExclusionReason::Duplicate);
        let Some(id) = external_id else { return };
        if let Some(known) = known {
            self.see_appointment(external_id, known);
            if !is_silent {
                self.not_to_be_sent.or_insert(content(known), ());
            }
        }
        if is_silent {
            self.silent.or_insert(hashed(id), ());
        } else {
            let of = known.map_or((0, 0), |known| (half(known.to.person_key()), half(known.happens_at.map(|at| at.0))));
            self.left_out.or_insert(hashed(id), of);
        }
    }

    fn widen(&mut self, happens_at: Option<UnixMs>) {
        if let Some(at) = happens_at {
            let (from, until) = self.span.unwrap_or((at, at));
            self.span = Some((from.min(at), until.max(at)));
        }
    }

    /// Whether a row of this key would become a message.
    pub fn holds(&self, key: &str) -> bool {
        self.keys.contains(hashed(key))
    }

    /// Whether any row has this id.
    pub fn names(&self, external_id: &str) -> bool {
        let id = hashed(external_id);
        self.ids.contains(id) || self.silent.contains(id) || self.left_out.contains(id)
    }

    /// The first and the last date of the rows.
    pub fn span(&self) -> Option<(UnixMs, UnixMs)> {
        self.span
    }

    /// Whether any row that has an id is this appointment.
    pub(super) fn has(&self, known: &Known<'_>) -> bool {
        self.there.contains(content(known))
    }

    /// Whether the row of this id is this appointment.
    pub(super) fn is_row(&self, external_id: &str, known: &Known<'_>) -> bool {
        self.there.contains(hashed((external_id, content(known))))
    }

    /// Whether the row of this id is another person's.
    pub(super) fn is_of_another(&self, external_id: &str, to: &Phone) -> bool {
        let (whose, _) = self.ids.get(hashed(external_id)).unwrap_or_default();
        whose != 0 && whose != half(to.person_key())
    }

    /// Why a message that waits, and that is no row's any more, is taken back; `None`: it stays. `everything`: the file
    /// holds everything ahead of `now`, so that what is not in it, though its date lies among the file's, is gone.
    pub fn takes_back(
        &self,
        (key, external_id): (&str, Option<&str>),
        known: &Known<'_>,
        (everything, now): (bool, UnixMs),
    ) -> Option<TakenBack> {
        let base = base_key(key);
        let is_anothers = external_id.is_some_and(|id| self.is_of_another(id, known.to));
        // Whose row has the message of a brother by now: that it is not this one's says nothing of this one.
        let is_passed_over = external_id.is_some_and(|id| !self.is_row(id, known)) && self.holds(key);
        if self.holds(base) && (is_once_more(key) || !is_anothers) && !is_passed_over {
            // The row has another message by now: the one before it, to the number that it has again.
            return (base != key).then_some(TakenBack::Number);
        }
        if self.not_to_be_sent.contains(content(known)) {
            return Some(TakenBack::LeftOut);
        }
        if let Some(id) = external_id.map(hashed) {
            if self.ids.contains(id) && !is_anothers && !is_passed_over {
                return Some(TakenBack::Moved);
            }
            if self.silent.contains(id) {
                return None;
            }
            let is_theirs = |(whose, at): (u32, u32)| {
                whose == 0 || whose == half(known.to.person_key()) || at == half(known.happens_at.map(|at| at.0))
            };
            if self.left_out.get(id).is_some_and(is_theirs) {
                return Some(TakenBack::LeftOut);
            }
        }
        let ((from, until), at) = (self.span?, known.happens_at?);
        (everything && at > now && from <= at && at <= until).then_some(TakenBack::Absent)
    }
}

fn content(known: &Known<'_>) -> u64 {
    hashed((known.to.person_key(), known.happens_at.map(|at| at.0), known.who))
}

/// Half of a hash is enough to tell the people, or the times, of one id apart; 0 is none.
fn half(value: impl Hash) -> u32 {
    (hashed(value) as u32).max(1)
}
