//! Breakers of a run: when its own answers and receipts say that it had better stop. Arithmetic only.
//!
//! Two streams are watched, because they come at different times: what requests were answered, and what receipts said
//! later. Counted as one, the refusals of the first second would stand against receipts that take three.

use std::collections::BTreeMap;

use super::failure::Blame;
use super::problem::Problem;

/// Of a hundred people of an ordinary list this many cannot be reached (no WhatsApp, number given up, opted out):
/// only what goes beyond speaks against the list.
pub const PLAUSIBLE_PERCENT: i64 = 15;

/// Messages looked back on, where nobody says.
pub const WINDOW: u32 = 200;

/// Up to which share something is let go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Whatever the share.
    Never,
    /// From this share on it stops, in per cent.
    Percent(u8),
}

impl Limit {
    /// Reads `25%` (1 to 100) or `never`.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        if word == "never" {
            return Some(Self::Never);
        }
        percent(word).map(Self::Percent)
    }

    const fn percent(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::Percent(percent) => Some(percent as i64),
        }
    }
}

/// Reads `1%` to `100%`.
pub fn percent(word: &str) -> Option<u8> {
    word.trim().strip_suffix('%')?.trim().parse().ok().filter(|percent| (1..=100).contains(percent))
}

/// What a file says about breakers; what it leaves out is said elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// Messages looked back on.
    pub window: Option<u32>,
    /// Fewer than this say nothing.
    pub at_least: Option<u32>,
    /// So many, all failed for one cause, say everything.
    pub first: Option<u32>,
    /// Share that failed.
    pub failing: Option<Limit>,
    /// Share that is held for review.
    pub in_review: Option<Limit>,
}

impl Wanted {
    /// This where it says something, else `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            window: self.window.or(other.window),
            at_least: self.at_least.or(other.at_least),
            first: self.first.or(other.first),
            failing: self.failing.or(other.failing),
            in_review: self.in_review.or(other.in_review),
        }
    }

    /// With the defaults for what nobody said.
    pub fn thresholds(self) -> Thresholds {
        let window = self.window.unwrap_or(WINDOW);
        Thresholds {
            window: i64::from(window),
            // More than is looked back on would never be there.
            at_least: i64::from(self.at_least.unwrap_or(50).min(window)),
            first: i64::from(self.first.unwrap_or(20).min(window)),
            failing: self.failing.unwrap_or(Limit::Percent(25)),
            in_review: self.in_review.unwrap_or(Limit::Percent(20)),
        }
    }
}

/// When a run stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// Messages looked back on.
    pub window: i64,
    /// Fewer than this say nothing.
    pub at_least: i64,
    /// So many, all failed for one cause, say everything.
    pub first: i64,
    /// Share that failed.
    pub failing: Limit,
    /// Share that is held for review.
    pub in_review: Limit,
}

/// One stream: how many, and of these the failures by the provider's code.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Stream {
    /// Messages.
    pub n: i64,
    /// Those that failed.
    pub failed: BTreeMap<i64, i64>,
}

impl Stream {
    /// Takes in what came before.
    pub fn join(&mut self, earlier: &Self) {
        self.n += earlier.n;
        for (code, n) in &earlier.failed {
            *self.failed.entry(*code).or_default() += n;
        }
    }

    /// All that failed.
    pub fn failures(&self) -> i64 {
        self.failed.values().sum()
    }

    /// How many failed with that code.
    fn with(&self, code: i64) -> i64 {
        self.failed.get(&code).copied().unwrap_or_default()
    }

    /// Those that speak against the run: its own, and of those that are about one person what is beyond plausible.
    pub fn against(&self, blame: impl Fn(i64) -> Blame) -> i64 {
        let of = |wanted: Blame| self.failed.iter().filter(|(c, _)| blame(**c) == wanted).map(|(_, n)| *n).sum::<i64>();
        of(Blame::Run) + (of(Blame::Person) - self.n * PLAUSIBLE_PERCENT / 100).max(0)
    }

