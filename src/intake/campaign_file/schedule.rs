//! `[schedule]` and `[schedule.hours]`.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::config::checks;
use crate::config::toml_file::{Table, Value};
use crate::domain::amend::Moved;
use crate::domain::hours::Week;
use crate::domain::kind::CampaignKind;
use crate::domain::schedule::{Offset, Outside, Schedule, SendTime, Side};
use crate::domain::time::UnixMs;

use super::{Every, Holidays, HoursRule, times};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `[schedule]`.
pub(super) struct Times {
    pub(super) schedule: Schedule,
    pub(super) hours: Option<HoursRule>,
    pub(super) every: Option<Every>,
    pub(super) moved: Moved,
    pub(super) moved_template: Option<String>,
}

/// `[schedule]` with the defaults of `kind`; `zone` is the campaign's.
pub(super) fn read(root: &mut Table<'_, '_>, kind: CampaignKind, zone: &TimeZone) -> Times {
    let schedule = Schedule { send: SendTime::WhenStarted, latest: None, until: None, outside: outside(kind) };
    let mut times = Times { schedule, hours: None, every: None, moved: Moved::default(), moved_template: None };
    root.table("schedule", |t| {
        let schedule = &mut times.schedule;
        schedule.send = send_time(t, zone);
        schedule.latest = latest(t, schedule.send);
        schedule.until = until(t, schedule.send, zone);
        times.hours = t.table("hours", |h| hours_rule(h, &mut schedule.outside));
        times.every = every(t);
        (times.moved, times.moved_template) = moved(t, schedule.send);
    });
    let schedule = &mut times.schedule;
    schedule.latest = schedule.latest.or_else(|| latest_by_default(kind, schedule.send));
    times
}

fn every(table: &mut Table<'_, '_>) -> Option<Every> {
    let value = table.get("every")?;
    let other = ["send", "at"].into_iter().find(|key| table.get(key).is_some());
    if let Some(other) = other {
        value.refuse_key(&format!("does not go with \"{other}\": each of its times begins a run"));
    }
    value.parsed(Every::parse)
}

fn moved(table: &mut Table<'_, '_>, send: SendTime) -> (Moved, Option<String>) {
    let (moved, template) = (table.get("moved"), table.get("template"));
    if !matches!(send, SendTime::FromWhen(_)) {
        for value in moved.iter().chain(&template) {
            value.refuse_key("goes with \"send\": it is about rows whose own date and time has changed");
        }
    }
    let choices = [("send again", Moved::SendAgain), ("leave", Moved::Leave)];
    let moved = moved.and_then(|v| v.choice(&choices)).unwrap_or_default();
    if let (Moved::Leave, Some(template)) = (moved, &template) {
        template.refuse_key("is the text of a new time, and \"moved\" says to leave it");
    }
    (moved, template.and_then(|v| super::template::template_name(&v)))
}

fn outside(kind: CampaignKind) -> Outside {
    match kind {
        CampaignKind::Reminder => Outside::Earlier,
        CampaignKind::ResumeContact | CampaignKind::Promotion => Outside::Later,
    }
}

/// A reminder, or anything sent before the row's date, is pointless once that has passed.
fn latest_by_default(kind: CampaignKind, send: SendTime) -> Option<Offset> {
    match send {
        SendTime::FromWhen(offset) => (offset.side == Side::Before).then_some(Offset::AT_IT),
        SendTime::WhenStarted | SendTime::At(_) => (kind == CampaignKind::Reminder).then_some(Offset::AT_IT),
    }
}

fn send_time(table: &mut Table<'_, '_>, zone: &TimeZone) -> SendTime {
    let send = table.get("send");
    let at = table.get("at");
    if let (Some(_), Some(at)) = (&send, &at) {
        at.refuse_key("does not go with \"send\": one instant for all rows, or a distance from each row's own");
    }
    let send = send.and_then(|v| v.parsed(times::offset)).map(SendTime::FromWhen);
    let at = at.and_then(|v| v.parsed(|text| times::instant(text, zone))).map(SendTime::At);
    send.or(at).unwrap_or_default()
}

fn latest(table: &mut Table<'_, '_>, send: SendTime) -> Option<Offset> {
    let value = table.get("latest")?;
    let latest = value.parsed(times::offset)?;
    if let SendTime::FromWhen(send) = send
        && latest.nominal_ms() <= send.nominal_ms()
    {
        value.refuse("must come after \"send\", or nothing could ever be sent");
    }
    Some(latest)
}

fn until(table: &mut Table<'_, '_>, send: SendTime, zone: &TimeZone) -> Option<UnixMs> {
    let value = table.get("until")?;
    let until = value.parsed(|text| times::instant(text, zone))?;
    if let SendTime::At(at) = send
        && until <= at
    {
        value.refuse("must come after \"at\", or nothing could ever be sent");
    }
    Some(until)
}

fn hours_rule(table: &mut Table<'_, '_>, outside: &mut Outside) -> HoursRule {
    let choices = [("earlier", Outside::Earlier), ("later", Outside::Later)];
    if let Some(choice) = table.get("outside").and_then(|v| v.choice(&choices)) {
        *outside = choice;
    }
    let holidays = table.get("holidays").and_then(|v| holidays(&v));
    let mut week = Week::default();
    let mut given = Vec::new();
    let days = table.entries().into_iter().filter(|v| !matches!(v.key(), "outside" | "holidays"));
    let wrong = days.filter(|value| day_hours(value, &mut week, &mut given).is_none()).count();
    if wrong == 0 && week.is_never_open() {
        table.refuse("[schedule.hours] opens on no day: nothing could ever be sent");
    }
    HoursRule { week, holidays: holidays.unwrap_or(Holidays::Dates(BTreeSet::new())) }
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
    let spans = value.parsed(times::spans)?;
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

fn holidays(value: &Value<'_, '_>) -> Option<Holidays> {
    if value.is_text() {
        return checks::list_name(value).map(Holidays::Named);
    }
    checks::dates(value).map(Holidays::Dates)
}
