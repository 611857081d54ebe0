//! A prepaid wallet: what may still be sent with it, who goes first, and what is missing. Pure.

use super::kind::Priority;
use super::money::Micros;

/// How a wallet stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Purse {
    /// What it held when it was read, the overdraft included.
    pub available: Micros,
    /// What was promised of it since then, and shortly before.
    pub spent: Micros,
    /// What of `spent` was promised before it was read: most likely it is in the reading already.
    pub settled: Micros,
    /// What of `spent` was promised since it was read to messages in doubt: perhaps they never left.
    pub doubtful: Micros,
    /// With no more than this left, nothing is sent.
    pub low: Micros,
    /// What reminders in line will cost: what is left is theirs first.
    pub reminders: Micros,
    /// What everything in line will cost, reminders included.
    pub planned: Micros,
}

impl Purse {
    /// What is left, as far as anybody can tell.
    pub const fn likely(&self) -> Micros {
        Micros(self.left().0.saturating_add(self.settled.0))
    }

    /// What is left at most: what nobody knows to have left costs nothing.
    pub const fn at_most(&self) -> Micros {
        Micros(self.likely().0.saturating_add(self.doubtful.0))
    }

    /// What is left at least.
    pub const fn left(&self) -> Micros {
        Micros(self.available.0.saturating_sub(self.spent.0))
    }

    /// What messages of `priority` may spend: what a person waits for and reminders everything above the limit, all
    /// others what is not reminders'. Never negative.
    pub fn room(&self, priority: Priority) -> Micros {
        self.above(self.left(), priority)
    }

    /// The same at most: what the next readings may show that they may spend.
    pub fn hope(&self, priority: Priority) -> Micros {
        self.above(self.at_most(), priority)
    }

    fn above(&self, left: Micros, priority: Priority) -> Micros {
        let kept = if priority <= Priority::REMINDER { Micros(0) } else { self.reminders };
        let room = left.0.saturating_sub(self.low.0).saturating_sub(kept.0);
        Micros(room.max(0))
    }

    /// What all that is in line and goes with messages of `priority` will cost: reminders, or what comes after them.
    pub fn wanted(&self, priority: Priority) -> Micros {
        if priority <= Priority::REMINDER {
            return self.reminders;
        }
        Micros(self.planned.0.saturating_sub(self.reminders.0))
    }

    /// Whether it does not pay one message of `price`, whoever goes first, and no reading will say otherwise: only more
    /// money will.
    pub fn is_low(&self, price: Micros) -> bool {
        let room = self.hope(Priority::AGENT);
        room.0 <= 0 || room < price
    }

    /// How many messages of `priority` that cost at most `price` each may be claimed.
    pub fn messages(&self, priority: Priority, price: Micros) -> usize {
        let room = self.room(priority).0;
        if price.0 <= 0 {
            return if room > 0 { usize::MAX } else { 0 };
        }
        usize::try_from(room / price.0).unwrap_or(0)
    }

    /// What has to be put in at least for everything in line, and `more`, to go out; zero: nothing.
    pub fn missing(&self, more: Micros) -> Micros {
        let needed = self.planned.plus(more).plus(self.low);
        Micros(needed.0.saturating_sub(self.likely().0).max(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn usd(n: i64) -> Micros {
        Micros(n * 1_000_000)
    }

    #[test]
    fn reminders_use_the_rest_first_and_what_is_missing_is_told() {
        let purse = Purse {
            available: usd(20),
            spent: usd(4),
            low: usd(5),
            reminders: usd(10),
            planned: usd(30),
            ..Purse::default()
        };
        assert_eq!(purse.left(), usd(16));
        assert_eq!(purse.room(Priority::AGENT), usd(11));
        assert_eq!(purse.room(Priority::REMINDER), usd(11));
        assert_eq!(purse.room(Priority::RESUME_CONTACT), usd(1));
        assert_eq!(purse.room(Priority::PROMOTION), usd(1));
        assert_eq!(purse.messages(Priority::PROMOTION, Micros(70_000)), 14);
        assert_eq!(purse.messages(Priority::PROMOTION, Micros(0)), usize::MAX);
        assert_eq!(purse.missing(Micros(0)), usd(19));
        assert_eq!(purse.missing(usd(3)), usd(22));
        let read = Purse { settled: usd(3), ..purse };
        assert_eq!((read.left(), read.likely(), read.missing(Micros(0))), (usd(16), usd(19), usd(16)));
        let dry = Purse { spent: usd(15), ..purse };
        assert_eq!((dry.room(Priority::REMINDER), dry.messages(Priority::AGENT, Micros(0))), (Micros(0), 0));
    }

    #[test]
    fn a_wallet_is_low_by_what_has_surely_left_and_is_not_in_the_reading_yet() {
        let purse = Purse { available: usd(20), spent: usd(18), low: usd(5), ..Purse::default() };
        assert!(purse.is_low(Micros(0)));
        for known in [Purse { settled: usd(4), ..purse }, Purse { doubtful: usd(4), ..purse }] {
            assert_eq!((known.messages(Priority::AGENT, Micros(1)), known.is_low(usd(1))), (0, false));
            assert!(known.is_low(usd(2)), "not even one is paid");
            assert_eq!((known.hope(Priority::REMINDER), known.room(Priority::REMINDER)), (usd(1), usd(0)));
        }
    }

    proptest! {
        #[test]
        fn what_is_claimed_never_takes_the_wallet_to_its_limit(
            available in 0_i64..10_000, spent in 0_i64..10_000, low in 0_i64..100, price in 1_i64..500,
            reminders in 0_i64..5_000, priority in 0_i64..4,
        ) {
            let purse = Purse {
                available: Micros(available), spent: Micros(spent), low: Micros(low),
                reminders: Micros(reminders), planned: Micros(reminders), settled: Micros(spent / 2),
                doubtful: Micros(spent / 4),
            };
            let n = purse.messages(Priority(priority), Micros(price)) as i64;
            prop_assert!(n == 0 || purse.left().0 - n * price >= low);
            prop_assert!(priority <= 1 || n == 0 || purse.left().0 - n * price >= low + reminders);
            let filled = Purse { available: Micros(available + purse.missing(Micros(0)).0), ..purse };
            prop_assert_eq!(filled.missing(Micros(0)), Micros(0));
        }
    }
}
