//! Dates and times as spreadsheets and people write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::domain::time::UnixMs;

use super::super::audience::DateOrder;

mod cell;

use cell::Parts;
pub(super) use cell::{MONTHS, WEEKDAYS, to_the_minute};

/// A row's date and time as read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// On somebody's wall clock; without a time of day, its beginning.
    Local(DateTime, HasTime),
    /// An instant: the cell says its offset.
    Instant(Timestamp),
}

/// Whether a date came with a time of day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HasTime {
    /// It did.
    Yes,
    /// It is a whole day.
    No,
}

impl Moment {
    /// The instant and the wall clock in `zone`. A time that a jump of the clock skips is the one after the jump.
    pub fn in_zone(self, zone: &TimeZone) -> Option<(UnixMs, DateTime, HasTime)> {
        match self {
            Self::Local(local, has_time) => {
                let zoned = local.to_zoned(zone.clone()).ok()?;
                Some((UnixMs::from(zoned.timestamp()), zoned.datetime(), has_time))
            }
            Self::Instant(at) => Some((UnixMs::from(at), at.to_zoned(zone.clone()).datetime(), HasTime::Yes)),
        }
    }
}

/// Why cells are no date and time; the word of a detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoMoment {
    /// No date in the cells.
    #[error("no_date")]
    NoDate,
    /// The column of times has no time.
    #[error("no_time")]
    NoTime,
    /// Something is there, and it is no date or time.
    #[error("unreadable_date")]
    Unreadable,
}

/// Reads the cells of one row: one with date and time, or several that are joined.
pub fn read(cells: &[&str], order: DateOrder) -> Result<Moment, NoMoment> {
    if let [one] = cells
        && let Some(at) = with_offset(one)
    {
        return Ok(Moment::Instant(at));
    }
    let mut date = None;
    let mut time = None;
    for cell in cells {
        if let Some(of_day) = cell::bare_time(cell).filter(|_| cells.len() > 1) {
            time = Some(of_day);
            continue;
        }
        let parts = Parts::of(cell).ok_or(NoMoment::Unreadable)?;
        date = date.or(parts.date(order)?);
        // A column of dates may come with "0:00" in each: the time column's own time counts.
        time = parts.time.or(time);
    }
    let date = date.ok_or(NoMoment::NoDate)?;
    match time {
        Some(time) => Ok(Moment::Local(date.to_datetime(time), HasTime::Yes)),
        None if cells.len() > 1 => Err(NoMoment::NoTime),
        None => Ok(Moment::Local(date.to_datetime(Time::midnight()), HasTime::No)),
    }
}

/// The time of day of a cell that holds nothing else.
pub fn time_alone(cell: &str) -> Option<Time> {
    let parts = Parts::of(cell)?;
    parts.time.filter(|_| matches!(parts.date(DateOrder::DayFirst), Ok(None)))
}

/// Whether one of the cells names a weekday that `day` is not.
pub fn names_other_weekday(cells: &[&str], day: Date) -> bool {
    let named =
        cells.iter().filter(|cell| cell.contains(char::is_alphabetic)).filter_map(|cell| Parts::of(cell)?.weekday);
    named.into_iter().any(|named| named != day.weekday().to_monday_zero_offset())
}

/// What a cell proves about the order of day and month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// The first number is above 12.
    DayFirst,
    /// The second number is above 12.
    MonthFirst,
    /// It could be either, and they differ.
    Either,
}

/// The evidence of one cell; `None` when it holds no date in three numbers with the year last. What is no date in either
/// order (a phone that slipped into the column) proves nothing.
pub fn evidence(cell: &str) -> Option<Evidence> {
    let parts = Parts::of(cell)?;
    let [(first, 1 | 2), (second, 1 | 2), (_, 2 | 4)] = parts.numbers.as_slice() else { return None };
    let is_date = |order| matches!(parts.date(order), Ok(Some(_)));
    if parts.month.is_some() || !(is_date(DateOrder::DayFirst) || is_date(DateOrder::MonthFirst)) {
        return None;
    }
    match (*first > 12, *second > 12) {
        (true, false) => Some(Evidence::DayFirst),
        (false, true) => Some(Evidence::MonthFirst),
        (false, false) if first != second => Some(Evidence::Either),
        _ => None,
    }
}

/// The first and the last number of a date that has its year in two digits, first or last, and no name of a month; `None`: it
/// is no such date.
pub fn short(cell: &str) -> Option<(i64, i64)> {
    let parts = Parts::of(cell)?;
    let [(first, 1 | 2), (_, 1 | 2), (last, 1 | 2)] = parts.numbers.as_slice() else { return None };
    let orders = [DateOrder::DayFirst, DateOrder::MonthFirst, DateOrder::YearFirst];
    let is_date = parts.month.is_none() && orders.into_iter().any(|order| matches!(parts.date(order), Ok(Some(_))));
    is_date.then_some((*first, *last))
}

/// A date that begins with the two digits of its year, with all four: `26-11-30 10:00` is `2026-11-30 10:00`, which is one
/// date in every order. `None`: it is none.
pub fn with_century(cell: &str) -> Option<String> {
    short(cell)?;
    let whole = format!("20{}", cell.trim_start());
    let read = |cell: &str, order| read(&[cell], order).ok();
    let is_same = read(&whole, DateOrder::DayFirst) == read(cell, DateOrder::YearFirst);
    (is_same && read(&whole, DateOrder::DayFirst).is_some()).then_some(whole)
}

fn with_offset(cell: &str) -> Option<Timestamp> {
    let iso = cell.len() >= 17 && cell.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    iso.then(|| cell.trim().parse().ok()).flatten()
}
