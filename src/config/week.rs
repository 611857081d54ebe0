//! Hours of a week as people write them: `mon-fri = "09:00-13:00, 15:00-19:00"`. The same in `recado.toml` and in campaign
//! files.

use jiff::civil::Weekday;

use super::toml_file::{Table, Value};
use crate::domain::hours::{OpenSpan, Week};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Text that is no hours; the message completes `"key" …`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum NotHours {
    #[error("must be hours, as \"09:00-20:00\", \"09:00-13:00, 15:00-19:00\" or \"closed\"")]
    Hours,
    #[error("must open before it closes; hours past midnight are two days' hours")]
    Backwards,
}

/// The week that the table's keys give, other than those in `others`. A week that opens on no day is refused.
pub fn read(table: &mut Table<'_, '_>, others: &[&str], name: &str) -> Week {
    let mut week = Week::default();
    let mut given = Vec::new();
    let days = table.entries().into_iter().filter(|value| !others.contains(&value.key()));
    let wrong = days.filter(|value| day_hours(value, &mut week, &mut given).is_none()).count();
    if wrong == 0 && week.is_never_open() {
        table.refuse(&format!("[{name}] opens on no day: nothing could ever be sent"));
    }
    week
}

/// Hours of one day or several. `None` when they are wrong, which has been said.
fn day_hours(value: &Value<'_, '_>, week: &mut Week, given: &mut Vec<Weekday>) -> Option<()> {
    let Some(days) = days(value.key()) else {
        value.refuse_key("is no day: mon to sun, or several as mon-fri");
        return None;
    };
    let repeated = days.iter().any(|day| given.contains(day));
    given.extend(&days);
    if repeated {
        value.refuse_key("names a day that has its hours already");
        return None;
    }
    let spans = value.parsed(spans)?;
    if !days.into_iter().all(|day| week.set(day, spans.clone())) {
        value.refuse("has hours that overlap");
        return None;
    }
    Some(())
}

/// The days of `mon` or `mon-fri`; `sat-mon` goes over the end of the week.
fn days(key: &str) -> Option<Vec<Weekday>> {
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let place = |name: &str| DAYS.iter().position(|(day, _)| *day == name);
    let (first, last) = (place(first)?, place(last)?);
    let count = (last + DAYS.len() - first) % DAYS.len() + 1;
    Some((first..first + count).map(|i| DAYS[i % DAYS.len()].1).collect())
}

/// The open spans of a day.
fn spans(text: &str) -> Result<Vec<OpenSpan>, NotHours> {
    if text.trim() == "closed" {
        return Ok(Vec::new());
    }
    text.split(',').map(span).collect()
}

fn span(text: &str) -> Result<OpenSpan, NotHours> {
    let (opens, closes) = text.split_once('-').ok_or(NotHours::Hours)?;
    OpenSpan::new(minute_of_day(opens)?, minute_of_day(closes)?).ok_or(NotHours::Backwards)
}

fn minute_of_day(text: &str) -> Result<i64, NotHours> {
    let (hour, minute) = text.trim().split_once(':').ok_or(NotHours::Hours)?;
    let number = |t: &str, most: i64| {
        let plain = (1..=2).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        t.parse::<i64>().ok().filter(|n| plain && *n <= most).ok_or(NotHours::Hours)
    };
    let all = number(hour, 24)? * 60 + number(minute, 59)?;
    if all > 24 * 60 || minute.len() != 2 { Err(NotHours::Hours) } else { Ok(all) }
}
