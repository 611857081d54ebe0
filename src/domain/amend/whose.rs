//! Whose appointment an id stands for. Ids may be numbers of lines, or of the day: the same id is another's then.

use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use super::{FileKeys, Phone, Planned, Row, S, UnixMs};
use crate::domain::folded::folded;

/// A number for what a person is called, however it is written, with accents or without; 0: nobody says. The same in
/// every build, as hashes of it are kept.
pub fn who(name: &str) -> u64 {
    let letters: String = folded(name).filter(|c| c.is_alphanumeric()).collect();
    if letters.is_empty() {
        return 0;
    }
    let hash = Sha256::digest(&letters);
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte)).max(1)
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

    /// Whether it goes to the row's number and is for somebody of another name: a brother, or a name that was corrected.
    pub(super) fn is_brothers(&self, row: &Row<'_>) -> bool {
        self.goes_to(row) && row.is_named_otherwise(self.who)
    }

    /// Whether it is another's than the row's that has its id now: that person's appointment stands in another row, or nothing
    /// of it is the row's. What waits for the row's own time goes to whom the row names.
    pub(super) fn is_anothers(&self, row: &Row<'_>, keys: &FileKeys) -> bool {
        let is_same_id = row.external_id.is_some() && self.external_id.as_deref() == row.external_id;
        if !is_same_id {
            return false;
        }
        if self.goes_to(row) {
            return self.is_brothers(row) && keys.has(&self.known());
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

#[cfg(test)]
mod tests {
    use super::who;

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        for (one, other) in [("José Núñez", "JOSE NUNEZ"), ("Conceição", "Conceicao"), ("Nun\u{303}ez", "Núñez")]
        {
            assert_eq!(who(one), who(other), "{one} {other}");
        }
        assert_eq!(who("Pérez, Ana"), who("perez ana"));
        assert!(who("Ana") != who("Ena") && who("Ana") != 0);
        assert_eq!((who(""), who(" - ")), (0, 0), "nobody says");
    }
}
