//! A map from numbers that is kept small however many there are: two words an entry at most, and no more than an eighth of
//! them in a table. A row of a file, under its key, its id and what it is known by, takes 42 bytes once there are some hundred
//! thousand, and 51 at most on the way there.

use std::collections::HashMap;

/// Entries that lie in a table at least before they go to the others.
const FRESH: usize = 1 << 14;

/// The map. What comes first under a number stays.
#[derive(Clone, Debug)]
pub(super) struct Packed<V> {
    /// In order, so that one is found by halving.
    sorted: Vec<(u64, V)>,
    fresh: HashMap<u64, V>,
}

impl<V> Default for Packed<V> {
    fn default() -> Self {
        Self { sorted: Vec::new(), fresh: HashMap::new() }
    }
}

impl<V: Copy> Packed<V> {
    /// What stands under a number.
    pub fn get(&self, number: u64) -> Option<V> {
        self.fresh.get(&number).copied().or_else(|| self.place(number).map(|at| self.sorted[at].1))
    }

    pub fn contains(&self, number: u64) -> bool {
        self.get(number).is_some()
    }

    /// What stands under a number, and `value` from now on where nothing did.
    pub fn or_insert(&mut self, number: u64, value: V) -> V {
        if let Some(known) = self.get(number) {
            return known;
        }
        self.set(number, value);
        value
    }

    /// Puts a value under a number.
    pub fn set(&mut self, number: u64, value: V) {
        if let Some(at) = self.place(number) {
            self.sorted[at].1 = value;
            return;
        }
        self.fresh.insert(number, value);
        if self.fresh.len() >= FRESH.max(self.sorted.len() / 8) {
            self.sorted.reserve_exact(self.fresh.len());
            self.sorted.extend(self.fresh.drain());
            self.sorted.sort_unstable_by_key(|(number, _)| *number);
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.sorted.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    /// Bytes it takes.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let entry = size_of::<(u64, V)>();
        // A table has a byte more for each entry, and room for an eighth more than it holds.
        self.sorted.capacity() * entry + self.fresh.capacity() * 8 / 7 * (entry + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else_and_the_first_stays() {
        let mut all = Packed::default();
        for n in 0..60_000_u64 {
            assert_eq!(all.or_insert(n * 7, n), n);
        }
        for n in 0..60_000_u64 {
            assert_eq!((all.get(n * 7), all.get(n * 7 + 1)), (Some(n), None));
        }
        assert_eq!(all.or_insert(7, 99), 1);
        all.set(7, 5);
        assert_eq!(all.get(7), Some(5));
    }

    #[test]
    fn a_row_of_a_long_file_takes_fifty_two_bytes_at_most() {
        let (mut keys, mut people, mut known) = (Packed::default(), Packed::default(), Packed::default());
        let mut most = 0;
        for n in 1..=300_000_u64 {
            let number = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            keys.or_insert(number, ());
            people.or_insert(number, (1_u32, 2_u32));
            known.or_insert(number.rotate_left(32), ());
            known.or_insert(!number, ());
            if n > 150_000 && n % 500 == 0 {
                most = most.max((keys.bytes() + people.bytes() + known.bytes()).div_ceil(n as usize));
            }
        }
        assert!(most <= 52, "{most} bytes a row");
    }
}
