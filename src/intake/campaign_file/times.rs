//! Times as people write them: `30m`, `2d`, `24h before`, `2026-12-01 10:00`.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::schedule::{Offset, Side};
use crate::domain::time::UnixMs;

/// Longest distance anybody can mean.
const MAX_DAYS: u32 = 3650;

/// Text that is no such time; the message completes `"key" …`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NotATime {
    #[error("must be a length of time, as \"30m\", \"48h\" or \"2d\"")]
    Length,
    #[error("is more than ten years")]
    TooLong,
    #[error("must be a length of time and a side, as \"24h before\" or \"2h after\"")]
    Offset,
    #[error("must be a date and time, as \"2026-12-01 10:00\"")]
    DateTime,
}

/// Calendar days and exact time: `2d`, `1d 12h`, `90m`.
fn days_and_exact(text: &str) -> Result<(u32, Duration), NotATime> {
    let mut days = 0_u32;
    let mut exact = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(NotATime::Length);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(NotATime::Length)?;
        let (number, after) = rest.split_at(digits);
        let number: u32 = number.parse().map_err(|_| NotATime::Length)?;
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let minutes = match after.split_at(unit_end).0 {
            "d" => {
                days = days.saturating_add(number);
                0
            }
            "h" => 60,
            "m" => 1,
            _ => return Err(NotATime::Length),
        };
        exact += Duration::from_mins(minutes * u64::from(number));
        rest = after[unit_end..].trim_start();
    }
    let total = Duration::from_secs(u64::from(days) * 24 * 60 * 60).saturating_add(exact);
    if total > Duration::from_secs(u64::from(MAX_DAYS) * 24 * 60 * 60) {
        return Err(NotATime::TooLong);
    }
    Ok((days, exact))
}

/// A length of time; a day is 24 hours.
pub(super) fn length(text: &str) -> Result<Duration, NotATime> {
    let (days, exact) = days_and_exact(text)?;
    Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60) + exact)
}

/// A distance from the row's date and time.
pub(super) fn offset(text: &str) -> Result<Offset, NotATime> {
    let (text, side) = match text.trim().rsplit_once(' ') {
        Some((length, "before")) => (length, Side::Before),
        Some((length, "after")) => (length, Side::After),
        _ => return Err(NotATime::Offset),
    };
    let (days, exact) = days_and_exact(text).map_err(|e| if e == NotATime::Length { NotATime::Offset } else { e })?;
    Ok(Offset { side, days, exact })
}

/// A wall-clock time of `zone`. One that is skipped when clocks go forward is moved forward by the same hour.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Result<UnixMs, NotATime> {
    let text = text.trim();
    // A day alone would mean midnight, which nobody means.
    if !text.contains(':') {
        return Err(NotATime::DateTime);
    }
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|format| DateTime::strptime(format, text).ok())
        .ok_or(NotATime::DateTime)?;
    zone.to_timestamp(local).map(UnixMs::from).map_err(|_| NotATime::DateTime)
}
