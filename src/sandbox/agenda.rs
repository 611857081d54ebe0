//! What happens later: some of it in real seconds, some of it on the sandbox's clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;

use crate::domain::time::UnixMs;

/// When something is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// In real time: what takes seconds.
    Real(Instant),
    /// On the sandbox's clock: what takes a minute or more.
    Clock(UnixMs),
}

struct Entry<W, T> {
    at: W,
    no: u64,
    what: T,
}

impl<W: Ord, T> PartialEq for Entry<W, T> {
    fn eq(&self, other: &Self) -> bool {
        self.no == other.no
    }
}
impl<W: Ord, T> Eq for Entry<W, T> {}
impl<W: Ord, T> PartialOrd for Entry<W, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<W: Ord, T> Ord for Entry<W, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.at, self.no).cmp(&(&other.at, other.no))
    }
}

/// Things to come, in the order they fall due.
pub(super) struct Agenda<T> {
    real: BinaryHeap<Reverse<Entry<Instant, T>>>,
    clock: BinaryHeap<Reverse<Entry<UnixMs, T>>>,
    next_no: u64,
}

impl<T> Agenda<T> {
    /// Nothing to come.
    pub fn new() -> Self {
        Self { real: BinaryHeap::new(), clock: BinaryHeap::new(), next_no: 0 }
    }

    /// Puts `what` down for `due`.
    pub fn add(&mut self, due: Due, what: T) {
        let no = self.next_no;
        self.next_no += 1;
        match due {
            Due::Real(at) => self.real.push(Reverse(Entry { at, no, what })),
            Due::Clock(at) => self.clock.push(Reverse(Entry { at, no, what })),
        }
    }

    /// The next thing due by the real instant `real` and the clock's `now`.
    pub fn take_due(&mut self, real: Instant, now: UnixMs) -> Option<T> {
        if self.real.peek().is_some_and(|Reverse(first)| first.at <= real) {
            return self.real.pop().map(|Reverse(first)| first.what);
        }
        if self.clock.peek().is_some_and(|Reverse(first)| first.at <= now) {
            return self.clock.pop().map(|Reverse(first)| first.what);
        }
        None
    }

    /// When the first things of each kind are due.
    pub fn next(&self) -> (Option<Instant>, Option<UnixMs>) {
        (self.real.peek().map(|Reverse(e)| e.at), self.clock.peek().map(|Reverse(e)| e.at))
    }
}
