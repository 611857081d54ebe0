//! When a message is due and when it is too late.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::time::UnixMs;

/// A message brought forward because of closed hours is due this long before they close, so that a whole clinic's
/// worth still leaves in time: at 20 messages a second, 6,000.
const ROOM_BEFORE_CLOSING: Duration = Duration::from_mins(5);

/// Which side of the row's date and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Earlier than it.
    Before,
    /// Later than it.
    After,
}

/// A distance from a row's date and time. Days are days of the calendar (the same time of the wall clock), the rest
/// is exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Offset {
    /// Before or after.
    pub side: Side,
    /// Calendar days, at most 3,650.
    pub days: u32,
    /// Exact time on top of the days.
    pub exact: Duration,
}

impl Offset {
    /// At the very time of the row.
    pub const AT_IT: Self = Self { side: Side::Before, days: 0, exact: Duration::ZERO };

    /// The instant this far from `happens_at` on the clock of `zone`.
    pub fn from(self, happens_at: UnixMs, zone: &TimeZone) -> UnixMs {
        let span: Span = i64::from(self.days).days();
        let local = happens_at.in_zone(zone);
        match self.side {
            Side::Before => UnixMs::from(local.saturating_sub(span).timestamp()).minus(self.exact),
            Side::After => UnixMs::from(local.saturating_add(span).timestamp()).plus(self.exact),
        }
    }

    /// Its length in milliseconds with days of 24 hours, negative before; to compare two offsets.
    pub fn nominal_ms(self) -> i64 {
        let length = i64::from(self.days) * 24 * 60 * 60 * 1000 + self.exact.as_millis() as i64;
        match self.side {
            Side::Before => -length,
            Side::After => length,
        }
    }
}

/// When messages are due, before hours are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendTime {
    /// When the run is started.
    #[default]
    WhenStarted,
    /// At an instant, or when started if that is later.
    At(UnixMs),
    /// Before or after each row's date and time.
    FromWhen(Offset),
}

/// What to do with a message that falls due outside the hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// The last open moment before, if that is not over yet; else the next one.
    Earlier,
    /// The next open moment.
    Later,
}

/// When a campaign's messages go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// When they are due.
    pub send: SendTime,
    /// Never later than this from the row's date and time.
    pub latest: Option<Offset>,
    /// Never later than this instant.
    pub until: Option<UnixMs>,
    /// What hours do to a message that falls due outside them.
    pub outside: Outside,
}

/// What happens to a message that was sent when its row's date and time move.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// It is sent again with the new time.
    #[default]
    SendAgain,
    /// Nothing.
    Leave,
    /// The person gets this template instead, which tells of a new time.
    Template(String),
}

/// When one message is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Due {
    /// It may be sent from here on. Never before the run's start.
    pub due_at: UnixMs,
    /// It must not be sent after this.
    pub latest_at: Option<UnixMs>,
    /// How that compares with what the schedule says.
    pub shift: Shift,
}

/// How a message's due time compares with what the schedule says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// As it says.
    AsPlanned,
    /// Before it, because it is closed then.
    Earlier,
    /// After it, because it is closed then.
    Later,
    /// After it, because it had passed when the run was started.
    Overdue,
}

/// Why a message is never due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotDue {
    /// Its latest time has passed, or comes before it is due.
    TooLate,
    /// The hours do not open between its due time and its latest time.
    Closed,
    /// The schedule counts from the row's date and time, and the row has none.
    NoWhen,
}

/// When a message is due whose row happens at `happens_at`, in a run started at `started_at`, on the clock of `zone`.
/// `hours` of `None` are always open.
pub fn due(
    schedule: &Schedule,
    happens_at: Option<UnixMs>,
    started_at: UnixMs,
    zone: &TimeZone,
    hours: Option<&Hours>,
) -> Result<Due, NotDue> {
    let planned = match schedule.send {
        SendTime::WhenStarted => started_at,
        SendTime::At(at) => at,
        SendTime::FromWhen(offset) => offset.from(happens_at.ok_or(NotDue::NoWhen)?, zone),
    };
    let ideal = planned.max(started_at);
    let latest = schedule.latest.and_then(|offset| Some(offset.from(happens_at?, zone)));
    let latest_at = [latest, schedule.until].into_iter().flatten().min();
    let due_at = match hours {
        None => Some(ideal),
        Some(hours) => within(hours, ideal, schedule.outside, started_at, zone),
    };
    let in_time = |at: UnixMs| latest_at.is_none_or(|latest| at <= latest);
    let shift = |due_at: UnixMs| match due_at.cmp(&planned) {
        Ordering::Less => Shift::Earlier,
        Ordering::Greater if due_at > ideal => Shift::Later,
        // One instant for everybody is told once, not row by row.
        Ordering::Greater if matches!(schedule.send, SendTime::FromWhen(_)) => Shift::Overdue,
        _ => Shift::AsPlanned,
    };
    match due_at {
        Some(due_at) if in_time(due_at) => Ok(Due { due_at, latest_at, shift: shift(due_at) }),
        _ if in_time(ideal) => Err(NotDue::Closed),
        _ => Err(NotDue::TooLate),
    }
}

/// `ideal`, or the open moment that `outside` names, never before `started_at`.
fn within(hours: &Hours, ideal: UnixMs, outside: Outside, started_at: UnixMs, zone: &TimeZone) -> Option<UnixMs> {
    if outside == Outside::Earlier && !hours.is_open(ideal, zone) {
        let last = hours.last_open_before(ideal, zone);
        let brought_forward = last.and_then(|last| {
            let closing = last.plus(Duration::from_millis(1));
            let from = closing.minus(ROOM_BEFORE_CLOSING).max(started_at);
            hours.next_open(from, zone).filter(|at| *at <= last)
        });
        if brought_forward.is_some() {
            return brought_forward;
        }
    }
    hours.next_open(ideal, zone)
}

#[cfg(test)]
mod tests;
