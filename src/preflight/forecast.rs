//! When everything will have been sent.

use jiff::tz::TimeZone;

use crate::domain::hours::Hours;
use crate::domain::time::UnixMs;

/// Share of the granted throughput, in per cent: alone on the sender, with agents' answers and people's messages
/// taking their part, and with another run beside it or the provider slowing down.
pub(super) const FULL: i64 = 100;
pub(super) const LIKELY: i64 = 80;
pub(super) const SLOW: i64 = 50;

/// Messages that spill over their due time look at the hours again this often, in microseconds.
const LOOK_AGAIN: i64 = 60_000_000;

/// When one message may leave: `due_at`, and `latest_at` after which it must not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Slot {
    pub due_at: UnixMs,
    pub latest_at: Option<UnixMs>,
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    /// The instant the last message leaves.
    pub at: UnixMs,
    /// Messages whose turn comes after their latest time.
    pub too_late: i64,
}

/// The end when one message leaves after the other at `per_cent` of `per_second`, none before it is due and none
/// outside `hours`. `slots` are in order. `None`: there are no messages, or the hours never open.
pub(super) fn end(slots: &[Slot], per_second: u32, per_cent: i64, hours: Option<(&Hours, &TimeZone)>) -> Option<End> {
    let gap = 100_000_000 / (i64::from(per_second.max(1)) * per_cent);
    let mut free_at = slots.first()?.due_at.0.saturating_mul(1000);
    let mut looked_at = free_at;
    let mut end = End { at: UnixMs(0), too_late: 0 };
    for slot in slots {
        let due_at = slot.due_at.0.saturating_mul(1000);
        let mut at = due_at.max(free_at);
        if at == due_at {
            looked_at = at;
        } else if at - looked_at >= LOOK_AGAIN {
            at = next_open(at, hours)?;
            looked_at = at;
        }
        end.at = UnixMs(at.div_euclid(1000));
        end.too_late += i64::from(slot.latest_at.is_some_and(|latest| end.at > latest));
        free_at = at + gap;
    }
    Some(end)
}

/// The first open instant from `at` on, both in microseconds.
fn next_open(at: i64, hours: Option<(&Hours, &TimeZone)>) -> Option<i64> {
    let Some((hours, zone)) = hours else { return Some(at) };
    Some(hours.next_open(UnixMs(at.div_euclid(1000)), zone)?.0.saturating_mul(1000).max(at))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::hours::{OpenSpan, Week};

    fn slots(due: &[UnixMs]) -> Vec<Slot> {
        due.iter().map(|due_at| Slot { due_at: *due_at, latest_at: None }).collect()
    }

    fn sent_out(due: &[UnixMs], per_second: u32, per_cent: i64, hours: Option<(&Hours, &TimeZone)>) -> Option<UnixMs> {
        end(&slots(due), per_second, per_cent, hours).map(|end| end.at)
    }

    fn at(text: &str) -> UnixMs {
        UnixMs::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    #[test]
    fn a_run_lasts_as_long_as_its_throughput_needs() {
        let due = vec![at("2026-11-24T10:00:00Z"); 4801];
        assert_eq!(sent_out(&due, 80, FULL, None), Some(at("2026-11-24T10:01:00Z")));
        assert_eq!(sent_out(&due, 80, SLOW, None), Some(at("2026-11-24T10:02:00Z")));
        assert_eq!(sent_out(&[], 80, FULL, None), None);
    }

    #[test]
    fn messages_spread_over_a_day_end_with_the_last_of_them() {
        let due = [at("2026-11-24T10:00:00Z"), at("2026-11-24T18:30:00Z")];
        assert_eq!(sent_out(&due, 1, SLOW, None), Some(due[1]));
    }

    #[test]
    fn what_spills_over_the_closing_hour_goes_out_the_next_day() {
        let mut week = Week::default();
        for day in [Weekday::Tuesday, Weekday::Wednesday] {
            week.set(day, vec![OpenSpan::new(9 * 60, 20 * 60).unwrap()]);
        }
        let hours = Hours { week, ..Hours::default() };
        let due = vec![at("2026-11-24T19:59:00Z"); 7200];
        let last = sent_out(&due, 1, FULL, Some((&hours, &TimeZone::UTC))).unwrap();
        assert_eq!(last, at("2026-11-25T10:58:59Z"));
    }

    #[test]
    fn messages_whose_turn_comes_after_their_latest_time_are_counted() {
        let due_at = at("2026-11-24T10:00:00Z");
        let slots = [Slot { due_at, latest_at: Some(at("2026-11-24T10:00:09Z")) }; 15];
        assert_eq!(end(&slots, 1, FULL, None).map(|end| end.too_late), Some(5));
        assert_eq!(end(&slots, 2, FULL, None).map(|end| end.too_late), Some(0));
    }

    proptest! {
        #[test]
        fn more_throughput_never_ends_later(
            mut due in prop::collection::vec(0_i64..100_000_000, 1..200), slow in 1_u32..100, more in 1_u32..1000,
        ) {
            due.sort_unstable();
            let due: Vec<_> = due.into_iter().map(UnixMs).collect();
            let ends = |rate| sent_out(&due, rate, FULL, None);
            prop_assert!(ends(slow + more) <= ends(slow));
            prop_assert!(ends(slow) >= due.last().copied());
        }
    }
}
