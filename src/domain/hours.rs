//! When a campaign may send, on the person's clock.
//!
//! Hours are read off the wall clock, so days on which it jumps need no special rule: an hour that is skipped is never
//! seen, one that comes twice is open twice. The searches walk from one opening or jump to the next.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::time::UnixMs;

pub mod feast;
pub mod law;

use law::Law;

/// How far the searches look: hours that open on no day of a year never open.
const HORIZON_DAYS: i64 = 366;

/// A part of a day: from `opens` until just before `closes`, in minutes since midnight on the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OpenSpan {
    opens: i64,
    closes: i64,
}

const MINUTES_OF_A_DAY: i64 = 24 * 60;

impl OpenSpan {
    /// `None` unless `0 <= opens < closes <= 1440`.
    pub fn new(opens: i64, closes: i64) -> Option<Self> {
        (0 <= opens && opens < closes && closes <= MINUTES_OF_A_DAY).then_some(Self { opens, closes })
    }

    /// What two spans have in common; `None`: nothing.
    fn common(self, other: Self) -> Option<Self> {
        Self::new(self.opens.max(other.opens), self.closes.min(other.closes))
    }

    fn opens_on(self, day: Date) -> DateTime {
        at_minute(day, self.opens)
    }

    fn closes_on(self, day: Date) -> DateTime {
        at_minute(day, self.closes)
    }
}

fn at_minute(day: Date, minute: i64) -> DateTime {
    day.to_datetime(Time::midnight()).saturating_add(minute.minutes())
}

/// Open spans of each day of the week.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Week([Vec<OpenSpan>; 7]);

impl Week {
    /// Every day, the whole day.
    pub fn always() -> Self {
        Self(std::array::from_fn(|_| vec![OpenSpan { opens: 0, closes: MINUTES_OF_A_DAY }]))
    }

    /// Sets the spans of a day. `false`, and nothing set, when two of them overlap.
    pub fn set(&mut self, day: Weekday, mut spans: Vec<OpenSpan>) -> bool {
        spans.sort_unstable();
        let apart = spans.windows(2).all(|pair| pair[0].closes <= pair[1].opens);
        if apart {
            self.0[index(day)] = spans;
        }
        apart
    }

    /// Spans of a day, in order.
    pub fn spans(&self, day: Weekday) -> &[OpenSpan] {
        &self.0[index(day)]
    }

    /// Whether no day has any hours.
    pub fn is_never_open(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).expect("a weekday is 0 to 6")
}

/// Hours of a week and the days on which they do not hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hours {
    /// The usual week.
    pub week: Week,
    /// Days that are closed whatever their weekday.
    pub holidays: BTreeSet<Date>,
    /// Laws that narrow it further.
    pub laws: Vec<Arc<Law>>,
}

impl Hours {
    /// Whether sending is allowed at `at` on the wall clock of `zone`.
    pub fn is_open(&self, at: UnixMs, zone: &TimeZone) -> bool {
        self.is_open_locally(at.in_zone(zone).datetime())
    }

    /// The first open instant at or after `at`; `None` when there is none within a year.
    pub fn next_open(&self, at: UnixMs, zone: &TimeZone) -> Option<UnixMs> {
        let horizon = at.plus(days(HORIZON_DAYS));
        let mut at = at;
        while at <= horizon {
            let local = at.in_zone(zone).datetime();
            if self.is_open_locally(local) {
                return Some(at);
            }
            let opening = at.plus(between(local, self.opening_after(local)?));
            // Only as long as the clock runs on without a jump does the opening come then.
            let jump = zone.following(at.timestamp()).next().map(|t| UnixMs::from(t.timestamp()));
            at = jump.map_or(opening, |jump| jump.min(opening));
        }
        None
    }

    /// Until when it is certainly open without a break, from `at` on, which is open: the end of the span or the clock's
    /// next jump, after which it may go on being open.
    pub fn open_until(&self, at: UnixMs, zone: &TimeZone) -> UnixMs {
        let local = at.in_zone(zone).datetime();
        let day = local.date();
        let closes = self.spans_of(day).iter().map(|span| span.closes_on(day)).find(|closes| *closes > local);
        let closing = closes.map_or(at, |closes| at.plus(between(local, closes)));
        let jump = zone.following(at.timestamp()).next().map(|t| UnixMs::from(t.timestamp()));
        jump.map_or(closing, |jump| jump.min(closing))
    }

    /// The last open instant (to the millisecond) before `at`; `None` when there is none within a year.
    pub fn last_open_before(&self, at: UnixMs, zone: &TimeZone) -> Option<UnixMs> {
        let horizon = at.minus(days(HORIZON_DAYS));
        let mut end = at;
        while end >= horizon {
            let before = end.minus(Duration::from_millis(1));
            let local = before.in_zone(zone).datetime();
            if self.is_open_locally(local) {
                return Some(before);
            }
            let closing = before.minus(between(self.closing_before(local)?, local));
            let jump = zone.preceding(end.timestamp()).next().map(|t| UnixMs::from(t.timestamp()));
            end = jump.map_or(closing, |jump| jump.max(closing));
        }
        None
    }

    fn is_open_locally(&self, local: DateTime) -> bool {
        let day = local.date();
        let holds = |span: &OpenSpan| span.opens_on(day) <= local && local < span.closes_on(day);
        self.spans_of(day).iter().any(holds)
    }

    fn spans_of(&self, day: Date) -> Cow<'_, [OpenSpan]> {
        if self.holidays.contains(&day) {
            return Cow::Borrowed(&[]);
        }
        let mut spans = Cow::Borrowed(self.week.spans(day.weekday()));
        for law in self.laws.iter().filter(|law| law.since <= day) {
            let allowed = law.spans(day);
            let both = spans.iter().flat_map(|span| allowed.iter().filter_map(|other| span.common(*other)));
            spans = Cow::Owned(both.collect());
        }
        spans
    }

    fn opening_after(&self, local: DateTime) -> Option<DateTime> {
        let day = |n: i64| local.date().checked_add(n.days()).ok();
        (0..=HORIZON_DAYS)
            .map_while(day)
            .find_map(|day| self.spans_of(day).iter().map(|span| span.opens_on(day)).find(|opening| *opening > local))
    }

    fn closing_before(&self, local: DateTime) -> Option<DateTime> {
        let day = |n: i64| local.date().checked_sub(n.days()).ok();
        (0..=HORIZON_DAYS).map_while(day).find_map(|day| {
            self.spans_of(day).iter().rev().map(|span| span.closes_on(day)).find(|closing| *closing <= local)
        })
    }
}

fn days(n: i64) -> Duration {
    SignedDuration::from_hours(24 * n).unsigned_abs()
}

fn between(earlier: DateTime, later: DateTime) -> Duration {
    later.duration_since(earlier).unsigned_abs()
}

#[cfg(test)]
mod tests;
