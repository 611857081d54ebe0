//! Times, numbers and money as people of each language write them.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::money::Micros;
use crate::domain::template::slot::{CardSlot, Slot};
use crate::domain::time::UnixMs;
use crate::locale::{Language, say};

/// `12,400` in English, `12.400` in Spanish and Portuguese.
pub fn number(language: Language, n: i64) -> String {
    let separator = if language == Language::En { ',' } else { '.' };
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    if n < 0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// `USD 1,234.50`: cents from one unit on, below that as many decimals as there are; files and API have all of them.
pub fn money(language: Language, amount: Micros, currency: &str) -> String {
    let cents = Micros((amount.0.abs() + 5_000) / 10_000 * 10_000 * amount.0.signum());
    let plain = if amount.0.abs() >= 1_000_000 { cents } else { amount }.to_string();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, "00"));
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let whole = number(language, whole.trim_start_matches('-').parse().unwrap_or(0));
    let point = if language == Language::En { '.' } else { ',' };
    format!("{currency} {sign}{whole}{point}{part}")
}

/// `812 KB`, `4.5 MB`: how large a file is.
pub fn size(language: Language, bytes: i64) -> String {
    let (kb, tenths) = (bytes.max(0) / 1_024, bytes.max(0) * 10 / (1 << 20));
    if tenths < 10 {
        return format!("{} KB", number(language, kb.max(1)));
    }
    let point = if language == Language::En { '.' } else { ',' };
    format!("{}{point}{} MB", number(language, tenths / 10), tenths % 10)
}

/// `1 GB`, `1.5 MB`, `900 KB`: decimal, as configurations say it.
pub fn bytes_short(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    let (of, unit) = units.into_iter().find(|(of, _)| bytes >= *of).unwrap_or((1, "bytes"));
    let (whole, tenth) = (bytes / of, bytes % of * 10 / of);
    if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

/// `in 5 minutes`, `3 hours ago`, `now`.
pub fn relative(language: Language, at: UnixMs, now: UnixMs) -> String {
    let (span, key) = if at >= now { (at.since(now), "web.time.in") } else { (now.since(at), "web.time.ago") };
    if span < Duration::from_secs(5) {
        return say(language, "web.time.now", &[]);
    }
    say(language, key, &[("span", &duration(language, span))])
}

/// `45 s`, `12 min`, `3 h 20 min`, `5 days`.
pub fn duration(language: Language, span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds} s"),
        () if minutes < 60 => format!("{minutes} min"),
        () if hours < 6 && minutes % 60 > 0 => format!("{hours} h {} min", minutes % 60),
        () if hours < 48 => format!("{hours} h"),
        () => say(language, "web.time.days", &[("n", &days.to_string())]),
    }
}

/// `Tue 24 Nov, 14:30 (Buenos Aires)`; the year only where it is another one.
pub fn absolute(language: Language, at: UnixMs, zone: &TimeZone, now: UnixMs) -> String {
    format!("{} ({})", day_and_time(language, at, zone, now), place(zone))
}

/// `14:30` of today, `Tue 24 Nov, 14:30` of another day.
pub fn hour(language: Language, at: UnixMs, zone: &TimeZone, now: UnixMs) -> String {
    let local = at.in_zone(zone);
    if local.date() == now.in_zone(zone).date() {
        return format!("{:02}:{:02}", local.hour(), local.minute());
    }
    day_and_time(language, at, zone, now)
}

fn day_and_time(language: Language, at: UnixMs, zone: &TimeZone, now: UnixMs) -> String {
    let local = at.in_zone(zone);
    let weekday = say(language, &format!("web.weekday.{}", local.weekday().to_monday_one_offset()), &[]);
    let month = say(language, &format!("web.month.{}", local.month()), &[]);
    let year = if local.year() == now.in_zone(zone).year() { String::new() } else { format!(" {}", local.year()) };
    format!("{weekday} {} {month}{year}, {:02}:{:02}", local.day(), local.hour(), local.minute())
}

/// `Buenos Aires` for `America/Argentina/Buenos_Aires`.
pub fn place(zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// What a place of a template is called.
pub fn slot(language: Language, slot: &Slot) -> String {
    let said = |key: &str, name: &str| say(language, &format!("slot.{key}"), &[("name", name)]);
    match slot {
        Slot::Latitude => said("latitude", ""),
        Slot::Longitude => said("longitude", ""),
        Slot::PlaceName => said("place_name", ""),
        Slot::PlaceAddress => said("place_address", ""),
        Slot::Product => said("product", ""),
        Slot::Catalog => said("catalog", ""),
        Slot::OfferEnds => said("offer_ends", ""),
        Slot::Products => said("products", ""),
        Slot::FlowData(name) => said("data", name),
        Slot::Card(no, part) => {
            let what = match part {
                CardSlot::Header => said("card_header", ""),
                CardSlot::Product => said("card_product", ""),
                CardSlot::Catalog => said("card_catalog", ""),
                CardSlot::Variable(name) => said("card_variable", name),
                CardSlot::Button(index) => said("card_button", &(index + 1).to_string()),
            };
            say(language, "slot.card", &[("no", &(no + 1).to_string()), ("what", &what)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_money_follow_the_language() {
        assert_eq!(number(Language::En, 1_234_567), "1,234,567");
        assert_eq!(number(Language::Pt, -12_400), "-12.400");
        assert_eq!(number(Language::Es, 999), "999");
        assert_eq!(money(Language::En, Micros(1_234_500_000), "USD"), "USD 1,234.50");
        assert_eq!(money(Language::Es, Micros(61_800), "USD"), "USD 0,0618");
        assert_eq!(money(Language::En, Micros(5_081_300), "USD"), "USD 5.08");
        assert_eq!(money(Language::En, Micros(-1_999_900), "USD"), "USD -2.00");
        assert_eq!([size(Language::En, 3), size(Language::Es, 831_488)], ["1 KB", "812 KB"]);
        assert_eq!([size(Language::En, 4_718_592), size(Language::Pt, 104_857_600)], ["4.5 MB", "100,0 MB"]);
    }

    #[test]
    fn a_time_is_told_both_ways_with_its_clock() {
        let now = UnixMs(1_795_514_400_000); // 2026-11-24T10:00:00Z
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let later = now.plus(Duration::from_mins(200));
        assert_eq!(relative(Language::En, later, now), "in 3 h 20 min");
        assert_eq!(relative(Language::Es, now.minus(Duration::from_mins(2)), now), "hace 2 min");
        assert!(absolute(Language::En, later, &zone, now).ends_with("10:20 (Buenos Aires)"));
        assert_eq!(hour(Language::En, later, &zone, now), "10:20");
        assert!(hour(Language::En, now.plus(Duration::from_hours(24)), &zone, now).ends_with(", 07:00"));
    }
}
