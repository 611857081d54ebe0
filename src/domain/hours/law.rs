//! Hours in which the law of a person's country allows marketing. Data with the day from which each holds and where it is
//! written. What is certain to be meant for messages is on; the rest is there to be switched on by whoever knows better.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, Weekday, date};

use super::feast::Calendar;
use super::{OpenSpan, Week};

/// One law.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Law {
    /// What configuration and campaign files call it.
    pub name: String,
    /// ISO 3166 code of the country whose people it protects.
    pub country: String,
    /// The first day on which it holds, on the person's clock.
    pub since: Date,
    /// When it allows sending.
    pub week: Week,
    /// Days on which it allows none.
    pub holidays: BTreeSet<Date>,
}

impl Law {
    /// The spans it allows on a day.
    pub fn spans(&self, day: Date) -> &[OpenSpan] {
        if self.holidays.contains(&day) { &[] } else { self.week.spans(day.weekday()) }
    }
}

/// A law that Recado brings along.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// What configuration and campaign files call it.
    pub name: &'static str,
    /// ISO 3166 code of its country.
    pub country: &'static str,
    /// The day it came into force.
    pub since: Date,
    /// Whether it holds unless switched off.
    pub is_on: bool,
    /// Where it is written, and what it is certain to cover.
    pub source: &'static str,
    /// Days from and to, and minutes of the day from and to.
    open: &'static [(Weekday, Weekday, i64, i64)],
    holidays: Calendar,
}

const MON: Weekday = Weekday::Monday;
const FRI: Weekday = Weekday::Friday;
const SAT: Weekday = Weekday::Saturday;
const SUN: Weekday = Weekday::Sunday;

/// The laws that are known, as of 2026-11.
pub const BUILT_IN: [BuiltIn; 6] = [
    BuiltIn {
        name: "co_ley_2300",
        country: "CO",
        since: date(2023, 10, 10),
        is_on: true,
        source: "Colombia, Ley 2300 de 2023, art. 3 and 5: collection and commercial messages, any channel",
        open: &[(MON, FRI, 7 * 60, 19 * 60), (SAT, SAT, 8 * 60, 15 * 60)],
        holidays: Calendar::Colombia,
    },
    BuiltIn {
        name: "us_tcpa",
        country: "US",
        since: date(1992, 12, 20),
        is_on: false,
        source: "United States, 47 CFR 64.1200(c)(1): telephone solicitations; states may be narrower",
        open: &[(MON, SUN, 8 * 60, 21 * 60)],
        holidays: Calendar::None,
    },
    BuiltIn {
        name: "es_ley_3_1991",
        country: "ES",
        since: date(2010, 1, 1),
        is_on: false,
        source: "Spain, Ley 3/1991 de Competencia Desleal, art. 29.2: written for calls",
        open: &[(MON, FRI, 9 * 60, 21 * 60)],
        holidays: Calendar::Spain,
    },
    BuiltIn {
        name: "fr_decret_2022_1313",
        country: "FR",
        since: date(2023, 3, 1),
        is_on: false,
        source: "France, décret 2022-1313 (Code de la consommation D223-9): written for calls",
        open: &[(MON, FRI, 10 * 60, 13 * 60), (MON, FRI, 14 * 60, 20 * 60)],
        holidays: Calendar::France,
    },
    BuiltIn {
        name: "cl_ley_19496",
        country: "CL",
        since: date(1999, 11, 11),
        is_on: false,
        source: "Chile, Ley 19.496, art. 37: written for collection; its holidays are not known here",
        open: &[(MON, SAT, 8 * 60, 20 * 60)],
        holidays: Calendar::None,
    },
    BuiltIn {
        name: "in_tccc_2018",
        country: "IN",
        since: date(2018, 7, 19),
        is_on: false,
        source: "India, TRAI TCCCP Regulations 2018: promotional calls and SMS; other channels are not named",
        open: &[(MON, SUN, 10 * 60, 21 * 60)],
        holidays: Calendar::None,
    },
];

impl BuiltIn {
    /// The law of that name.
    pub fn named(name: &str) -> Option<Self> {
        BUILT_IN.into_iter().find(|law| law.name == name)
    }

