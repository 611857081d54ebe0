//! Dates and amounts in the words of the template's language.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use minijinja::value::{Object, ObjectRepr};

/// How a template's language writes dates and numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// English.
    En,
    /// Spanish, `1.234,50`.
    Es,
    /// Spanish where decimals follow a point: Mexico, Central America, Peru, …
    EsPoint,
    /// Portuguese.
    Pt,
}

const POINT_COUNTRIES: [&str; 11] = ["MX", "GT", "HN", "NI", "PA", "SV", "DO", "PR", "PE", "US", "CU"];

const DAYS_ES: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const DAYS_PT: [&str; 7] =
    ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS_ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const MONTHS_PT: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Style {
    /// Of a template's language code, as `es_AR`. Languages without words here are written the English way.
    pub fn of_tag(tag: &str) -> Self {
        let country = tag.split(['_', '-']).nth(1).unwrap_or_default();
        match tag.get(..2) {
            Some("es") if POINT_COUNTRIES.contains(&country) => Self::EsPoint,
            Some("es") => Self::Es,
            Some("pt") => Self::Pt,
            _ => Self::En,
        }
    }

    /// `martes 24 de noviembre`
    pub fn day(self, date: Date) -> String {
        let weekday = date.weekday().to_monday_zero_offset() as usize;
        let month = date.month() as usize - 1;
        let day = date.day();
        match self {
            Self::En => format!("{} {day} {}", DAYS_EN[weekday], MONTHS_EN[month]),
            Self::Es | Self::EsPoint => format!("{} {day} de {}", DAYS_ES[weekday], MONTHS_ES[month]),
            Self::Pt => format!("{}, {day} de {}", DAYS_PT[weekday], MONTHS_PT[month]),
        }
    }

    /// `24/11/2026`; in English with the month's name, because half of its readers turn the numbers round.
    pub fn date(self, date: Date) -> String {
        match self {
            Self::En => format!("{} {} {}", date.day(), MONTHS_EN[date.month() as usize - 1], date.year()),
            _ => format!("{:02}/{:02}/{}", date.day(), date.month(), date.year()),
        }
    }

    /// `14:30`
    pub fn time(self, time: Time) -> String {
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// `1.234,50`: two decimals, thousands set apart.
    pub fn amount(self, cents: i128) -> String {
        let decimal = if matches!(self, Self::En | Self::EsPoint) { '.' } else { ',' };
        self.whole(cents) + &format!("{decimal}{:02}", (cents % 100).unsigned_abs())
    }

    /// `1.234`: without what is less than a whole.
    pub fn whole(self, cents: i128) -> String {
        let thousands = if matches!(self, Self::En | Self::EsPoint) { ',' } else { '.' };
        let whole = (cents / 100).unsigned_abs().to_string();
        let mut out = String::from(if cents < 0 { "-" } else { "" });
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                out.push(thousands);
            }
            out.push(digit);
        }
        out
    }
}

/// The row's date and time as a value of expressions: printed it is `martes 24 de noviembre, 14:30`, and its parts come
/// from the filters `day`, `time` and `date`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct When {
    /// On the wall clock of the row's time zone.
    pub local: DateTime,
    /// Whether the time of day is known.
    pub has_time: bool,
    /// Words to print it in.
    pub style: Style,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.style.day(self.local.date()))?;
        if self.has_time {
            write!(f, ", {}", self.style.time(self.local.time()))?;
        }
        Ok(())
    }
}

impl Object for When {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
