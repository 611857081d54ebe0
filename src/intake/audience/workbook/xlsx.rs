//! XLSX (ECMA-376): the sheets of a workbook, and the rows of one.

use std::collections::HashMap;
use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};

use super::super::lines::Raw;
use super::super::refused::{Other, Refused};
use super::super::rules::Truths;
use super::merged::{self, Merged};
use super::number::{self, Kind};
use super::package::{Package, PartReader};
use super::strings::{Strings, Window, unescaped};
use super::xml::{Xml, attributes, push_text};
use super::{Cells, MOST_COLUMNS, MOST_ROWS, MOST_SHEETS, Sheet, styles};

const NO_WORKBOOK: Refused = Refused::Damaged("it holds no workbook");

/// What the sheets of a workbook share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    strings: Strings,
    kinds: Vec<Kind>,
    /// Days count from 1904, as in workbooks that began on old Macs.
    from_1904: bool,
    truths: Truths,
}

/// The sheets of a workbook and what they share.
pub(super) fn open(package: &Package, truths: Truths) -> Result<(Vec<Sheet>, Shared), Refused> {
    let relations = relations(package, "_rels/.rels")?;
    let workbook = relations.values().find(|to| to.ends_with("workbook.xml")).cloned();
    let workbook = workbook.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
    let relations = self::relations(package, &format!("{folder}/_rels/{file}.rels"))?;
    // Any other package is somebody's packed files.
    let part = package.part(&workbook)?.ok_or(Refused::Format(Other::Packed))?;
    let mut xml = Xml::new(part);
    let (mut sheets, mut shared) = (Vec::new(), Shared { truths, ..Shared::default() });
    loop {
        match xml.next()? {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                b"sheet" if sheets.len() < MOST_SHEETS => sheets.extend(sheet(&tag, &relations, folder)),
                b"workbookPr" => attributes(&tag, |name, value| {
                    if name == b"date1904" {
                        shared.from_1904 = matches!(value, "1" | "true");
                    }
                }),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    let beside = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if let Some(part) = package.part(&beside("styles.xml"))? {
        shared.kinds = styles::read(part)?;
    }
    if let Some(part) = package.part(&beside("sharedStrings.xml"))? {
        shared.strings = Strings::read(part)?;
    }
    if sheets.is_empty() { Err(NO_WORKBOOK) } else { Ok((sheets, shared)) }
}

fn sheet(tag: &BytesStart<'_>, relations: &HashMap<String, String>, folder: &str) -> Option<Sheet> {
    let (mut name, mut relation, mut is_hidden) = (String::new(), None, false);
    attributes(tag, |key, value| match key {
        b"name" => value.trim().clone_into(&mut name),
        b"id" => relation = relations.get(value),
        b"state" => is_hidden = value != "visible",
        _ => {}
    });
    let target = relation?;
    let part = match target.strip_prefix('/') {
        Some(whole) => whole.to_owned(),
        None if folder.is_empty() => target.clone(),
        None => format!("{folder}/{target}"),
    };
    // Charts and dialogs are sheets too, without rows.
    part.contains("worksheets/").then_some(Sheet { name, is_hidden, part })
}

/// What the part of that name refers to, by id.
fn relations(package: &Package, name: &str) -> Result<HashMap<String, String>, Refused> {
    let Some(part) = package.part(name.trim_start_matches('/'))? else { return Ok(HashMap::new()) };
    let mut xml = Xml::new(part);
    let mut found = HashMap::new();
    loop {
        match xml.next()? {
            Event::Start(tag) | Event::Empty(tag)
                if tag.local_name().as_ref() == b"Relationship" && found.len() < 10 * MOST_SHEETS =>
            {
                let (mut id, mut target) = (String::new(), String::new());
                attributes(&tag, |key, value| match key {
                    b"Id" => value.clone_into(&mut id),
                    b"Target" => value.clone_into(&mut target),
                    _ => {}
                });
                found.insert(id, target);
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// The rows of a sheet.
pub(super) struct Rows {
    xml: Xml,
    shared: Arc<Shared>,
    window: Window,
    /// The first row to give.
    from: u32,
    /// The row given last.
    at: u32,
    /// A row that was begun, and comes after the empty ones before it.
    begun: Option<Begun>,
    text: String,
}

#[derive(Clone, Copy)]
struct Begun {
    no: u32,
    is_hidden: bool,
    is_empty: bool,
}

/// A cell before its value.
#[derive(Default)]
struct Cell {
    column: usize,
    has_formula: bool,
    holds: Holds,
    kind: Kind,
}

/// What the value of a cell is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Holds {
    #[default]
    Number,
    Shared,
    Text,
    /// `2026-11-25T14:30:00`.
    Date,
    Truth,
}

impl Rows {
    pub(super) fn open(package: &Package, part: &str, shared: Arc<Shared>, from: u32) -> Result<Self, Refused> {
        let part: PartReader = package.part(part)?.ok_or(Refused::Damaged("a sheet is missing"))?;
        Ok(Self {
            xml: Xml::new(part),
            shared,
            window: Window::default(),
            from,
            at: 0,
            begun: None,
            text: String::new(),
        })
    }

    /// The next row; rows that the sheet leaves out between others are empty. False at the end.
    pub(super) fn read(&mut self, raw: &mut Raw) -> Result<bool, Refused> {
        let begun = match self.begun.take() {
            Some(begun) => begun,
            None => loop {
                let Some(begun) = self.begin()? else { return Ok(false) };
                if begun.no >= self.from {
                    break begun;
                }
                self.at = begun.no;
                self.cells(begun, raw)?;
                raw.clear();
            },
        };
        self.at = self.at.max(self.from.saturating_sub(1)) + 1;
        raw.line = u64::from(self.at);
        if begun.no > self.at {
            self.begun = Some(begun);
            return Ok(true);
        }
        raw.is_hidden = begun.is_hidden;
        self.cells(begun, raw)?;
        Ok(true)
    }

    /// Notes what is merged, which stands behind the rows.
    pub(super) fn read_merged(&mut self, merged: &mut Merged) -> Result<(), Refused> {
        note_merged(&mut self.xml, merged)
    }

    /// Goes to the start of the next row.
    fn begin(&mut self) -> Result<Option<Begun>, Refused> {
        loop {
            let event = self.xml.next()?;
            let (tag, is_empty) = match &event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(tag) if tag.local_name().as_ref() == b"sheetData" => return Ok(None),
                Event::Eof => return Ok(None),
                _ => continue,
            };
            if tag.local_name().as_ref() != b"row" {
                continue;
            }
            let (mut no, mut is_hidden) = (0, false);
            attributes(tag, |name, value| match name {
                b"r" => no = value.parse().unwrap_or(0),
                b"hidden" => is_hidden = matches!(value, "1" | "true"),
                _ => {}
            });
            // Some writers number nothing, and no number goes back.
            let no = if no > self.at { no } else { self.at + 1 };
            if no > MOST_ROWS {
                return Err(Refused::TooLarge("a sheet"));
            }
            return Ok(Some(Begun { no, is_hidden, is_empty }));
        }
    }

    /// Reads the cells of the row in hand.
    fn cells(&mut self, begun: Begun, raw: &mut Raw) -> Result<(), Refused> {
        if begun.is_empty {
            return Ok(());
        }
        let mut row = Cells::default();
        let mut cell = Cell::default();
        let mut next = 0;
        // Inside <v>, or inside <is><t>; what a cell shows as its formula, <f>, is not its value.
        let mut is_value = false;
        self.text.clear();
        loop {
            let event = self.xml.next()?;
            match &event {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"c" => {
                        cell = begin_cell(tag, next, &self.shared.kinds)?;
                        next = cell.column + 1;
                        self.text.clear();
                    }
                    b"v" | b"t" => is_value = true,
                    b"f" => cell.has_formula = true,
                    b"rPh" => cell.holds = Holds::Text,
                    _ => {}
                },
                Event::Empty(tag) if tag.local_name().as_ref() == b"f" => cell.has_formula = true,
                Event::Empty(tag) if tag.local_name().as_ref() == b"c" => {
                    next = begin_cell(tag, next, &self.shared.kinds)?.column + 1;
                }
                Event::End(tag) => match tag.local_name().as_ref() {
                    b"v" | b"t" => is_value = false,
                    b"c" => {
                        // A formula whose result is an empty text says that it is a text.
                        if cell.has_formula && cell.holds != Holds::Text && self.text.trim().is_empty() {
                            raw.uncalculated.push(cell.column);
                        }
                        let text = value(&cell, &self.text, &self.shared, &mut self.window)?;
                        let is_number = cell.holds == Holds::Number && cell.kind == Kind::Plain;
                        if is_number && number::has_three_decimals(&text) {
                            raw.numbers.push(cell.column);
                        }
                        row.put(&mut raw.cells, cell.column, text)?;
                    }
                    b"row" => return Ok(()),
                    _ => {}
                },
                Event::Eof => return Err(Refused::Damaged("a sheet ends inside a row")),
                other if is_value => push_text(other, &mut self.text)?,
                _ => {}
            }
        }
    }
}

/// What is merged in the sheet of that part.
pub(super) fn merged(package: &Package, part: &str) -> Result<Merged, Refused> {
    let part: PartReader = package.part(part)?.ok_or(Refused::Damaged("a sheet is missing"))?;
    let mut merged = Merged::default();
    note_merged(&mut Xml::new(part), &mut merged)?;
    Ok(merged.in_order())
}

fn note_merged(xml: &mut Xml, merged: &mut Merged) -> Result<(), Refused> {
    loop {
        match xml.next()? {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == b"mergeCell" => {
                attributes(&tag, |name, value| {
                    if let Some(merge) = merged::of_reference(value).filter(|_| name == b"ref") {
                        merged.add(merge);
                    }
                });
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn begin_cell(tag: &BytesStart<'_>, next: usize, kinds: &[Kind]) -> Result<Cell, Refused> {
    let mut cell = Cell { column: next, ..Cell::default() };
    attributes(tag, |name, value| match name {
        b"r" => cell.column = column(value).unwrap_or(next),
        b"s" => cell.kind = value.parse().ok().and_then(|at: usize| kinds.get(at).cloned()).unwrap_or_default(),
        b"t" => {
            cell.holds = match value {
                "s" => Holds::Shared,
                "b" => Holds::Truth,
                "d" => Holds::Date,
                "str" | "inlineStr" | "e" => Holds::Text,
                _ => Holds::Number,
            };
        }
        _ => {}
    });
    if cell.column < MOST_COLUMNS { Ok(cell) } else { Err(Refused::TooLarge("a row")) }
}

/// The place of a column: `AB12` is 27.
pub(super) fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let mut place: usize = 0;
    for letter in letters {
        place = place.checked_mul(26)?.checked_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)?;
    }
    place.checked_sub(1)
}

fn value(cell: &Cell, text: &str, shared: &Shared, window: &mut Window) -> Result<String, Refused> {
    match cell.holds {
        Holds::Shared if text.is_empty() => Ok(String::new()),
        Holds::Shared => {
            let no = text.trim().parse().map_err(|_| Refused::Damaged("a cell names no text"))?;
            shared.strings.get(no, window)
        }
        Holds::Text => Ok(unescaped(text).trim().to_owned()),
        Holds::Truth => Ok(match text.trim() {
            "1" => shared.truths.word(true).to_owned(),
            "0" => shared.truths.word(false).to_owned(),
            other => other.to_owned(),
        }),
        Holds::Date => Ok(number::iso_date(text.trim())),
        Holds::Number => Ok(number::text(text, &cell.kind, shared.from_1904)),
    }
}
