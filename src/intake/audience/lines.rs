//! The rows of an audience file, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::delimited::Delimited;
use super::workbook::{Merge, SheetRows};
use super::{Repair, clean};

/// A row of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// As many cells as the header, without blanks around them.
    Cells(Vec<String>),
    /// It cannot be read: why, and what stands there as well as can be told.
    Unreadable(Unreadable, Vec<String>),
}

/// Why a row cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// More or fewer cells than the header.
    Width {
        /// Cells found.
        found: usize,
        /// Line of the file where the row starts, from 1, when it goes over several: a quote that never closes.
        quoted_from: Option<u64>,
    },
    /// Bytes that are no UTF-8 in a file that is.
    Encoding,
}

/// A row as it comes out of a text or a sheet.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) cells: Vec<String>,
    /// Line or row of the file where it starts.
    pub(super) line: u64,
    /// A cell is no UTF-8.
    pub(super) is_broken: bool,
    /// Cells of a text are wanted with the blanks around them, and with bytes that are no letters.
    pub(super) is_as_written: bool,
    pub(super) breaks: Breaks,
    pub(super) is_hidden: bool,
    /// Columns of formulas that were never calculated.
    pub(super) uncalculated: Vec<usize>,
    /// Columns of numbers that look as if they had a mark of thousands.
    pub(super) numbers: Vec<usize>,
}

/// What a row has beside its cells.
#[derive(Default)]
struct Beside {
    is_hidden: bool,
    uncalculated: Vec<usize>,
    numbers: Vec<usize>,
}

/// Where a row of a text goes on over several lines.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Breaks {
    #[default]
    None,
    /// In a cell before the last.
    Before,
    /// In the last cell.
    InLast,
}

impl Raw {
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.uncalculated.clear();
        self.numbers.clear();
        (self.is_broken, self.breaks, self.is_hidden) = (false, Breaks::None, false);
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty()) && self.uncalculated.is_empty()
    }
}

/// Characters that were lost before the file came here: `�`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lost {
    /// How many.
    pub characters: u64,
    /// Line (of a sheet: row) of the first, from 1.
    pub line: u64,
    /// Its column, from 0.
    pub column: usize,
}

impl Lost {
    fn look(&mut self, cell: &str, line: u64, column: usize) {
        let found = if cell.is_ascii() { 0 } else { cell.matches('\u{FFFD}').count() as u64 };
        if self.characters == 0 && found > 0 {
            (self.line, self.column) = (line, column);
        }
        self.characters += found;
    }
}

/// Rows of a text that are taken although they end before the last columns, which are empty in them: some programs leave
/// the last delimiters out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Short {
    /// Cells that such a row may have.
    pub widths: BTreeSet<usize>,
    /// Not this row: the last of a file may have been cut off.
    pub but: Option<u64>,
}

enum Source {
    Text(Delimited),
    Sheet(Box<SheetRows>),
}

/// Reads rows. Lines without a character are no rows; rows of empty cells count unless nothing follows them, as
/// spreadsheets leave them behind.
pub struct Lines {
    source: Source,
    raw: Raw,
    width: usize,
    /// Cells of the header, those without a name at its end too.
    written: usize,
    /// Rows of empty cells that count if another follows.
    blank: u64,
    /// The next row.
    next: Option<(Line, Beside)>,
    /// Of the row given last.
    of_last: Beside,
    line: u64,
    last_cell_goes_on: bool,
    /// Cells beside the table, in sheets.
    beside: u64,
    repairs: BTreeMap<Repair, u64>,
    /// Line and column of the first cell that is damaged and cannot be repaired.
    damaged: Option<(u64, usize)>,
    lost: Lost,
    is_as_written: bool,
    failure: Option<io::Error>,
    short: Short,
    /// Rows that were taken for that.
    taken_short: u64,
    /// Rows given.
    given: u64,
}

impl Lines {
    pub(super) fn of_text(text: Delimited) -> Self {
        Self::of(Source::Text(text))
    }

