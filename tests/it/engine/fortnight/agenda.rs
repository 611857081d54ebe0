//! The clinic's own system: appointments, what happens to them hour by hour, and the file it writes.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{DateTime, Weekday, date};
use jiff::tz::TimeZone;
use recado::domain::time::UnixMs;

/// What is wrong with an hour's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    None,
    /// The second half of its rows is missing.
    Truncated,
    /// It ends in the middle of a row.
    CutOff,
    /// A column has another name.
    Renamed,
    /// A header and nothing else.
    Empty,
    /// Not even that.
    Nothing,
}

impl Flaw {
    pub const fn of(hour: i64) -> Self {
        match hour {
            27 | 28 | 150 => Self::Truncated,
            52 => Self::CutOff,
            76 | 200 => Self::Renamed,
            98 => Self::Empty,
            124 => Self::Nothing,
            _ => Self::None,
        }
    }
}

/// A row as the clinic means it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub name: &'static str,
    pub phone: String,
    pub at: UnixMs,
    pub cancelled: bool,
}

enum Event {
    Book(&'static str, DateTime),
    Move(&'static str, DateTime),
    Remove(&'static str),
    Cancel(&'static str),
    /// The patient answers.
    Answer(&'static str),
}

pub struct Agenda {
    all: BTreeMap<String, Row>,
    events: Vec<(i64, Event)>,
}

fn zone() -> TimeZone {
    TimeZone::get("America/Argentina/Buenos_Aires").unwrap()
}

fn instant(local: DateTime) -> UnixMs {
    UnixMs::from(local.to_zoned(zone()).unwrap().timestamp())
}

fn number(id: &str) -> String {
    // Two children of one mother.
    let id = if id.starts_with("child") { "child" } else { id };
    let n = id.bytes().fold(7_u32, |n, b| n.wrapping_mul(131).wrapping_add(u32::from(b)) % 10_000_000);
    format!("+549115{n:07}")
}

impl Agenda {
    pub fn new(start: UnixMs) -> Self {
        use Event::{Answer, Book, Cancel, Move, Remove};
        let december = |day, hour, minute| date(2026, 12, day).at(hour, minute, 0, 0);
        // Hour 0 is Monday 30 November, 8:00; day 1 of December begins at hour 16.
        let events = vec![
            (0, Book("moved-late", december(3, 10, 0))),
            (56, Move("moved-late", december(4, 15, 0))),
            (0, Book("moved-early", december(4, 11, 0))),
            (30, Move("moved-early", december(5, 11, 0))),
            (0, Book("there-and-back", december(3, 11, 30))),
            (54, Move("there-and-back", december(4, 10, 0))),
            (77, Move("there-and-back", december(5, 9, 0))),
            (78, Move("there-and-back", december(4, 10, 0))),
            (80, Move("there-and-back", december(7, 12, 0))),
            (0, Book("back-in-time", december(9, 16, 0))),
            (130, Move("back-in-time", december(10, 16, 0))),
            (140, Move("back-in-time", december(9, 16, 0))),
            (0, Book("removed", december(7, 10, 0))),
            (100, Remove("removed")),
            (0, Book("status", december(8, 12, 0))),
            (110, Cancel("status")),
            (0, Book("answered", december(2, 12, 0))),
            (30, Answer("answered")),
            (33, Move("answered", december(9, 12, 0))),
            (0, Book("monday-seven", december(7, 7, 0))),
            (0, Book("after-holiday", december(9, 10, 0))),
            (0, Book("child-1", december(10, 10, 0))),
            (0, Book("child-2", december(10, 10, 30))),
            (25, Book("too-late", december(1, 10, 0))),
            (50, Book("late", december(2, 18, 0))),
            (250, Answer("child-1")),
        ];
        let mut agenda = Self { all: BTreeMap::new(), events };
        let mut seed = 20_261_130_u64;
        let mut dice = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        for i in 0..90 {
            let day = date(2026, 11, 30).saturating_add((2 + dice(15) as i64).days());
            let day = if day.weekday() == Weekday::Sunday { day.saturating_add(1.days()) } else { day };
            let at = day.at(7 + dice(12) as i8, 30 * dice(2) as i8, 0, 0);
            agenda.book(&format!("T{i:03}"), at);
        }
        debug_assert!(agenda.all.values().all(|row| row.at > start));
        agenda
    }

    fn book(&mut self, id: &str, at: DateTime) {
        let name = match id {
            "child-1" => "Tomás",
            "child-2" => "Lucía",
            _ => "Ana",
        };
        let row = Row { id: id.to_owned(), name, phone: number(id), at: instant(at), cancelled: false };
        self.all.insert(id.to_owned(), row);
    }

    /// What happens until `hour`.
    pub fn at(&mut self, hour: i64) {
        let (now, later) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|(at, event)| *at <= hour && !matches!(event, Event::Answer(_)));
        self.events = later;
        let mut now: Vec<(i64, Event)> = now;
        now.sort_by_key(|(at, _)| *at);
        for (_, event) in now {
            match event {
                Event::Book(id, at) => self.book(id, at),
                Event::Move(id, at) => self.all.get_mut(id).unwrap().at = instant(at),
                Event::Remove(id) => drop(self.all.remove(id)),
                Event::Cancel(id) => self.all.get_mut(id).unwrap().cancelled = true,
                Event::Answer(_) => {}
            }
        }
    }

    /// Whose patient answers in this hour that they will not come.
    pub fn cancelling(&self, hour: i64) -> Vec<&'static str> {
        let answers = self.events.iter().filter_map(|(at, event)| match event {
            Event::Answer(id) if *at == hour => Some(*id),
            _ => None,
        });
        answers.collect()
    }

    /// Everything ahead, by number.
    pub fn rows(&self, now: UnixMs) -> Vec<Row> {
        self.all.values().filter(|row| row.at >= now).cloned().collect()
    }

    pub fn file(&self, now: UnixMs, flaw: Flaw) -> String {
        let mut rows = self.rows(now);
        let when = if flaw == Flaw::Renamed { "dia del turno" } else { "fecha" };
        let mut text = format!("turno;paciente;celular;{when};estado\r\n");
        match flaw {
            Flaw::Nothing => return String::new(),
            Flaw::Empty => rows.clear(),
            Flaw::Truncated => rows.truncate(rows.len() / 2),
            Flaw::None | Flaw::CutOff | Flaw::Renamed => {}
        }
        for row in rows {
            let at = row.at.in_zone(&zone()).strftime("%d/%m/%Y %H:%M").to_string();
            let status = if row.cancelled { "cancelado" } else { "confirmado" };
            text.push_str(&format!("{};{};{};{at};{status}\r\n", row.id, row.name, row.phone));
        }
        if flaw == Flaw::CutOff {
            text.truncate(text.len() - 30);
        }
        text
    }
}
