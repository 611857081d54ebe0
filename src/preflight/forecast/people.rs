//! Who was seen already, in little memory: exactly for some thousands, beyond that nearly.

use std::collections::HashSet;

use crate::domain::hashed::hashed;
use crate::domain::phone::Phone;

/// People who are told apart exactly.
const EXACT: usize = 20_000;
/// Bits beyond: 8 MB. Of five million people one in a hundred is taken for another, which no forecast notices.
const BITS: u64 = 1 << 26;
/// Bits of each person.
const PROBES: u32 = 3;

/// People seen.
#[derive(Default)]
pub(super) struct People {
    few: HashSet<u64>,
    many: Vec<u64>,
}

impl People {
    /// True when the person is seen for the first time.
    pub(super) fn insert(&mut self, phone: &Phone) -> bool {
        let person = hashed(phone.digits());
        if !self.many.is_empty() {
            return self.set(person);
        }
        let is_new = self.few.insert(person);
        if self.few.len() > EXACT {
            self.many = vec![0; (BITS / 64) as usize];
            for person in std::mem::take(&mut self.few) {
                self.set(person);
            }
        }
        is_new
    }

    fn set(&mut self, person: u64) -> bool {
        let mut is_new = false;
        let (mut at, step) = (person, (person >> 32) | 1);
        for _ in 0..PROBES {
            let (word, bit) = ((at % BITS / 64) as usize, 1_u64 << (at % 64));
            is_new |= self.many[word] & bit == 0;
            self.many[word] |= bit;
            at = at.wrapping_add(step);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(no: u32) -> Phone {
        Phone::from_international(&format!("54911{}", 10_000_000 + no)).unwrap()
    }

    #[test]
    fn nearly_everybody_is_seen_once_however_many_there_are() {
        let mut people = People::default();
        let new = (0..100_000).filter(|no| people.insert(&phone(*no))).count();
        assert!((99_900..=100_000).contains(&new), "{new}");
        assert!((0..100_000).all(|no| !people.insert(&phone(no))));
    }
}
