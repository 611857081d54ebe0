//! When it begins, when it has been sent, and how it comes again.

use super::layout::Page;
use super::money_in;
use crate::domain::time::UnixMs;
use crate::locale::{Language, say};
use crate::preflight::repeat::Repeats;
use crate::preflight::sheet::Sheet;

pub(super) fn times(page: &mut Page, sheet: &Sheet) {
    let Some((starts_at, sent_out)) = sheet.starts_at.zip(sheet.sent_out_at) else { return };
    page.gap();
    let at = |at: UnixMs| local(at, &sheet.timezone, page.language());
    let never = page.say("preflight.not_in_sight", &[]);
    let starts = at(starts_at);
    let ends = [sent_out.low, sent_out.likely, sent_out.high].map(|end| end.map_or(never.clone(), at));
    if let Some(repeats) = &sheet.repeats {
        repeat(page, sheet, repeats);
    }
    page.fact("preflight.starts_at", &starts);
    if ends[0] == ends[2] {
        page.fact("preflight.sent_out_at", &ends[1]);
    } else {
        let hours = sent_out.tried_again_h.map(|hours| hours.to_string()).unwrap_or_default();
        let high = if hours.is_empty() { "high" } else { "again" };
        let means =
            ["low", "likely", high].map(|name| page.say(&format!("preflight.sent_out_{name}"), &[("hours", &hours)]));
        page.range("preflight.sent_out_at_label", &ends, &means);
    }
    let limited_by = page.say(&format!("limited_by.{}", sent_out.limited_by.as_str()), &[]);
    page.fact("preflight.limited_by", &limited_by);
    if sent_out.by_people {
        let unknown = page.say("preflight.by_people", &[]);
        page.note(&unknown);
    }
    if let Some(canary) = sheet.canary {
        let (n, minutes) = (canary.messages.to_string(), canary.wait_minutes.to_string());
        let first = page.say("preflight.canary", &[("n", &n), ("minutes", &minutes)]);
        page.fact("preflight.canary", &first);
    }
    let rate = sheet.throughput.to_string();
    let clock = page.say("preflight.clock", &[("zone", &sheet.timezone), ("n", &rate)]);
    page.note(&clock);
}

/// How a campaign comes again, and what all of it costs.
fn repeat(page: &mut Page, sheet: &Sheet, repeats: &Repeats) {
    let said = repeat_words(page.language(), repeats, &local(repeats.counted_until, &sheet.timezone, page.language()));
    page.fact("repeat.comes", &said);
    let currency = &sheet.cost.currency;
    if let (Some(likely), Some(high)) = (repeats.likely, repeats.high) {
        let [likely, high] = [likely, high].map(|amount| money_in(page.language(), currency, amount));
        let said = page.say(repeats.cost_key(), &[("likely", &likely), ("high", &high)]);
        page.fact("repeat.cost", &said);
    }
}

/// How often a campaign comes, until `until` as people read it: `22 times until Wednesday 2026-12-30, 20:00`.
pub fn repeat_words(language: Language, repeats: &Repeats, until: &str) -> String {
    let key = match (repeats.or_more, repeats.ends) {
        (true, _) => "repeat.more_times",
        (false, true) => "repeat.times_until",
        (false, false) => "repeat.times_ahead",
    };
    let times = repeats.times.to_string();
    say(language, key, &[("n", &times), ("until", until), ("every", &repeats.every)])
}

/// `Tuesday 2026-11-24, 14:30` or `martes 24/11/2026, 14:30`, on the clock of `zone`.
fn local(at: UnixMs, zone: &str, language: Language) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let local = at.in_zone(&zone);
    let weekday = say(language, &format!("preflight.weekday.{}", local.weekday().to_monday_one_offset()), &[]);
    let form = if language == Language::En { "%Y-%m-%d, %H:%M" } else { "%d/%m/%Y, %H:%M" };
    format!("{weekday} {}", local.strftime(form))
}
