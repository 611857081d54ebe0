//! Rows of a feed that have other ids than in the file before: counted, and told with how ids were spoilt.

use std::collections::BTreeSet;

use crate::domain::amend::are_alike;
use crate::domain::id::MessageId;
use crate::domain::problem::Problem;
use crate::intake::audience::FileFacts;

/// From so many on it was no person that wrote an id otherwise.
const MANY: usize = 3;

/// What goes on under another id.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    taken: BTreeSet<MessageId>,
    /// Of them, ids that differ in their form alone.
    alike: usize,
    /// The first: row, id before, id now.
    first: Option<(i64, String, String)>,
    first_alike: Option<(i64, String, String)>,
    /// Of them, ids that the file has for other appointments now.
    exchanged: usize,
    first_exchanged: Option<(i64, String, String)>,
}

impl Renamed {
    /// Messages that rows under other ids are for.
    pub(super) fn taken(&self) -> &BTreeSet<MessageId> {
        &self.taken
    }

    /// `is_named`: the file has the id before for another appointment.
    pub(super) fn add(&mut self, row: i64, (message, before, is_named): (MessageId, &str, bool), now: &str) {
        self.taken.insert(message);
        let told = || (row, before.to_owned(), now.to_owned());
        self.first.get_or_insert_with(told);
        if are_alike(before, now) {
            self.alike += 1;
            self.first_alike.get_or_insert_with(told);
        }
        if is_named {
            self.exchanged += 1;
            self.first_exchanged.get_or_insert_with(told);
        }
    }

    pub(super) fn warning(&self, facts: &FileFacts) -> Option<Problem> {
        let (code, n, first) = if self.exchanged > 0 {
            ("feed_ids_exchanged", self.taken.len(), &self.first_exchanged)
        } else if self.alike >= MANY {
            ("feed_ids_rewritten", self.alike, &self.first_alike)
        } else {
            ("feed_ids_new", self.taken.len(), &self.first)
        };
        let (row, before, now) = first.as_ref()?;
        let column = facts.columns.iter().find(|(role, _)| role == "id").map_or("", |(_, header)| header.as_str());
        let (n, row) = (n.to_string(), row.to_string());
        let args = [("n", &*n), ("row", &*row), ("column", column), ("before", before), ("id", now)];
        Some(Problem::new(code, &args))
    }
}