    /// The one code that all of it failed with.
    fn only_cause(&self) -> Option<i64> {
        let (code, n) = self.failed.iter().next()?;
        (self.failed.len() == 1 && *n == self.n).then_some(*code)
    }
}

/// The last messages of a run, since it was started or resumed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// Requests answered: accepted or refused for good.
    pub answers: Stream,
    /// Of these, accepted and held for review.
    pub in_review: i64,
    /// Messages of which a receipt said for the first time that they left, or that they failed.
    pub receipts: Stream,
}

impl Window {
    /// Takes in the batch before, as far as its stream is not full.
    pub fn join(&mut self, earlier: &Self, window: i64) {
        if self.answers.n < window {
            self.answers.join(&earlier.answers);
            self.in_review += earlier.in_review;
        }
        if self.receipts.n < window {
            self.receipts.join(&earlier.receipts);
        }
    }

    /// Whether both streams hold `window`.
    pub const fn is_full(&self, window: i64) -> bool {
        self.answers.n >= window && self.receipts.n >= window
    }

    /// The cause of most failures, of those that speak against somebody.
    fn most(&self, blame: impl Fn(i64) -> Blame) -> i64 {
        let mut all = self.answers.clone();
        all.join(&self.receipts);
        let counted = all.failed.into_iter().filter(|(code, _)| blame(*code) != Blame::Nobody);
        counted.max_by_key(|(code, n)| (*n, std::cmp::Reverse(*code))).map_or(0, |(code, _)| code)
    }

    /// What the figures are taken from. `None`: too few to say anything.
    fn basis(&self, at_least: i64) -> Option<Basis<'_>> {
        let Self { answers, receipts, .. } = self;
        match (answers.n >= at_least, receipts.n >= at_least) {
            (false, false) => None,
            (false, true) => Some(Basis::One(receipts)),
            (true, true) if answers.failed.is_empty() => Some(Basis::One(receipts)),
            (true, true) if !receipts.failed.is_empty() => Some(Basis::Both { answers, receipts }),
            (true, _) => Some(Basis::One(answers)),
        }
    }
}

/// Where one of the streams alone has failures, its figures are told as they are.
enum Basis<'a> {
    One(&'a Stream),
    Both { answers: &'a Stream, receipts: &'a Stream },
}

impl Basis<'_> {
    /// What `of` counts, as one figure of so many messages. Of both: so many of what was answered were refused, and of the
    /// rest the receipts tell what share fails later.
    fn count(&self, of: impl Fn(&Stream) -> i64) -> (i64, i64) {
        match self {
            Self::One(stream) => (of(stream), stream.n),
            Self::Both { answers, receipts } => {
                let refused = of(answers);
                (refused + (answers.n - refused) * of(receipts) / receipts.n, answers.n)
            }
        }
    }

    fn reckoned(&self) -> Option<Reckoned> {
        match self {
            Self::One(_) => None,
            Self::Both { answers, receipts } => {
                Some(Reckoned { refused: answers.failures(), later: receipts.failures(), receipts: receipts.n })
            }
        }
    }
}

/// What happened where a figure is reckoned from both streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reckoned {
    /// Messages refused at once.
    pub refused: i64,
    /// Messages that failed later.
    pub later: i64,
    /// Messages of which anything was heard later.
    pub receipts: i64,
}

/// Why a run stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trip {
    /// All so far failed for one cause.
    AllFailed {
        /// How many.
        n: i64,
        /// The provider's code.
        code: i64,
    },
    /// Too large a share failed.
    Failing {
        /// How many.
        failed: i64,
        /// Those of them that speak against the run: the limit is on these.
        counted: i64,
        /// Of so many.
        of: i64,
        /// The limit, in per cent.
        limit: i64,
        /// The code most of them have.
        code: i64,
        /// How many have it.
        most: i64,
        /// What the figures are reckoned from; `None`: they were counted.
        reckoned: Option<Reckoned>,
    },
    /// Too large a share is held for review.
    InReview {
        /// How many.
        held: i64,
        /// Of so many.
        of: i64,
        /// The limit, in per cent.
        limit: i64,
    },
}

