//! Readings that both files share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::{self, TimeZone};

use super::toml_file::Value;

/// Whether `text` can name something in `recado.toml`: `[a-z0-9_]`.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A name of `recado.toml`.
pub fn name(value: &Value<'_, '_>) -> Option<String> {
    let text = value.text()?;
    if is_name(text) {
        return Some(text.to_owned());
    }
    value.refuse("must be a name of lower-case letters, digits and _");
    None
}

/// Whether `text` can name a list of holidays: names may be capital, as `AR`.
pub fn is_list_name(text: &str) -> bool {
    is_name(&text.to_ascii_lowercase())
}

/// The name of a list of holidays.
pub fn list_name(value: &Value<'_, '_>) -> Option<String> {
    let text = value.text()?;
    if is_list_name(text) {
        return Some(text.to_owned());
    }
    value.refuse("must name a list under [holidays] of recado.toml, or be a list of days");
    None
}

/// A list of days, as `["2026-12-25", "2027-01-01"]`.
pub fn dates(value: &Value<'_, '_>) -> Option<BTreeSet<Date>> {
    let dates =
        value.list(|text| Date::strptime("%Y-%m-%d", text.trim()).map_err(|_| "must hold days, as \"2026-12-25\""));
    dates.map(BTreeSet::from_iter)
}

/// Days, or the name of one of the lists under `[holidays]`.
pub fn holidays(value: &Value<'_, '_>, lists: &BTreeMap<String, BTreeSet<Date>>) -> Option<BTreeSet<Date>> {
    if !value.is_text() {
        return dates(value);
    }
    let name = list_name(value)?;
    let list = lists.get(&name);
    if list.is_none() {
        value.refuse_for("names no list under [holidays]", &name, lists.keys().map(String::as_str));
    }
    list.cloned()
}

/// An IANA time zone.
pub fn timezone(value: &Value<'_, '_>) -> Option<TimeZone> {
    let name = value.text()?;
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let known: Vec<String> = tz::db().available().map(|name| name.to_string()).collect();
    value.refuse_for(&format!("names no time zone: \"{name}\""), name, known.iter().map(String::as_str));
    None
}

/// A size, as `500MB` or `1.5GB`, in bytes; units are decimal.
pub fn bytes(text: &str) -> Result<u64, &'static str> {
    let wrong = "must be a size, as \"500MB\" or \"1GB\"";
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or(wrong)?;
    let (number, unit) = text.split_at(at);
    let unit: f64 = match unit.to_ascii_uppercase().as_str() {
        "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return Err(wrong),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong)?;
    let bytes = number * unit;
    if (0.0..1e18).contains(&bytes) { Ok(bytes as u64) } else { Err(wrong) }
}

/// A length of time, as `6h` or `90m`.
pub fn length(text: &str) -> Result<Duration, &'static str> {
    let wrong = "must be a length of time, as \"6h\" or \"90m\"";
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong)?;
    Duration::try_from(span).map_err(|_| wrong)
}