    /// As it is applied.
    pub fn law(&self) -> Law {
        let mut week = Week::default();
        let mut days: BTreeMap<i8, Vec<OpenSpan>> = BTreeMap::new();
        for (first, last, opens, closes) in self.open {
            let span = OpenSpan::new(*opens, *closes).expect("the table's hours open before they close");
            for day in first.to_monday_zero_offset()..=last.to_monday_zero_offset() {
                days.entry(day).or_default().push(span);
            }
        }
        for (day, spans) in days {
            let day = Weekday::from_monday_zero_offset(day).expect("a weekday is 0 to 6");
            week.set(day, spans);
        }
        // Nothing is planned for years that are over.
        let holidays = self.holidays.days(self.since.year().max(2025));
        Law { name: self.name.to_owned(), country: self.country.to_owned(), since: self.since, week, holidays }
    }
}

/// The laws that hold in an installation, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Laws(BTreeMap<String, Arc<Law>>);

impl Default for Laws {
    /// Those that hold unless switched off.
    fn default() -> Self {
        Self(BUILT_IN.iter().filter(|law| law.is_on).map(|law| (law.name.to_owned(), Arc::new(law.law()))).collect())
    }
}

impl Laws {
    /// No law.
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Switches a law on, or gives one of that name.
    pub fn hold(&mut self, law: Law) {
        self.0.insert(law.name.clone(), Arc::new(law));
    }

    /// Switches a law off.
    pub fn drop(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether one of that name holds.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Those that hold, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Law>> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::Hours;
    use super::*;
    use crate::domain::time::UnixMs;

    fn bogota(local: &str) -> UnixMs {
        let local: jiff::civil::DateTime = local.parse().unwrap();
        UnixMs::from(TimeZone::get("America/Bogota").unwrap().to_timestamp(local).unwrap())
    }

    fn open(hours: &Hours, local: &str) -> bool {
        hours.is_open(bogota(local), &TimeZone::get("America/Bogota").unwrap())
    }

    #[test]
    fn colombias_law_opens_on_weekdays_and_saturdays_and_never_on_sundays_and_holidays() {
        let law = Arc::new(BuiltIn::named("co_ley_2300").unwrap().law());
        let hours = Hours { week: Week::always(), laws: vec![law], ..Hours::default() };
        for (local, expected) in [
            ("2026-11-24T06:59", false),
            ("2026-11-24T07:00", true),
            ("2026-11-24T18:59", true),
            ("2026-11-24T19:00", false),
            ("2026-11-28T07:59", false),
            ("2026-11-28T08:00", true),
            ("2026-11-28T15:00", false),
            ("2026-11-29T11:00", false),
            ("2026-12-08T11:00", false),
            ("2026-11-16T11:00", false),
            ("2023-10-09T22:00", true),
            ("2023-10-10T22:00", false),
        ] {
            assert_eq!(open(&hours, local), expected, "{local}");
        }
    }

    #[test]
    fn a_law_narrows_the_campaigns_hours_and_never_widens_them() {
        let law = Arc::new(BuiltIn::named("co_ley_2300").unwrap().law());
        let mut hours = Hours { laws: vec![law], ..Hours::default() };
        hours.week.set(Weekday::Saturday, vec![OpenSpan::new(600, 1200).unwrap()]);
        for (local, expected) in [
            ("2026-11-28T09:00", false),
            ("2026-11-28T10:00", true),
            ("2026-11-28T15:30", false),
            ("2026-11-24T10:00", false),
        ] {
            assert_eq!(open(&hours, local), expected, "{local}");
        }
        let zone = TimeZone::get("America/Bogota").unwrap();
        assert_eq!(hours.next_open(bogota("2026-11-28T15:00"), &zone), Some(bogota("2026-12-05T10:00")));
        assert_eq!(hours.open_until(bogota("2026-11-28T11:00"), &zone), bogota("2026-11-28T15:00"));
    }

    #[test]
    fn every_built_in_law_opens_some_day_and_only_the_certain_one_holds_unasked() {
        for law in BUILT_IN {
            assert!(!law.law().week.is_never_open(), "{}", law.name);
            assert!(!law.source.is_empty());
        }
        let on: Vec<String> = Laws::default().iter().map(|law| law.name.clone()).collect();
        assert_eq!(on, ["co_ley_2300"]);
    }
}
