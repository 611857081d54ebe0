//! What ought to be sent, by the rules as a person at the clinic would say them: a day before; where it is closed then, just
//! before it closed, if that is still to come, else when it opens; not in the last two hours; once for each time that a person
//! does not know yet; nothing after they have cancelled.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Weekday, date};
use jiff::tz::TimeZone;
use recado::domain::time::UnixMs;

use super::agenda::Row;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A message that has left.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sent {
    pub id: String,
    pub phone: String,
    /// The time it tells.
    pub tells: UnixMs,
    /// What it says.
    pub text: String,
    pub at: UnixMs,
}

#[derive(Clone, Debug)]
struct Pending {
    name: &'static str,
    phone: String,
    tells: UnixMs,
    due: UnixMs,
}

#[derive(Default)]
pub struct Model {
    /// What waits, by id.
    waiting: BTreeMap<String, Pending>,
    /// The time each person was told last.
    believes: BTreeMap<String, UnixMs>,
    declined: BTreeSet<String>,
    told: Vec<Sent>,
}

fn is_open(at: i64) -> bool {
    let local = UnixMs(at).in_zone(&TimeZone::get("America/Argentina/Buenos_Aires").unwrap());
    let (day, hour) = (local.date(), i64::from(local.hour()));
    if day == date(2026, 12, 8) {
        return false;
    }
    match day.weekday() {
        Weekday::Sunday => false,
        Weekday::Saturday => (9..13).contains(&hour),
        _ => (9..20).contains(&hour),
    }
}

/// Name and time as the reminder says them.
fn text(name: &str, at: UnixMs) -> String {
    const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
    let local = at.in_zone(&TimeZone::get("America/Argentina/Buenos_Aires").unwrap());
    let day = DAYS[local.weekday().to_monday_zero_offset() as usize];
    let month = if local.month() == 12 { "diciembre" } else { "noviembre" };
    format!("{name}, {day} {} de {month}, {:02}:{:02}", local.day(), local.hour(), local.minute())
}

/// When a reminder for `tells` is due that becomes known at `known`.
fn due(tells: UnixMs, known: UnixMs) -> UnixMs {
    let wanted = (tells.0 - 24 * HOUR).max(known.0);
    if is_open(wanted) {
        return UnixMs(wanted);
    }
    // Minute by minute back to the last open one: five minutes before it closed, not before it was known.
    let back = (1..7 * 24 * 60).map(|n| wanted - n * MINUTE).find(|at| is_open(*at));
    let earlier = back.map(|last| (last + MINUTE - 5 * MINUTE).max(known.0));
    if let Some(at) = earlier.filter(|at| is_open(*at) && *at <= wanted) {
        return UnixMs(at);
    }
    let next = (1..7 * 24 * 60).map(|n| wanted + n * MINUTE).find(|at| is_open(*at));
    UnixMs(next.unwrap())
}

impl Model {
    /// A good file.
    pub fn file(&mut self, now: UnixMs, rows: &[Row]) {
        let named: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let dates = || rows.iter().map(|row| row.at);
        let (first, last) = (dates().min().unwrap(), dates().max().unwrap());
        self.waiting.retain(|id, waits| match named.get(id.as_str()) {
            Some(row) => !row.cancelled && row.at == waits.tells,
            None => !(waits.tells > now && first <= waits.tells && waits.tells <= last),
        });
        for row in rows.iter().filter(|row| !row.cancelled && !self.declined.contains(&row.id)) {
            let knows = self.believes.get(&row.id) == Some(&row.at);
            let due = due(row.at, now);
            let in_time = due.0 <= row.at.0 - 2 * HOUR;
            if !knows && in_time && !self.waiting.contains_key(&row.id) {
                self.waiting
                    .insert(row.id.clone(), Pending { name: row.name, phone: row.phone.clone(), tells: row.at, due });
            }
        }
    }

    /// What leaves at `now`.
    pub fn send(&mut self, now: UnixMs) -> Vec<Sent> {
        self.waiting.retain(|_, waits| waits.tells.0 - 2 * HOUR >= now.0);
        if !is_open(now.0) {
            return Vec::new();
        }
        let mut due: Vec<(UnixMs, String, String)> = Vec::new();
        for (id, waits) in self.waiting.iter().filter(|(_, waits)| waits.due <= now) {
            due.push((waits.due, id.clone(), waits.phone.clone()));
        }
        due.sort();
        let (mut phones, mut sent) = (BTreeSet::new(), Vec::new());
        for (_, id, phone) in due {
            // Two to one phone are some seconds apart: the second goes next time.
            if phones.insert(phone) {
                let Pending { name, phone, tells, .. } = self.waiting.remove(&id).unwrap();
                self.believes.insert(id.clone(), tells);
                sent.push(Sent { id, phone, tells, text: text(name, tells), at: now });
            }
        }
        self.told.extend(sent.iter().cloned());
        sent
    }

    /// The person has said that they will not come.
    pub fn declined(&mut self, id: &str) {
        self.waiting.remove(id);
        self.declined.insert(id.to_owned());
    }

    /// Everything that was sent.
    pub fn told(&self) -> &[Sent] {
        &self.told
    }
}
