//! Which people and appointments earlier rows have become messages for.

use std::collections::HashMap;

use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;

/// Kept small: a million people take some 40 MB.
#[derive(Default)]
pub(super) struct Seen {
    /// A person's digits are at most 15 and fit a number.
    people: HashMap<u64, u32>,
    appointments: HashMap<Box<str>, u32>,
}

/// What makes a message unique in its run.
pub(super) enum Key {
    Person(u64),
    Appointment(Box<str>),
}

impl Key {
    pub(super) fn of_person(phone: &Phone) -> Self {
        Self::Person(phone.person_key().parse().expect("at most 15 digits fit 64 bits"))
    }

    pub(super) fn of_appointment(id: &str, happens_at: Option<UnixMs>) -> Self {
        let at = happens_at.map(|at| at.0.to_string()).unwrap_or_default();
        Self::Appointment(format!("i:{id}|{at}").into())
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Person(digits) => format!("p:{digits}"),
            Self::Appointment(text) => text.to_string(),
        }
    }
}

impl Seen {
    /// The row that became a message for the same.
    pub(super) fn earlier(&self, key: &Key) -> Option<u32> {
        match key {
            Key::Person(digits) => self.people.get(digits).copied(),
            Key::Appointment(text) => self.appointments.get(text).copied(),
        }
    }

    pub(super) fn remember(&mut self, key: Key, row: i64) {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        match key {
            Key::Person(digits) => drop(self.people.insert(digits, row)),
            Key::Appointment(text) => drop(self.appointments.insert(text, row)),
        }
    }
}
