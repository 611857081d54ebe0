//! `[countries]`: what is delivered where, when the platform's facts have changed since this was built.

use jiff::civil::Date;

use super::toml_file::{Table, Value};
use crate::domain::reach::{Reach, Reaches};

/// `[countries]`: a line for each, beside what is known.
pub(super) fn read(table: &mut Table<'_, '_>) -> Option<Reaches> {
    let mut reaches = Reaches::default();
    let read = table.entries().into_iter().map(|value| {
        let place = place(&value)?;
        let (reach, since) = value.parsed(said)?;
        reaches.set(place, reach, since);
        Some(())
    });
    let whole: Option<Vec<()>> = read.collect::<Vec<_>>().into_iter().collect();
    whole.map(|_| reaches)
}

/// A country's code, or `"+7978"`.
fn place(value: &Value<'_, '_>) -> Option<String> {
    let key = value.key();
    let is_prefix = |digits: &str| (1..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if key.parse::<phonenumber::country::Id>().is_ok() || key.strip_prefix('+').is_some_and(is_prefix) {
        return Some(key.to_owned());
    }
    value.refuse_key("must be the two capital letters of a country, as US, or a number's beginning, as \"+7978\"");
    None
}

/// `everything`, `no marketing` or `nothing`, perhaps with `since 2027-01-01`.
fn said(text: &str) -> Result<(Reach, Option<Date>), &'static str> {
    let wrong =
        "must be \"everything\", \"no marketing\" or \"nothing\", perhaps with a day, as \"nothing since 2027-01-01\"";
    let (what, since) = match text.split_once(" since ") {
        Some((what, day)) => (what, Some(Date::strptime("%Y-%m-%d", day.trim()).map_err(|_| wrong)?)),
        None => (text, None),
    };
    let reach = match what.trim() {
        "everything" => Reach::Everything,
        "no marketing" => Reach::NoMarketing,
        "nothing" => Reach::Nothing,
        _ => return Err(wrong),
    };
    Ok((reach, since))
}
