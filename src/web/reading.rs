//! How far a long file is read, as pages show it while they wait.

use std::time::Duration;

use super::page::Page;
use crate::engine::Progress;

/// A page waits so long for a file to be read; then it shows how far that is, and comes back.
pub const PATIENCE: Duration = Duration::from_millis(1_500);

/// How far.
pub struct Reading {
    /// In words.
    pub said: String,
    /// In hundredths, where it is known how many rows there are.
    pub percent: Option<u64>,
}

impl Reading {
    /// In the language of the page.
    pub fn of(p: &Page, progress: Progress) -> Self {
        let number = |n: u64| p.number(i64::try_from(n).unwrap_or(i64::MAX));
        let rows = number(progress.rows);
        let said = match progress.of {
            Some(of) => p.say("reading.of", &[("rows", &rows), ("of", &number(of))]),
            None => p.say("reading.so_far", &[("rows", &rows)]),
        };
        let percent = progress.of.map(|of| (progress.rows * 100 / of.max(1)).min(100));
        Self { said, percent }
    }
}
