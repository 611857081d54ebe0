//! The report finance reads: what a month cost, by whatever it is asked for, with a total per currency.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::domain::money::Micros;
use crate::domain::spreadsheet::text_cell;
use crate::domain::time::UnixMs;
use crate::locale::{Language, say};
use crate::store::cost::{CostKey, CostLine, CostQuery};

/// A calendar month, as `2026-11`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Month(Date);

/// Why a report cannot be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReport {
    /// Not `YYYY-MM`.
    #[error("a month is written as 2026-11")]
    Month,
    /// Not a key.
    #[error("unknown key “{word}”; a report is by {}", all_keys())]
    Key {
        /// What was written.
        word: String,
    },
    /// The same key twice.
    #[error("the key “{word}” is named twice")]
    Twice {
        /// What was written.
        word: String,
    },
}

fn all_keys() -> String {
    CostKey::ALL.map(CostKey::as_str).join(", ")
}

impl Month {
    /// Reads `2026-11`.
    pub fn parse(text: &str) -> Result<Self, NoReport> {
        let (year, month) = text.split_once('-').ok_or(NoReport::Month)?;
        let digits = |s: &str, n| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(NoReport::Month);
        }
        let year = year.parse().map_err(|_| NoReport::Month)?;
        let month = month.parse().map_err(|_| NoReport::Month)?;
        Date::new(year, month, 1).map(Self).map_err(|_| NoReport::Month)
    }

    /// The month on `zone`'s calendar at `now`.
    pub fn at(now: UnixMs, zone: &TimeZone) -> Self {
        Self(now.in_zone(zone).date().first_of_month())
    }

    /// What to add up for this month. `zone` decides which messages under way fall into it; charges carry their day.
    pub fn query(self, by: Vec<CostKey>, zone: &TimeZone) -> CostQuery {
        let next = self.0.saturating_add(Span::new().months(1));
        let midnight = |day: Date| {
            let start = day.to_zoned(zone.clone()).map(|z| z.timestamp());
            start.map_or(UnixMs(i64::MAX), UnixMs::from)
        };
        let (from_at, before_at) = (midnight(self.0), midnight(next));
        CostQuery { by, from_day: self.0.to_string(), before_day: next.to_string(), from_at, before_at }
    }
}

/// `2026-11`.
impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// Reads `campaign,cost_centre`. Nothing is a report of one line per currency.
pub fn keys(list: &str) -> Result<Vec<CostKey>, NoReport> {
    let mut keys = Vec::new();
    for word in list.split(',').map(str::trim).filter(|w| !w.is_empty()) {
        let key = CostKey::parse(word).ok_or_else(|| NoReport::Key { word: word.to_owned() })?;
        if keys.contains(&key) {
            return Err(NoReport::Twice { word: word.to_owned() });
        }
        keys.push(key);
    }
    Ok(keys)
}

/// A report as the API gives it. Amounts are decimals in text, so that no reader turns them into floats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CostReport {
    /// The month, as `2026-11`.
    pub month: String,
    /// What it is broken down by.
    pub by: Vec<CostKey>,
    /// One line per combination of keys and currency.
    pub lines: Vec<ReportLine>,
    /// One line per currency: amounts of different currencies are never added.
    pub totals: Vec<ReportLine>,
}

/// One line of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportLine {
    /// Word of each key and its value; none in a total. An empty campaign means sent by hand and answers.
    pub keys: BTreeMap<String, String>,
    /// The campaign's title, where the report is by campaign.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The amounts.
    #[serde(flatten)]
    pub sums: Sums,
}

/// The figures of a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sums {
    /// ISO 4217.
    pub currency: String,
    /// Delivered and booked, free ones included.
    pub messages: i64,
    /// Of these, what the provider gave for free.
    pub free: i64,
    /// Under way or planned, not yet booked.
    pub open: i64,
    /// What the open ones are estimated at.
    pub estimated: String,
    /// What is reserved for the open ones.
    pub reserved: String,
    /// What was charged.
    pub charged: String,
}

impl From<&CostLine> for Sums {
    fn from(line: &CostLine) -> Self {
        Self {
            currency: line.currency.clone(),
            messages: line.messages,
            free: line.free,
            open: line.open,
            estimated: line.estimated.to_string(),
            reserved: line.reserved.to_string(),
            charged: line.charged.to_string(),
        }
    }
}

/// One line per currency.
pub fn totals(lines: &[CostLine]) -> Vec<CostLine> {
    let currencies: BTreeSet<&str> = lines.iter().map(|l| l.currency.as_str()).collect();
    let sum = |currency: &str| {
        let mut total = CostLine { currency: currency.to_owned(), ..CostLine::default() };
        for line in lines.iter().filter(|l| l.currency == currency) {
            total.messages += line.messages;
            total.free += line.free;
            total.open += line.open;
            total.estimated = total.estimated.plus(line.estimated);
            total.reserved = total.reserved.plus(line.reserved);
            total.charged = total.charged.plus(line.charged);
        }
        total
    };
    currencies.into_iter().map(sum).collect()
}

/// The report of `lines`, which came from a query by the same keys: the dearest first.
pub fn shape(month: Month, by: &[CostKey], lines: &[CostLine]) -> CostReport {
    let words = by.iter().map(|k| k.as_str().to_owned());
    let shaped = |line: &CostLine| ReportLine {
        keys: words.clone().zip(line.keys.iter().cloned()).collect(),
        title: line.title.clone(),
        sums: Sums::from(line),
    };
    let mut ordered: Vec<&CostLine> = lines.iter().collect();
    ordered.sort_by(|a, b| a.currency.cmp(&b.currency).then(worth(b).cmp(&worth(a))).then(a.keys.cmp(&b.keys)));
    CostReport {
        month: month.to_string(),
        by: by.to_vec(),
        lines: ordered.into_iter().map(shaped).collect(),
        totals: totals(lines).iter().map(shaped).collect(),
    }
}

fn worth(line: &CostLine) -> Micros {
    line.charged.plus(line.reserved.max(line.estimated))
}

/// The report as CSV (RFC 4180), totals last; text in it cannot become a spreadsheet's formula.
pub fn csv(report: &CostReport, language: Language) -> String {
    let figures = ["currency", "messages", "free", "open", "estimated", "reserved", "charged"];
    let header: Vec<&str> = by_words(report).chain(figures).collect();
    let mut out = header.join(",") + "\r\n";
    for line in &report.lines {
        let by_hand = say(language, "costs.by_hand", &[]);
        let keys = report.by.iter().map(|key| match (key, line.keys.get(key.as_str()).map_or("", String::as_str)) {
            (CostKey::Campaign, "") => by_hand.as_str(),
            (_, word) => word,
        });
        push_line(&mut out, keys, &line.sums);
    }
    for total in &report.totals {
        let label = (0..report.by.len()).map(|i| if i == 0 { "total" } else { "" });
        push_line(&mut out, label, &total.sums);
    }
    out
}

fn by_words(report: &CostReport) -> impl Iterator<Item = &'static str> + '_ {
    report.by.iter().map(|k| k.as_str())
}

fn push_line<'a>(out: &mut String, keys: impl Iterator<Item = &'a str>, sums: &Sums) {
    let mut cells: Vec<String> = keys.map(|k| quoted(&text_cell(k))).collect();
    cells.push(sums.currency.clone());
    cells.extend([sums.messages, sums.free, sums.open].map(|n| n.to_string()));
    cells.extend([&sums.estimated, &sums.reserved, &sums.charged].map(Clone::clone));
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