/// Whether `window` says that the run had better stop. `blame` says against whom a code speaks.
pub fn judge(thresholds: &Thresholds, window: &Window, blame: impl Fn(i64) -> Blame) -> Option<Trip> {
    all_failed(thresholds, window, &blame)
        .or_else(|| failing(thresholds, window, &blame))
        .or_else(|| in_review(thresholds, window))
}

fn all_failed(thresholds: &Thresholds, window: &Window, blame: impl Fn(i64) -> Blame) -> Option<Trip> {
    [&window.answers, &window.receipts].into_iter().find_map(|stream| {
        let code = stream.only_cause().filter(|code| blame(*code) != Blame::Nobody)?;
        (stream.n >= thresholds.first).then_some(Trip::AllFailed { n: stream.n, code })
    })
}

fn failing(thresholds: &Thresholds, window: &Window, blame: impl Fn(i64) -> Blame) -> Option<Trip> {
    let limit = thresholds.failing.percent()?;
    let basis = window.basis(thresholds.at_least)?;
    let (counted, of) = basis.count(|stream| stream.against(&blame));
    if counted * 100 < of * limit {
        return None;
    }
    let (failed, _) = basis.count(Stream::failures);
    let code = window.most(&blame);
    let (most, _) = basis.count(|stream| stream.with(code));
    Some(Trip::Failing { failed, counted, of, limit, code, most, reckoned: basis.reckoned() })
}

fn in_review(thresholds: &Thresholds, window: &Window) -> Option<Trip> {
    let limit = thresholds.in_review.percent()?;
    let (held, of) = (window.in_review, window.answers.n);
    (of >= thresholds.at_least && held * 100 > of * limit).then_some(Trip::InReview { held, of, limit })
}

impl Trip {
    /// Which breaker, in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::AllFailed { .. } => "all_failed",
            Self::Failing { .. } => "failing",
            Self::InReview { .. } => "in_review",
        }
    }

    /// The figures, for screens and audit: the locales' key is `problem.<code>`.
    pub fn told(&self) -> Problem {
        let text = |n: i64| n.to_string();
        match *self {
            Self::AllFailed { n, code } => {
                Problem::new("pause_all_failed", &[("n", &text(n)), ("failure", &text(code))])
            }
            Self::Failing { failed, counted, of, limit, code, most, reckoned } => {
                let figures = [failed, counted, of, counted * 100 / of.max(1), limit, most, PLAUSIBLE_PERCENT, code];
                let names = ["n", "counted", "of", "percent", "limit", "most", "plausible", "failure"];
                let from = reckoned.map(|Reckoned { refused, later, receipts }| {
                    ["refused", "later", "receipts"].into_iter().zip([refused, later, receipts])
                });
                let all = names.into_iter().zip(figures).chain(from.into_iter().flatten());
                let args = all.map(|(name, n)| (name.to_owned(), text(n))).collect();
                let code = match (counted == failed, reckoned) {
                    (true, None) => "pause_failing",
                    (false, None) => "pause_failing_beyond",
                    (true, Some(_)) => "pause_failing_reckoned",
                    (false, Some(_)) => "pause_failing_beyond_reckoned",
                };
                Problem { code: code.to_owned(), args }
            }
            Self::InReview { held, of, limit } => {
                let figures = [text(held), text(of), text(held * 100 / of.max(1)), text(limit)];
                let [n, of, percent, limit] = figures.each_ref().map(String::as_str);
                Problem::new("pause_in_review", &[("n", n), ("of", of), ("percent", percent), ("limit", limit)])
            }
        }
    }
}

#[cfg(test)]
mod tests;
