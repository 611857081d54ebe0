//! Numbers that stand for what they are made of.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

/// The same number for the same value as long as the process lives: kept in its place where there are many, never stored.
pub fn hashed(value: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}
