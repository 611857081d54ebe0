//! Seeded chance: the same person, template and turn fall the same way in every run, whatever the order of requests.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

/// A source of chance.
pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// Dice of the whole sandbox.
    pub fn seeded(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Dice of one thing: `parts` name it.
    pub fn of(seed: u64, parts: &[&str]) -> Self {
        Self::seeded(seed ^ fingerprint(&parts.join("\u{1f}")))
    }

    /// True with probability `p`; outside 0..=1 counts as the nearer end.
    pub fn chance(&mut self, p: f64) -> bool {
        self.0.random_bool(p.clamp(0.0, 1.0))
    }

    /// A number from 0 to `below` - 1; 0 when `below` is 0.
    pub fn below(&mut self, below: usize) -> usize {
        self.0.random_range(0..below.max(1))
    }

    /// A span from `from` to `to` milliseconds, nearer to `from` in most cases, as waiting times are.
    pub fn span(&mut self, from: u64, to: u64) -> Duration {
        let toss: f64 = self.0.random();
        Duration::from_millis(from + (toss * toss * to.saturating_sub(from) as f64) as u64)
    }

    /// One of `choices`.
    pub fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices.get(self.below(choices.len())).copied().unwrap_or_default()
    }

    /// Puts `items` in any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Eight bytes that stand for `text`, the same in every run.
pub(super) fn fingerprint(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}
