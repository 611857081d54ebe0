//! Aligned columns for people.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::time::UnixMs;

/// Rows under a header, each column as wide as its widest cell. Columns of numbers stand to the right.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(|h| h.chars().count());
    let mut right = [true; N];
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            widths[i] = widths[i].max(cell.chars().count());
            right[i] &= cell.bytes().all(|b| b.is_ascii_digit());
        }
    }
    let mut out = String::new();
    let line = |cells: [&str; N], out: &mut String| {
        let mut text = String::new();
        for (i, cell) in cells.into_iter().enumerate() {
            let padding = " ".repeat(widths[i] - cell.chars().count());
            let (before, after) = if right[i] { (padding.as_str(), "") } else { ("", padding.as_str()) };
            text.extend([before, cell, after, "  "]);
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(header, &mut out);
    for row in rows {
        line(row.each_ref().map(String::as_str), &mut out);
    }
    out
}

/// A value of the API as a cell: text and numbers as they are, nothing for `null`.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An instant of the API as a cell, on the clock of the zone of that IANA name: `Tue 24 Nov 2026, 14:30`.
pub fn local_time(value: &Value, zone: &Value) -> String {
    let zone = zone.as_str().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let local = |ms: i64| UnixMs(ms).in_zone(&zone).strftime("%a %-d %b %Y, %H:%M").to_string();
    value.as_i64().map_or_else(String::new, local)
}

/// Said below a table: whose clock its times are on.
pub fn clock(zone: &Value) -> String {
    format!("Times of {}.\n", zone.as_str().unwrap_or("UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_to_the_right() {
        let rows = [["a".to_owned(), "5".to_owned()], ["città".to_owned(), "1200".to_owned()]];
        assert_eq!(table(["name", "sent"], &rows), "name   sent\na         5\ncittà  1200\n");
    }
}
