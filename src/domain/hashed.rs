//! Numbers that stand for what they are made of.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

/// The same number for the same value in every process of one build: kept in the value's place where there are many, or
/// compared by a program of that build; never stored.
pub fn hashed(value: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}
