//! Pace by people: a campaign slows when more conversations wait for a team than it can answer. Pure.

/// At most so many conversations of a team are to wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeoplePace {
    /// Conversations that wait for an answer.
    pub at_most: i64,
    /// Whose; `None`: whose the campaign's replies are.
    pub team: Option<String>,
}

/// Thousandths.
pub const WHOLE: i64 = 1_000;

/// The share of its pace that a campaign keeps while `waiting` wait, in thousandths: all of it up to half of `at_most`, then
/// less the more wait, and nothing from `at_most` on. Answers follow a message after a while: whoever stopped only at the
/// limit would overshoot it.
pub fn share(waiting: i64, at_most: i64) -> i64 {
    let (waiting, at_most) = (waiting.max(0), at_most.max(1));
    if waiting.saturating_mul(2) <= at_most {
        return WHOLE;
    }
    (at_most - waiting).max(0).saturating_mul(2 * WHOLE) / at_most
}

/// Messages that a share of `most` a second lets go within `ms` milliseconds, in thousandths of a message.
pub fn earned(share: i64, most: u32, ms: i64) -> i64 {
    share.saturating_mul(i64::from(most)).saturating_mul(ms.max(0)) / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_pace_is_whole_up_to_half_and_nothing_at_the_limit() {
        for (waiting, at_most, expected) in [
            (0, 40, 1_000),
            (20, 40, 1_000),
            (21, 40, 950),
            (30, 40, 500),
            (39, 40, 50),
            (40, 40, 0),
            (90, 40, 0),
            (0, 1, 1_000),
            (1, 1, 0),
        ] {
            assert_eq!(share(waiting, at_most), expected, "{waiting} of {at_most}");
        }
    }

    #[test]
    fn what_is_earned_goes_by_time_and_share() {
        assert_eq!(earned(WHOLE, 80, 1_000), 80_000);
        assert_eq!(earned(50, 80, 250), 1_000);
        assert_eq!(earned(0, 80, 60_000), 0);
    }

    proptest! {
        #[test]
        fn the_more_wait_the_slower(waiting in 0_i64..10_000, at_most in 1_i64..5_000) {
            let (now, then) = (share(waiting, at_most), share(waiting + 1, at_most));
            prop_assert!((0..=WHOLE).contains(&now) && then <= now);
        }
    }
}
