//! The canary of a run: the share that goes first, and what its receipts must say before the rest follows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::breaker::percent;
use super::problem::Problem;

/// How much goes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Share {
    /// Of a hundred messages so many, rounded up.
    Percent(u8),
    /// So many messages.
    Messages(i64),
}

impl Share {
    /// Reads `5%` (1 to 99) or a number from 1 on.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        if word.ends_with('%') {
            return percent(word).filter(|percent| *percent < 100).map(Self::Percent);
        }
        word.parse::<i64>().ok().filter(|n| *n >= 1).map(Self::Messages)
    }

    /// Of `messages` so many go first.
    pub const fn of(self, messages: i64) -> i64 {
        match self {
            Self::Percent(percent) => (messages * percent as i64 + 99) / 100,
            Self::Messages(n) => {
                if n < messages {
                    n
                } else {
                    messages
                }
            }
        }
    }
}

/// Messages that fall due at one instant are spread over this, in an order that has nothing to do with the file's: so
/// the first of them are a sample of the whole audience and not the file's first rows.
const SPREAD_MS: u64 = 1_000;

/// Where in that order the message of this key stands. The same for the same run and key, for ever.
pub fn place_of(run: i64, key: &str) -> Duration {
    // FNV-1a and a last mixing: keys differ in a few digits only.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ run.unsigned_abs();
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    Duration::from_millis((hash >> 32) % SPREAD_MS)
}

/// What a file says about judging; what it leaves out is said elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// How long receipts are waited for.
    pub wait: Option<Duration>,
    /// Share that must have been delivered.
    pub delivered: Option<u8>,
    /// Share that may have failed.
    pub failed: Option<u8>,
    /// Share that may have asked for no more.
    pub opted_out: Option<u8>,
}

impl Wanted {
    /// This where it says something, else `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            wait: self.wait.or(other.wait),
            delivered: self.delivered.or(other.delivered),
            failed: self.failed.or(other.failed),
            opted_out: self.opted_out.or(other.opted_out),
        }
    }

    /// With the defaults for what nobody said: half an hour; half of them delivered, since phones that are off are
    /// plenty; at most 15 % failed and 3 % opted out.
    pub fn terms(self) -> Terms {
        Terms {
            wait: self.wait.unwrap_or(Duration::from_mins(30)),
            delivered: self.delivered.unwrap_or(50),
            failed: self.failed.unwrap_or(15),
            opted_out: self.opted_out.unwrap_or(3),
        }
    }
}

/// By what a canary is judged. Shares in per cent of those sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// How long receipts are waited for, unless nine in ten have their last one before.
    pub wait: Duration,
    /// At least so many delivered.
    pub delivered: u8,
    /// At most so many failed.
    pub failed: u8,
    /// At most so many asked for no more.
    pub opted_out: u8,
}

/// How a canary stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CanaryFigures)]
pub struct Figures {
    /// Messages that left, or were refused.
    pub sent: i64,
    /// Delivered or read.
    pub delivered: i64,
    /// Failed.
    pub failed: i64,
    /// Of these, those that speak against the run.
    pub against: i64,
    /// People who asked for no more since it began.
    pub opted_out: i64,
    /// Neither delivered nor ended yet.
    pub open: i64,
}

impl Figures {
    /// Whether nine in ten have their last receipt: nothing is gained by waiting longer.
    pub const fn is_told(&self) -> bool {
        self.sent > 0 && self.open * 10 <= self.sent
    }

    /// What stands against going on; nothing: it goes on.
    pub fn judge(&self, terms: &Terms) -> Vec<Problem> {
        let mut found = Vec::new();
        let share = |n: i64| if self.sent > 0 { n * 100 / self.sent } else { 0 };
        let mut note = |code: &str, n: i64, limit: u8| {
            let figures = [n.to_string(), self.sent.to_string(), share(n).to_string(), limit.to_string()];
            let [n, of, percent, limit] = figures.each_ref().map(String::as_str);
            found.push(Problem::new(code, &[("n", n), ("of", of), ("percent", percent), ("limit", limit)]));
        };
        if self.delivered * 100 < self.sent * i64::from(terms.delivered) {
            note("canary_delivered", self.delivered, terms.delivered);
        }
        if self.against * 100 > self.sent * i64::from(terms.failed) {
            note("canary_failed", self.against, terms.failed);
        }
        if self.opted_out * 100 > self.sent * i64::from(terms.opted_out) {
            note("canary_opted_out", self.opted_out, terms.opted_out);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_a_percentage_or_a_number() {
        for (word, share) in [
            ("5%", Some(Share::Percent(5))),
            (" 50 ", Some(Share::Messages(50))),
            ("0", None),
            ("0%", None),
            ("100%", None),
            ("five", None),
            ("-1", None),
        ] {
            assert_eq!(Share::parse(word), share, "{word}");
        }
        assert_eq!([Share::Percent(5).of(1_001), Share::Messages(50).of(20), Share::Percent(1).of(0)], [51, 20, 0]);
    }

    #[test]
    fn what_goes_first_is_spread_over_the_file() {
        let mut order: Vec<(Duration, usize)> =
            (0..2_000).map(|row| (place_of(7, &format!("p:54911{:08}", 50_000_000 + row)), row)).collect();
        order.sort_unstable();
        let tenths: BTreeSet<usize> = order.iter().take(100).map(|(_, row)| row / 200).collect();
        assert_eq!(tenths.len(), 10, "a hundred come from every tenth of the file: {tenths:?}");
        assert_ne!(place_of(7, "p:1"), place_of(8, "p:1"), "another run takes others");
    }

    #[test]
    fn each_threshold_is_named_with_its_figures() {
        let terms = Wanted::default().terms();
        let good = Figures { sent: 200, delivered: 100, failed: 40, against: 30, opted_out: 6, open: 20 };
        assert_eq!(good.judge(&terms), []);
        assert!(good.is_told() && !Figures { open: 21, ..good }.is_told());
        let bad = Figures { delivered: 99, against: 31, opted_out: 7, ..good };
        let codes: Vec<String> = bad.judge(&terms).into_iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["canary_delivered", "canary_failed", "canary_opted_out"]);
    }

    proptest! {
        #[test]
        fn a_canary_is_at_least_one_and_never_more_than_there_are(percent in 1_u8..100, messages in 1_i64..1_000_000) {
            let n = Share::Percent(percent).of(messages);
            prop_assert!((1..=messages).contains(&n));
        }
    }
}
