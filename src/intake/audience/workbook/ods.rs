//! ODS (`OpenDocument` 1.3): all sheets are in one part, `content.xml`, one after the other.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};

use super::super::lines::Raw;
use super::super::refused::Refused;
use super::merged::{Merge, Merged};
use super::number;
use super::package::Package;
use super::shown::{Shown, shows_places};
use super::xml::{Xml, attributes, push_text};
use super::{Cells, MOST_COLUMNS, MOST_ROWS, MOST_SHEETS, Sheet};

const PART: &str = "content.xml";

fn content(package: &Package) -> Result<Xml, Refused> {
    package.part(PART)?.map(Xml::new).ok_or(Refused::Damaged("it holds no sheets"))
}

/// The sheets of a workbook. Rows are not looked into.
pub(super) fn sheets(package: &Package) -> Result<Vec<Sheet>, Refused> {
    refuse_encrypted(package)?;
    let mut xml = content(package)?;
    let mut hidden_styles: Vec<String> = Vec::new();
    let mut style = String::new();
    let mut sheets = Vec::new();
    let mut depth = 0;
    loop {
        let event = xml.next()?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                b"style" => attributes(tag, |name, value| {
                    if name == b"name" {
                        value.clone_into(&mut style);
                    }
                }),
                b"table-properties" => attributes(tag, |name, value| {
                    if name == b"display" && value == "false" && hidden_styles.len() < MOST_SHEETS {
                        hidden_styles.push(style.clone());
                    }
                }),
                b"table" => {
                    if depth == 0 && sheets.len() < MOST_SHEETS {
                        sheets.push(sheet(tag, &hidden_styles));
                    }
                    depth += usize::from(matches!(event, Event::Start(_)));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == b"table" => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    if sheets.is_empty() { Err(Refused::Damaged("it holds no sheets")) } else { Ok(sheets) }
}

fn sheet(tag: &BytesStart<'_>, hidden_styles: &[String]) -> Sheet {
    let mut sheet = Sheet { name: String::new(), is_hidden: false, part: String::new() };
    attributes(tag, |name, value| match name {
        b"name" => value.trim().clone_into(&mut sheet.name),
        b"style-name" => sheet.is_hidden = hidden_styles.iter().any(|style| style == value),
        _ => {}
    });
    sheet
}

/// With a password, the parts are unreadable and the manifest says how they were encrypted.
fn refuse_encrypted(package: &Package) -> Result<(), Refused> {
    let Some(part) = package.part("META-INF/manifest.xml")? else { return Ok(()) };
    let mut xml = Xml::new(part);
    loop {
        match xml.next()? {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == b"encryption-data" => {
                return Err(Refused::Password);
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The rows of a sheet.
pub(super) struct Rows {
    xml: Xml,
    /// The first row to give.
    from: u32,
    /// Rows done, the copies of repeated ones counted.
    at: u32,
    /// A row that stands for several, and how many are still to come.
    repeated: Vec<String>,
    /// Its formulas without a value.
    uncalculated: Vec<usize>,
    /// Its numbers with three decimals.
    numbers: Vec<usize>,
    is_hidden: bool,
    left: u32,
    /// The sheet has no more rows.
    is_over: bool,
    text: String,
}

/// A cell before its text.
#[derive(Default)]
struct Cell {
    repeats: usize,
    /// Rows that it goes over.
    rows: u32,
    has_formula: bool,
    holds: Holds,
    /// The value where the text shown is only a way of writing it.
    value: Option<String>,
}

/// What the value of a cell is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Holds {
    /// It does not say: a formula that was never calculated does not.
    #[default]
    Unsaid,
    Number,
    /// A number that is shown as a share of a hundred.
    Share,
    Other,
}

impl Cell {
    /// The columns that it fills from `column` on, where they hold such numbers.
    fn numbers(&self, column: usize) -> std::ops::Range<usize> {
        let is_such = self.holds == Holds::Number && self.value.as_deref().is_some_and(number::has_three_decimals);
        column..column + if is_such { self.repeats } else { 0 }
    }
}

impl Rows {
    /// The rows of the sheet of that place.
    pub(super) fn open(package: &Package, sheet: usize, from: u32) -> Result<Self, Refused> {
        let mut xml = content(package)?;
        let (mut depth, mut seen) = (0_usize, 0);
        loop {
            let event = xml.next()?;
            match &event {
                Event::Start(tag) if tag.local_name().as_ref() == b"table" => {
                    if depth == 0 && seen == sheet {
                        break;
                    }
                    seen += usize::from(depth == 0);
                    depth += 1;
                }
                Event::Empty(tag) if tag.local_name().as_ref() == b"table" => seen += usize::from(depth == 0),
                Event::End(tag) if tag.local_name().as_ref() == b"table" => depth = depth.saturating_sub(1),
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(Self {
            xml,
            from,
            at: 0,
            repeated: Vec::new(),
            uncalculated: Vec::new(),
            numbers: Vec::new(),
            is_hidden: false,
            left: 0,
            is_over: false,
            text: String::new(),
        })
    }

    /// Goes on to the sheet that stands so many after this one, from its first row on.
    pub(super) fn go_on(&mut self, sheets: usize) -> Result<(), Refused> {
        let mut depth = usize::from(!self.is_over);
        let mut ahead = sheets;
        (self.from, self.at, self.left, self.is_over) = (1, 0, 0, false);
        while ahead > 0 {
            let event = self.xml.next()?;
            match &event {
                Event::Start(tag) if tag.local_name().as_ref() == b"table" => {
                    ahead -= usize::from(depth == 0);
                    depth += 1;
                }
                Event::Empty(tag) if tag.local_name().as_ref() == b"table" && depth == 0 => {
                    ahead -= 1;
                    self.is_over = ahead == 0;
                }
                Event::End(tag) if tag.local_name().as_ref() == b"table" => depth = depth.saturating_sub(1),
                Event::Eof => (ahead, self.is_over) = (0, true),
                _ => {}
            }
        }
        Ok(())
    }

    /// The next row; false at the end of the sheet.
    pub(super) fn read(&mut self, raw: &mut Raw, merged: &mut Merged) -> Result<bool, Refused> {
        loop {
            if self.left == 0 && !self.begin(merged)? {
                return Ok(false);
            }
            self.left -= 1;
            self.at += 1;
            if self.at > MOST_ROWS {
                return Err(Refused::TooLarge("a sheet"));
            }
            if self.at >= self.from {
                break;
            }
        }
        raw.line = u64::from(self.at);
        raw.is_hidden = self.is_hidden;
        raw.uncalculated.clone_from(&self.uncalculated);
        raw.numbers.clone_from(&self.numbers);
        if self.left == 0 {
            raw.cells = std::mem::take(&mut self.repeated);
        } else {
            raw.cells.clone_from(&self.repeated);
        }
        Ok(true)
    }

    /// Reads the next row that the part has; false at the end of the sheet.
    fn begin(&mut self, merged: &mut Merged) -> Result<bool, Refused> {
        while !self.is_over {
            let event = self.xml.next()?;
            let (tag, is_empty) = match &event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(tag) if tag.local_name().as_ref() == b"table" => {
                    self.is_over = true;
                    continue;
                }
                Event::Eof => {
                    self.is_over = true;
                    continue;
                }
                _ => continue,
            };
            if tag.local_name().as_ref() != b"table-row" {
                continue;
            }
            let (mut repeats, mut is_hidden) = (1, false);
            attributes(tag, |name, value| match name {
                b"number-rows-repeated" => repeats = value.parse().unwrap_or(1),
                b"visibility" => is_hidden = matches!(value, "collapse" | "filter"),
                _ => {}
            });
            (self.left, self.is_hidden) = (repeats.clamp(1, MOST_ROWS), is_hidden);
            self.repeated.clear();
            self.uncalculated.clear();
            self.numbers.clear();
            if !is_empty {
                self.cells(merged)?;
            }
            // What fills the sheet to its end is no row.
            let is_filling = self.repeated.is_empty() && self.at + self.left >= MOST_ROWS;
            return Ok(!is_filling);
        }
        Ok(false)
    }

    fn cells(&mut self, merged: &mut Merged) -> Result<(), Refused> {
        let mut row = Cells::default();
        let mut column = 0;
        let mut cell = Cell::default();
        let mut shown = Shown::default();
        self.text.clear();
        loop {
            let event = self.xml.next()?;
            match &event {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"table-cell" | b"covered-table-cell" => {
                        cell = begin_cell(tag);
                        self.text.clear();
                        shown = Shown::default();
                    }
                    name => shown.start(name, &mut self.text),
                },
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    b"table-cell" | b"covered-table-cell" => {
                        let cell = begin_cell(tag);
                        self.uncalculated.extend(cell.is_uncalculated("").then_some(column));
                        self.numbers.extend(cell.numbers(column));
                        put(&mut row, &mut self.repeated, &mut column, &cell, "")?;
                    }
                    b"s" if shown.is_text() => self.text.push(' '),
                    b"tab" if shown.is_text() => self.text.push('\t'),
                    b"line-break" if shown.is_text() => self.text.push('\n'),
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    b"table-cell" | b"covered-table-cell" => {
                        self.uncalculated.extend(cell.is_uncalculated(&self.text).then_some(column));
                        merged.add(Merge {
                            top: self.at + 1,
                            bottom: (self.at + 1).saturating_add(cell.rows.saturating_sub(1)),
                            column,
                        });
                        self.numbers.extend(cell.numbers(column));
                        put(&mut row, &mut self.repeated, &mut column, &cell, self.text.trim())?;
                    }
                    b"table-row" => return Ok(()),
                    name => shown.end(name),
                },
                Event::Eof => return Err(Refused::Damaged("a sheet ends inside a row")),
                other if shown.is_text() => push_text(other, &mut self.text)?,
                _ => {}
            }
        }
    }
}

fn begin_cell(tag: &BytesStart<'_>) -> Cell {
    let mut cell = Cell { repeats: 1, rows: 1, ..Cell::default() };
    let (mut kind, mut value) = (String::new(), String::new());
    attributes(tag, |name, text| match name {
        b"number-columns-repeated" => cell.repeats = text.parse().unwrap_or(1).clamp(1, MOST_COLUMNS),
        b"number-rows-spanned" => cell.rows = text.parse().unwrap_or(1).min(MOST_ROWS),
        b"formula" => cell.has_formula = !text.is_empty(),
        b"value-type" => text.clone_into(&mut kind),
        b"value" | b"date-value" | b"time-value" => text.clone_into(&mut value),
        _ => {}
    });
    cell.holds = match kind.as_str() {
        "" => Holds::Unsaid,
        "float" | "currency" => Holds::Number,
        "percentage" => Holds::Share,
        _ => Holds::Other,
    };
    cell.value = match kind.as_str() {
        "float" | "currency" | "percentage" => Some(number::text(&value, &number::Kind::Plain, false)),
        "date" => Some(number::iso_date(&value)),
        "time" => Some(number::iso_time(&value)),
        _ => None,
    };
    cell
}

impl Cell {
    /// Whether it holds a formula that nobody has calculated yet.
    fn is_uncalculated(&self, shown: &str) -> bool {
        self.has_formula && self.holds == Holds::Unsaid && shown.trim().is_empty()
    }

    /// The text of the cell. A number is its value, unless the person sees its digits in places, or a share of a hundred.
    fn text<'a>(&'a self, shown: &'a str) -> Cow<'a, str> {
        let Some(value) = self.value.as_deref() else { return Cow::Borrowed(shown) };
        if let Some(share) = shown.strip_suffix('%').filter(|_| self.holds == Holds::Share) {
            let decimals = share.trim().rsplit_once(['.', ',']).map_or(0, |(_, decimals)| decimals.len());
            let seen = value.parse().ok().and_then(|value| number::percent(value, decimals));
            return seen.map_or(Cow::Borrowed(value), Cow::Owned);
        }
        Cow::Borrowed(if shows_places(shown, value) { shown } else { value })
    }
}

fn put(row: &mut Cells, cells: &mut Vec<String>, column: &mut usize, cell: &Cell, shown: &str) -> Result<(), Refused> {
    let text = cell.text(shown);
    if !text.is_empty() {
        for at in *column..*column + cell.repeats {
            row.put(cells, at, text.clone().into_owned())?;
        }
    }
    *column = column.saturating_add(cell.repeats);
    Ok(())
}