    pub(super) fn of_sheet(rows: SheetRows) -> Self {
        Self::of(Source::Sheet(Box::new(rows)))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            raw: Raw::default(),
            width: 0,
            written: 0,
            blank: 0,
            next: None,
            of_last: Beside::default(),
            line: 0,
            last_cell_goes_on: false,
            beside: 0,
            repairs: BTreeMap::new(),
            damaged: None,
            lost: Lost::default(),
            is_as_written: false,
            failure: None,
            short: Short::default(),
            taken_short: 0,
            given: 0,
        }
    }

    /// The header; `None` when the file holds nothing. A header that is no UTF-8 is shown as well as can be.
    pub(super) fn take_header(&mut self) -> io::Result<Option<Vec<String>>> {
        loop {
            if !self.read_raw()? {
                return Ok(None);
            }
            if !self.raw.is_blank() {
                break;
            }
        }
        let written = std::mem::take(&mut self.raw.cells);
        if !self.raw.is_broken {
            written.iter().enumerate().for_each(|(column, cell)| self.lost.look(cell, self.raw.line, column));
        }
        let mut header: Vec<String> = written.iter().map(|cell| clean(cell).text.into_owned()).collect();
        while header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        (self.width, self.written) = (header.len(), written.len());
        Ok(Some(header))
    }

    /// What stopped the reading, if the file could not be read to its end.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    pub(in super::super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Whether the last row read ends inside a cell of several lines.
    pub fn last_cell_goes_on(&self) -> bool {
        self.last_cell_goes_on
    }

    /// Whether the row given last is hidden, or filtered out, in its sheet.
    pub fn is_hidden(&self) -> bool {
        self.of_last.is_hidden
    }

    /// Columns (from 0) of the row given last that are numbers in their sheet, with three decimals behind a point: as a text
    /// nobody could tell `1.234` from one thousand.
    pub fn numbers(&self) -> &[usize] {
        &self.of_last.numbers
    }

    /// Columns (from 0) of the row given last whose formulas were never calculated: who wrote the file left their values
    /// to whoever opens it in a spreadsheet.
    pub fn uncalculated(&self) -> &[usize] {
        &self.of_last.uncalculated
    }

    /// Cells of a sheet that are merged over several rows; all of them once the last row was given.
    pub fn merged(&self) -> &[Merge] {
        match &self.source {
            Source::Text(_) => &[],
            Source::Sheet(rows) => rows.merged(),
        }
    }

    /// The line of a text, or the row of a sheet, at which the row read last stands, from 1. Rows of empty cells before
    /// it are given first.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Cells beside a sheet's table, which belong to no column and are left out.
    pub fn cells_beside(&self) -> u64 {
        self.beside
    }

    /// Takes such rows too.
    #[must_use]
    pub fn taking(mut self, short: Short) -> Self {
        self.short = short;
        self
    }

    /// Rows so far that end before the last columns and were taken all the same.
    pub fn taken_short(&self) -> u64 {
        self.taken_short
    }

    /// The cells as they stand in the file, without repairs and with the blanks around them; bytes that are no letters are
    /// kept as [`as_it_stood`](super::as_it_stood) gives them back.
    #[must_use]
    pub fn as_written(mut self) -> Self {
        (self.is_as_written, self.raw.is_as_written) = (true, true);
        self
    }

    /// Cells that were repaired so far, by what was wrong with them.
    pub fn repairs(&self) -> &BTreeMap<Repair, u64> {
        &self.repairs
    }

    /// Line and column (from 0) of the first cell so far whose accents are damaged beyond repair.
    pub fn damaged(&self) -> Option<(u64, usize)> {
        self.damaged
    }

    /// Characters of readable rows, the header among them, that were lost before the file came here.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// Repairs the cells of the row in hand.
    fn repair(&mut self, cells: &mut [String]) {
        for (column, cell) in cells.iter_mut().enumerate() {
            self.lost.look(cell, self.line, column);
            let cleaned = clean(cell);
            if cleaned.is_damaged && self.damaged.is_none() {
                self.damaged = Some((self.line, column));
            }
            for repair in &cleaned.repairs {
                *self.repairs.entry(*repair).or_default() += 1;
            }
            if !cleaned.repairs.is_empty() {
                *cell = cleaned.text.into_owned();
            }
        }
    }

    fn read_raw(&mut self) -> io::Result<bool> {
        match &mut self.source {
            Source::Text(text) => text.read(&mut self.raw),
            Source::Sheet(rows) => rows.read(&mut self.raw),
        }
    }

    fn read(&mut self) -> Option<(Line, Beside)> {
        loop {
            match self.read_raw() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => {
                    self.failure = Some(e);
                    return None;
                }
            }
            if self.raw.is_blank() {
                self.blank += 1;
                continue;
            }
            self.last_cell_goes_on = self.raw.breaks == Breaks::InLast;
            self.line = self.raw.line;
            let uncalculated = std::mem::take(&mut self.raw.uncalculated);
            let numbers = std::mem::take(&mut self.raw.numbers);
            let beside = Beside { is_hidden: self.raw.is_hidden, uncalculated, numbers };
            return Some((self.shape(), beside));
        }
    }

    /// Whether the row in hand, with so many cells, is one of those that only lack their last.
    fn is_taken(&self, found: usize) -> bool {
        let row = self.given + self.blank + 1;
        self.raw.breaks == Breaks::None && self.short.widths.contains(&found) && self.short.but != Some(row)
    }

    /// The row in hand as wide as the header.
    fn shape(&mut self) -> Line {
        let found = self.raw.cells.len();
        let extra = self.raw.cells.iter().skip(self.width).filter(|cell| !cell.trim().is_empty()).count();
        let is_sheet = matches!(self.source, Source::Sheet(_));
        // In a sheet cells beside the table are notes, and empty ones at the end of a row are not written. In a text those
        // under the empty names at the end of the header are.
        if is_sheet || (self.width..=self.written).contains(&found) {
            self.beside += extra as u64;
        } else if found < self.width && self.is_taken(found) {
            self.taken_short += 1;
        } else if found < self.width || extra > 0 {
            let quoted_from = (self.raw.breaks != Breaks::None).then_some(self.raw.line);
            return Line::Unreadable(Unreadable::Width { found, quoted_from }, std::mem::take(&mut self.raw.cells));
        }
        if self.raw.is_broken {
            return Line::Unreadable(Unreadable::Encoding, std::mem::take(&mut self.raw.cells));
        }
        let mut cells = std::mem::take(&mut self.raw.cells);
        cells.resize(self.width, String::new());
        if !self.is_as_written {
            self.repair(&mut cells);
        }
        Line::Cells(cells)
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.next.is_none() {
            self.next = self.read();
        }
        self.given += u64::from(self.next.is_some());
        if self.next.is_some() && self.blank > 0 {
            self.blank -= 1;
            self.of_last = Beside::default();
            return Some(Line::Cells(vec![String::new(); self.width]));
        }
        let (line, beside) = self.next.take()?;
        self.of_last = beside;
        Some(line)
    }
}
