//! Rate cards as files, those of this build and those that the operator gives: delimited text, read strictly, because a
//! wrong price is found only on the bill.

use std::collections::BTreeMap;

use super::card::{NO_RATE, PricedAs, Rates};
use super::market::{Market, OTHER};
use crate::config::toml_file::{TomlProblem, nearest};
use crate::domain::money::Micros;

/// The column of markets.
const MARKET: &str = "market";

/// Where a cell stands, and what it says.
#[derive(Clone, Copy)]
struct Cell<'a> {
    line: usize,
    /// In characters, from 1.
    column: usize,
    text: &'a str,
}

/// A file being read.
struct Reading<'a> {
    name: &'a str,
    problems: Vec<TomlProblem>,
}

impl Reading<'_> {
    fn refuse(&mut self, at: Cell<'_>, message: String, hint: Option<String>) {
        let (file, line, column) = (self.name.to_owned(), at.line, at.column);
        self.problems.push(TomlProblem { file, line, column, message, hint });
    }

    /// The price that each column tells, in the order of the header.
    fn columns(&mut self, header: &[Cell<'_>]) -> Vec<Option<PricedAs>> {
        let known: Vec<&str> = PricedAs::COLUMNS.iter().map(|column| column.as_str()).collect();
        let at = header[0];
        if at.text != MARKET {
            self.refuse(
                at,
                format!("the first column must be \"{MARKET}\", and columns are separated by commas"),
                None,
            );
        }
        for missing in known.iter().filter(|name| !header.iter().any(|cell| cell.text == **name)) {
            let message = format!(
                "the column \"{missing}\" is missing: it belongs into the header, with {NO_RATE} where there is no rate"
            );
            self.refuse(at, message, None);
        }
        let found = header.iter().skip(1).map(|cell| {
            let column = PricedAs::COLUMNS.into_iter().find(|column| column.as_str() == cell.text);
            if column.is_none() {
                let hint = nearest(cell.text, known.iter().copied()).map(|meant| format!("did you mean \"{meant}\"?"));
                self.refuse(*cell, format!("unknown column \"{}\": there are {}", cell.text, known.join(", ")), hint);
            }
            column
        });
        found.collect()
    }

    fn market(&mut self, cell: Cell<'_>, rows: &BTreeMap<&'static str, Rates>) -> Option<&'static str> {
        let Some(market) = Market::named(cell.text) else {
            let hint = nearest(cell.text, Market::all().map(Market::as_str));
            let hint = hint.map_or_else(
                || format!("countries without a row go into the row \"{OTHER}\""),
                |meant| format!("did you mean \"{meant}\"?"),
            );
            self.refuse(cell, format!("unknown market \"{}\"", cell.text), Some(hint));
            return None;
        };
        if rows.contains_key(market.as_str()) {
            self.refuse(cell, format!("the market \"{market}\" is there twice: keep one of its rows"), None);
            return None;
        }
        Some(market.as_str())
    }

    fn rate(&mut self, cell: Cell<'_>) -> Option<Micros> {
        if cell.text == NO_RATE {
            return None;
        }
        let rate = Micros::parse(cell.text).filter(|rate| rate.0 >= 0);
        if rate.is_none() {
            let message =
                format!("\"{}\" is no rate: write it as 0.0625, with a point, or {NO_RATE} for none", cell.text);
            self.refuse(cell, message, None);
        }
        rate
    }
}

/// The rows of a card by market; problems are told of the file `name`.
///
/// # Errors
/// Everything that is wrong with the file, with its line and column.
pub(super) fn read(name: &str, text: &str) -> Result<BTreeMap<&'static str, Rates>, Vec<TomlProblem>> {
    let mut reading = Reading { name, problems: Vec::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    let mut lines = lines.map(|(nth, line)| cells(nth + 1, line));
    let Some(header) = lines.next() else {
        let at = Cell { line: 1, column: 1, text: "" };
        reading.refuse(at, format!("the file is empty: it begins with the line {}", header_line()), None);
        return Err(reading.problems);
    };
    let columns = reading.columns(&header);
    if !reading.problems.is_empty() {
        return Err(reading.problems);
    }
    let mut rows = BTreeMap::new();
    for row in lines {
        let market = reading.market(row[0], &rows);
        if row.len() != header.len() {
            let message =
                format!("{} cells, but the header has {}: amounts have a point, not a comma", row.len(), header.len());
            reading.refuse(row[0], message, None);
            continue;
        }
        let mut rates = [None; PricedAs::COLUMNS.len()];
        for (column, cell) in columns.iter().zip(&row[1..]) {
            let place = PricedAs::COLUMNS.iter().position(|known| Some(*known) == *column);
            if let Some(place) = place {
                rates[place] = reading.rate(*cell);
            }
        }
        rows.extend(market.map(|market| (market, rates)));
    }
    if !rows.contains_key(OTHER) {
        let message = format!("the row \"{OTHER}\" is missing: its rates hold for every market without a row");
        reading.refuse(header[0], message, None);
    }
    if reading.problems.is_empty() { Ok(rows) } else { Err(reading.problems) }
}

fn header_line() -> String {
    let columns = PricedAs::COLUMNS.map(PricedAs::as_str);
    format!("{MARKET},{}", columns.join(","))
}

/// A line's cells without the blanks around them.
fn cells(line: usize, text: &str) -> Vec<Cell<'_>> {
    let mut column = 1;
    let cut = text.split(',').map(|whole| {
        let blanks = whole.chars().take_while(|c| c.is_whitespace()).count();
        let cell = Cell { line, column: column + blanks, text: whole.trim() };
        column += whole.chars().count() + 1;
        cell
    });
    cut.collect()
}
