//! Whose appointment an id stands for. Ids may be numbers of lines, or of the day: the same id is another's then.

use serde::{Deserialize, Serialize};

use super::{FileKeys, Phone, Planned, Row, S, UnixMs, mark};

/// A number for what a person is called, however it is written; 0: nobody says.
pub fn who(name: &str) -> u64 {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if letters.is_empty() { 0 } else { mark(&[&letters]).max(1) }
}

/// What an appointment is known by, whatever its id.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The number of its person.
    pub to: &'a Phone,
    /// Its date and time.
    pub happens_at: Option<UnixMs>,
    /// [`who`] it is for.
    pub who: u64,
}

/// What somebody has answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The id of the row that they were written to for.
    pub external_id: String,
    /// Their number; `None`: they were erased.
    pub to: Option<Phone>,
    /// The date and time that they were told.
    pub happens_at: Option<UnixMs>,
    /// [`who`] they are.
    pub who: u64,
    /// Whether it was that they cancel.
    pub cancelled: bool,
}

impl Known<'_> {
    /// Whether it is the same person's at the same time, by the same name.
    pub(super) fn is_as(&self, other: &Known<'_>) -> bool {
        self.happens_at == other.happens_at && self.who == other.who && self.to.person_key() == other.to.person_key()
    }
}

impl Row<'_> {
    pub(super) fn known(&self) -> Known<'_> {
        Known { to: self.to, happens_at: self.happens_at, who: self.who }
    }

    /// Whether both are named, and otherwise.
    fn is_named_otherwise(&self, who: u64) -> bool {
        who != 0 && self.who != 0 && who != self.who
    }

    fn is_named_the_same(&self, who: u64) -> bool {
        who != 0 && who == self.who
    }

    fn has_number(&self, to: &Phone) -> bool {
        let person = to.person_key();
        person == self.to.person_key() || self.others.iter().any(|other| other.person_key() == person)
    }
}

impl Answered {
    /// Whether whoever has answered is whom the row of the same id is for: one of its numbers, or a corrected one of the same
    /// name and time.
    pub(super) fn is_of(&self, row: &Row<'_>) -> bool {
        let Some(to) = &self.to else { return true };
        row.has_number(to) || self.happens_at == row.happens_at && !row.is_named_otherwise(self.who)
    }
}

impl Planned {
    pub(super) fn known(&self) -> Known<'_> {
        Known { to: &self.to, happens_at: self.happens_at, who: self.who }
    }

    /// Whether it is another's than the row's that has its id now: that person's appointment stands in another row, or nothing
    /// of it is the row's. What waits for the row's own time goes to whom the row names.
    pub(super) fn is_anothers(&self, row: &Row<'_>, keys: &FileKeys) -> bool {
        let is_same_id = row.external_id.is_some() && self.external_id.as_deref() == row.external_id;
        if !is_same_id {
            return false;
        }
        if self.goes_to(row) {
            // A brother's, whose own row stands elsewhere in the file.
            return row.is_named_otherwise(self.who) && keys.has(&self.known());
        }
        let has_number = row.has_number(&self.to);
        if has_number && !row.is_named_otherwise(self.who) {
            return false;
        }
        let is_then = self.happens_at == row.happens_at;
        let is_other = match self.state {
            S::Queued => !is_then && !row.is_named_the_same(self.who),
            _ => row.is_named_otherwise(self.who) || !is_then && !row.is_named_the_same(self.who),
        };
        keys.has(&self.known()) || !has_number && is_other
    }
}
