//! `[schedule]` and `[schedule.hours]`.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::config::toml_file::{Table, Value};
use crate::config::{checks, week};
use crate::domain::kind::CampaignKind;
use crate::domain::schedule::{Moved, Offset, Outside, Schedule, SendTime, Side};
use crate::domain::time::UnixMs;

use super::template::template_name;
use super::{Every, Holidays, HoursRule, times};

/// What `[schedule]` says.
pub(super) struct Scheduled {
    pub(super) schedule: Schedule,
    pub(super) every: Option<Every>,
    pub(super) hours: Option<HoursRule>,
    pub(super) without_laws: Vec<String>,
    pub(super) moved: Moved,
}

/// `[schedule]` with the defaults of `kind`; `zone` is the campaign's.
pub(super) fn read(root: &mut Table<'_, '_>, kind: CampaignKind, zone: &TimeZone) -> Scheduled {
    let mut schedule = Schedule { send: SendTime::WhenStarted, latest: None, until: None, outside: outside(kind) };
    let (mut hours, mut without_laws, mut move_rule, mut recurring) = (None, Vec::new(), Moved::default(), None);
    root.table("schedule", |t| {
        recurring = every(t);
        schedule.send = send_time(t, zone);
        schedule.latest = latest(t, schedule.send);
        schedule.until = until(t, schedule.send, zone);
        if let Some(value) = t.get("moved") {
            if !matches!(schedule.send, SendTime::FromWhen(_)) {
                value.refuse_key("goes with send = \"… before\" or \"… after\": nothing else follows a row's date");
            }
            move_rule = moved(&value).unwrap_or_default();
        }
        hours = t.table("hours", |h| hours_rule(h, &mut schedule.outside, &mut without_laws)).flatten();
    });
    schedule.latest = schedule.latest.or_else(|| latest_by_default(kind, schedule.send));
    Scheduled { schedule, every: recurring, hours, without_laws, moved: move_rule }
}

fn every(table: &mut Table<'_, '_>) -> Option<Every> {
    let value = table.get("every")?;
    let other = ["send", "at"].into_iter().find(|key| table.get(key).is_some());
    if let Some(other) = other {
        value.refuse_key(&format!("does not go with \"{other}\": each of its times begins a run"));
    }
    value.parsed(Every::parse)
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

fn hours_rule(table: &mut Table<'_, '_>, outside: &mut Outside, without_laws: &mut Vec<String>) -> Option<HoursRule> {
    let choices = [("earlier", Outside::Earlier), ("later", Outside::Later)];
    if let Some(choice) = table.get("outside").and_then(|v| v.choice(&choices)) {
        *outside = choice;
    }
    if let Some(names) = table.get("without_law").and_then(|v| laws(&v)) {
        *without_laws = names;
    }
    let holidays = table.get("holidays").and_then(|v| holidays(&v));
    // Whoever only leaves out a law says nothing of the week.
    let others = ["outside", "holidays", "without_law"];
    let says_nothing = table.entries().iter().all(|value| value.key() == "without_law");
    (!says_nothing).then(|| HoursRule {
        week: week::read(table, &others, "schedule.hours"),
        holidays: holidays.unwrap_or(Holidays::Dates(BTreeSet::new())),
    })
}

/// Names of laws: one, or a list.
fn laws(value: &Value<'_, '_>) -> Option<Vec<String>> {
    let names = if value.is_text() { vec![value.text()?.to_owned()] } else { value.texts()? };
    if names.iter().all(|name| checks::is_name(name)) {
        return Some(names);
    }
    value.refuse("must name a law on sending hours, as \"co_ley_2300\", or several");
    None
}

/// What the move of a row that was sent already does.
fn moved(value: &Value<'_, '_>) -> Option<Moved> {
    if value.is_table() {
        return value.table(|t| t.need("template").and_then(|v| template_name(&v)).map(Moved::Template)).flatten();
    }
    match value.text()? {
        "send again" => Some(Moved::SendAgain),
        "leave" => Some(Moved::Leave),
        _ => {
            value.refuse("must be \"send again\", \"leave\" or { template = \"…\" }");
            None
        }
    }
}

fn holidays(value: &Value<'_, '_>) -> Option<Holidays> {
    if value.is_text() {
        return checks::list_name(value).map(Holidays::Named);
    }
    checks::dates(value).map(Holidays::Dates)
}
