//! Which people and appointments earlier rows have become messages for.
//!
//! Kept small however long the file is: beyond some hundred thousand keys they lie, sorted, in a file without a name, and
//! memory holds two bytes a row that tell nearly always that a key is new.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::domain::earlier::id_key;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;

use super::runs::{Number, Row, Runs};

/// Keys kept in memory before they go to the file: some 6 MB, and 4 more while they go. A table holds seven eighths of a
/// power of two: one key more would double it.
const IN_MEMORY: usize = (1 << 18) / 8 * 7;

/// The keys of the rows that became messages.
pub(super) struct Seen {
    fresh: HashMap<Number, Row>,
    most: usize,
    /// What went to the file.
    runs: Runs,
}

/// What makes a message unique in its run.
pub(super) enum Key {
    Person(u64),
    /// `who` tells people apart whose rows have the same id.
    Appointment {
        text: Box<str>,
        who: u32,
    },
}

/// An earlier row for the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Same {
    pub(super) row: u32,
    /// It has the same id, and is another person's.
    pub(super) other_person: bool,
}

impl Key {
    pub(super) fn of_person(phone: &Phone) -> Self {
        Self::Person(phone.person_key().parse().expect("at most 15 digits fit 64 bits"))
    }

    /// Of a person at a time: the next appointment of the same person is another row.
    pub(super) fn of_person_at(phone: &Phone, happens_at: UnixMs) -> Self {
        Self::Appointment { text: format!("p:{}|{}", phone.person_key(), happens_at.0).into(), who: who(phone) }
    }

    pub(super) fn of_appointment(id: &str, happens_at: Option<UnixMs>, phone: &Phone) -> Self {
        Self::Appointment { text: id_key(id, happens_at).into(), who: who(phone) }
    }

    const fn who(&self) -> u32 {
        match self {
            Self::Person(_) => 0,
            Self::Appointment { who, .. } => *who,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Person(digits) => format!("p:{digits}"),
            Self::Appointment { text, .. } => text.to_string(),
        }
    }

    /// A person's digits, or half of the hash of an appointment: of ten million, two are taken for one with a chance of
    /// less than one in 10²³.
    fn number(&self) -> Number {
        match self {
            Self::Person(digits) => u128::from(*digits).to_be_bytes(),
            Self::Appointment { text, .. } => {
                let hash = Sha256::digest(text.as_bytes());
                let mut half: Number = std::array::from_fn(|at| hash[at]);
                half[0] |= 1 << 7;
                half
            }
        }
    }
}

/// Of two people, the same with a chance of one in four thousand millions.
fn who(phone: &Phone) -> u32 {
    let hash = Sha256::digest(phone.person_key().as_bytes());
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

impl Seen {
    /// For a file of about so many rows.
    pub(super) fn for_rows(rows: u64) -> Self {
        Self::with(rows, IN_MEMORY)
    }

    fn with(rows: u64, most: usize) -> Self {
        Self { fresh: HashMap::new(), most, runs: Runs::for_keys(rows) }
    }

    /// The row that became a message for the same.
    pub(super) fn earlier(&mut self, key: &Key) -> Option<Same> {
        let number = key.number();
        let found = self.fresh.get(&number).copied().or_else(|| self.runs.find(number))?;
        Some(Same { row: found.no, other_person: found.who != key.who() })
    }

    pub(super) fn remember(&mut self, key: &Key, row: i64) {
        let row = Row { no: u32::try_from(row).unwrap_or(u32::MAX), who: key.who() };
        self.fresh.insert(key.number(), row);
        if self.fresh.len() >= self.most {
            // Where the disk takes nothing, they stay in memory: a large file then takes more of it.
            if self.runs.add(&self.fresh).is_ok() {
                self.fresh.clear();
            } else {
                self.most *= 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_to_the_file_is_found_again_and_nothing_else() {
        let mut seen = Seen::with(5_000, 100);
        for row in 0..5_000_i64 {
            let key = Key::Person(row as u64 * 7);
            assert_eq!(seen.earlier(&key), None, "{row}");
            seen.remember(&key, row);
        }
        for row in 0..5_000_u32 {
            assert_eq!(seen.earlier(&Key::Person(u64::from(row) * 7)).map(|same| same.row), Some(row));
            assert_eq!(seen.earlier(&Key::Person(u64::from(row) * 7 + 1)), None);
        }
    }

    #[test]
    fn more_rows_than_were_counted_are_remembered_too_with_whom_they_are_for() {
        let phone = |row: i64| Phone::from_international(&format!("54911555{row:05}")).unwrap();
        let mut seen = Seen::with(0, 10);
        for row in 0..200_i64 {
            seen.remember(&Key::of_appointment(&row.to_string(), None, &phone(row)), row);
        }
        let of = |seen: &mut Seen, at, who| seen.earlier(&Key::of_appointment("17", at, &phone(who)));
        assert_eq!(of(&mut seen, None, 17), Some(Same { row: 17, other_person: false }));
        assert_eq!(of(&mut seen, None, 18), Some(Same { row: 17, other_person: true }));
        assert_eq!(of(&mut seen, Some(UnixMs(0)), 17), None);
    }
}
