//! Whether many people have few numbers between them: then the column is somebody else's, a branch's or a doctor's.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Draft;
use crate::domain::problem::Problem;

/// Numbers that are looked at; a file with more is no such case, and would take memory.
const NUMBERS: usize = 500;

/// Names that are kept of each number.
const NAMES: usize = 20;

/// Messages below which nothing is said.
const MESSAGES: u64 = 20;

/// People of one number, on average, from which on it is told: families have fewer.
const PEOPLE: usize = 5;

/// The numbers that messages go to, with whose they are.
#[derive(Debug, Default)]
pub(super) struct FewNumbers {
    messages: u64,
    /// By the person that a number stands for, hashes of the names of their rows.
    numbers: BTreeMap<String, BTreeSet<u64>>,
    are_many: bool,
}

impl FewNumbers {
    pub(super) fn see(&mut self, draft: &Draft) {
        self.messages += 1;
        if self.are_many {
            return;
        }
        let names = self.numbers.entry(draft.to.person_key()).or_default();
        if names.len() < NAMES {
            let mut hasher = DefaultHasher::new();
            // Without a name each row may be somebody else's.
            let is_nameless = draft.name.is_empty();
            (draft.name.to_lowercase(), is_nameless.then_some(self.messages)).hash(&mut hasher);
            names.insert(hasher.finish());
        }
        if self.numbers.len() > NUMBERS {
            self.are_many = true;
            self.numbers.clear();
        }
    }

    pub(super) fn problem(&self, column: &str) -> Option<Problem> {
        let people: usize = self.numbers.values().map(BTreeSet::len).sum();
        let are_few = self.messages >= MESSAGES && !self.are_many && people >= self.numbers.len() * PEOPLE;
        let (n, of) = (self.numbers.len().to_string(), self.messages.to_string());
        are_few.then(|| Problem::new("few_numbers", &[("n", &n), ("of", &of), ("column", column)]))
    }
}
