//! Numbers of cells as texts: whole ones without exponent, dates as dates.

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan};

use super::mask::Mask;

/// What a cell's format makes of its number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    /// The number itself.
    #[default]
    Plain,
    /// A date, or a date and time.
    Date,
    /// A time of day.
    Time,
    /// `[h]:mm`: hours beyond a day too.
    Elapsed,
    /// A share of a hundred, with so many decimals.
    Percent(usize),
    /// `00000`, `(00) 00000-0000`: digits in their places.
    Mask(Mask),
}

/// The text of a number; what is none stays as it is. `from_1904`: the workbook counts days from 1904.
pub(super) fn text(written: &str, kind: &Kind, from_1904: bool) -> String {
    let written = written.trim();
    let Ok(value) = written.parse::<f64>() else { return written.to_owned() };
    let shown = match kind {
        Kind::Plain => None,
        Kind::Mask(mask) => mask.show(value),
        Kind::Percent(decimals) => percent(value, *decimals),
        Kind::Elapsed => elapsed(value),
        Kind::Date | Kind::Time => moment(value, kind, from_1904),
    };
    shown.unwrap_or_else(|| plain(value, written))
}

/// `15%`, `12.5%`: as many decimals as are shown, without zeros at their end.
pub(super) fn percent(value: f64, decimals: usize) -> Option<String> {
    // What is shown of 0.285 is 28.5: the binary number is a little less than that.
    let hundred: f64 = format!("{:.14e}", value * 100.0).parse().ok()?;
    let text = format!("{hundred:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    hundred.is_finite().then(|| format!("{text}%"))
}

/// `36:00`, `36:00:15`.
fn elapsed(days: f64) -> Option<String> {
    if !(0.0..2_958_466.0).contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round() as u64;
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Some(if s == 0 { format!("{h:02}:{m:02}") } else { format!("{h:02}:{m:02}:{s:02}") })
}

/// Whether a number's text could be taken for one with a mark of thousands: `1234.567`.
pub(super) fn has_three_decimals(text: &str) -> bool {
    text.rsplit_once('.')
        .is_some_and(|(_, decimals)| decimals.len() == 3 && decimals.bytes().all(|b| b.is_ascii_digit()))
}

/// A number written with a point or a comma before its decimals.
pub(in super::super::super) fn plain_number(text: &str) -> Option<f64> {
    text.replace(',', ".").parse().ok()
}

/// The date and time of a day's number in a text, which does not say more of it.
pub(in super::super::super) fn serial_moment(serial: f64) -> Option<String> {
    moment(serial, &Kind::Date, false)
}

fn plain(value: f64, written: &str) -> String {
    if !value.is_finite() {
        return written.to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    // Spreadsheets show fifteen digits; 0.1 + 0.2 is kept as 0.30000000000000004.
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    format!("{rounded}")
}

/// The date and time of a serial number, as `2026-11-25 14:30`; without a time where it has none, and without a date
/// where it is less than a day.
fn moment(serial: f64, kind: &Kind, from_1904: bool) -> Option<String> {
    let at = date_time(serial, from_1904)?;
    let time = if at.second() == 0 { at.strftime("%H:%M") } else { at.strftime("%H:%M:%S") }.to_string();
    let has_time = at.hour() != 0 || at.minute() != 0 || at.second() != 0;
    if serial < 1.0 && (has_time || *kind == Kind::Time) {
        return Some(time);
    }
    let date = at.date().to_string();
    Some(if has_time { format!("{date} {time}") } else { date })
}

fn date_time(serial: f64, from_1904: bool) -> Option<DateTime> {
    // Excel's last day is 31 December 9999.
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let seconds = (serial.fract() * 86_400.0).round() as i64;
    let mut days = serial.trunc() as i64;
    // Excel has a 29 February 1900, which was none.
    if !from_1904 && (1..60).contains(&days) {
        days += 1;
    }
    let first = if from_1904 { Date::new(1904, 1, 1) } else { Date::new(1899, 12, 30) }.ok()?;
    let span: Span = days.days().seconds(seconds);
    first.at(0, 0, 0, 0).checked_add(span).ok()
}

/// `2026-11-25T14:30:00` is `2026-11-25 14:30`.
pub(super) fn iso_date(value: &str) -> String {
    let Some((date, time)) = value.split_once('T') else { return value.to_owned() };
    let time = time.split('.').next().unwrap_or(time);
    let time = time.strip_suffix(":00").filter(|t| t.len() == 5).unwrap_or(time);
    if time == "00:00" { date.to_owned() } else { format!("{date} {time}") }
}

/// `PT14H30M00S` is `14:30`.
pub(super) fn iso_time(value: &str) -> String {
    let mut parts = [0_u32; 3];
    let mut number = String::new();
    for c in value.trim_start_matches("PT").chars() {
        let place = match c {
            'H' => 0,
            'M' => 1,
            'S' => 2,
            c => {
                number.push(c);
                continue;
            }
        };
        parts[place] = number.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        number.clear();
    }
    match parts {
        [h, m, 0] => format!("{h:02}:{m:02}"),
        [h, m, s] => format!("{h:02}:{m:02}:{s:02}"),
    }
}
