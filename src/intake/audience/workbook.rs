//! Workbooks: XLSX and ODS, row by row. Nothing of a sheet is kept but the row in hand and, for XLSX, the table of shared
//! texts, so that a million rows take little memory; what would unpack without end is refused.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::lines::Raw;
use super::refused::{Other, Refused};
use super::rules::{Rules, Truths};
use super::{FileFormat, HeaderEvidence};

mod mask;
mod merged;
mod number;
mod ods;
mod package;
mod sheets;
mod shown;
mod strings;
mod styles;
mod xlsx;
mod xml;

use merged::Merged;
use package::Package;

pub use merged::Merge;
pub(in super::super) use number::{plain_number, serial_moment};

/// Rows and columns that both formats allow.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: usize = 16_384;

/// Longest row, in bytes.
const LONGEST_ROW: usize = 1024 * 1024;

/// Sheets that are looked at.
const MOST_SHEETS: usize = 200;

/// A workbook that can be read.
#[derive(Debug)]
pub(super) struct Workbook {
    package: Arc<Package>,
    sheets: Vec<Sheet>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Xlsx(Arc<xlsx::Shared>),
    Ods,
}

/// A sheet.
#[derive(Clone, Debug)]
struct Sheet {
    name: String,
    is_hidden: bool,
    /// Name of its part; unused where all sheets are in one.
    part: String,
}

/// The sheet to read, and its header.
pub(super) struct Chosen {
    pub(super) sheet: usize,
    pub(super) header_row: u32,
    pub(super) evidence: HeaderEvidence,
    pub(super) titles: Vec<String>,
    pub(super) looked_at: u64,
    pub(super) agreeing: u64,
}

/// The rows of a sheet.
pub(super) struct SheetRows {
    rows: Rows,
    /// What is merged, as far as the sheet was read; of an XLSX sheet that stands behind its rows.
    merged: Merged,
    /// Whether each row of merged cells gets their value.
    fills: bool,
}

enum Rows {
    Xlsx(Box<xlsx::Rows>),
    Ods(Box<ods::Rows>),
}

impl Workbook {
    pub(super) fn open(path: &Path, truths: Truths) -> Result<Self, Refused> {
        let package = Arc::new(Package::open(File::open(path)?)?);
        if package.has("content.xml") {
            let sheets = ods::sheets(&package)?;
            return Ok(Self { package, sheets, kind: Kind::Ods });
        }
        if package.has("word/document.xml") || package.has("ppt/presentation.xml") {
            return Err(Refused::Format(Other::Document));
        }
        if package.has("xl/workbook.bin") {
            return Err(Refused::Format(Other::BinaryExcel));
        }
        let (sheets, shared) = xlsx::open(&package, truths)?;
        Ok(Self { package, sheets, kind: Kind::Xlsx(Arc::new(shared)) })
    }

    pub(super) fn format(&self) -> FileFormat {
        match self.kind {
            Kind::Xlsx(_) => FileFormat::Xlsx,
            Kind::Ods => FileFormat::Ods,
        }
    }

    pub(super) fn sheet_name(&self, sheet: usize) -> &str {
        self.sheets.get(sheet).map(|s| s.name.as_str()).unwrap_or_default()
    }

    pub(super) fn sheet_names(&self) -> Vec<String> {
        self.sheets.iter().map(|sheet| sheet.name.clone()).collect()
    }

    /// Which sheet is the audience, and where its header stands.
    pub(super) fn choose(&self, rules: &Rules) -> Result<Chosen, Refused> {
        sheets::choose(self, rules)
    }

    /// The rows of a sheet from row `from` on; `fills`: each row of merged cells gets their value.
    pub(super) fn rows(&self, sheet: usize, from: u32, fills: bool) -> io::Result<SheetRows> {
        let Some(found) = self.sheets.get(sheet) else { return Err(Refused::Empty.into()) };
        let mut merged = Merged::default();
        let rows = match &self.kind {
            Kind::Xlsx(shared) => {
                if fills {
                    merged = xlsx::merged(&self.package, &found.part)?;
                }
                Rows::Xlsx(Box::new(xlsx::Rows::open(&self.package, &found.part, Arc::clone(shared), from)?))
            }
            Kind::Ods => Rows::Ods(Box::new(ods::Rows::open(&self.package, sheet, from)?)),
        };
        Ok(SheetRows { rows, merged, fills })
    }
}

impl Workbook {
    /// The rows of a sheet that stands after another, whose rows were looked at: where all sheets are in one part, it is
    /// read on and not anew.
    fn rows_after(&self, before: Option<(usize, SheetRows)>, sheet: usize) -> io::Result<SheetRows> {
        match before {
            Some((at, SheetRows { rows: Rows::Ods(mut rows), .. })) if at < sheet => {
                rows.go_on(sheet - at)?;
                Ok(SheetRows { rows: Rows::Ods(rows), merged: Merged::default(), fills: false })
            }
            _ => self.rows(sheet, 1, false),
        }
    }
}

impl SheetRows {
    /// The next row, empty ones included; false at the end.
    pub(super) fn read(&mut self, raw: &mut Raw) -> io::Result<bool> {
        raw.clear();
        let read = match &mut self.rows {
            Rows::Xlsx(rows) => rows.read(raw)?,
            Rows::Ods(rows) => rows.read(raw, &mut self.merged)?,
        };
        if let (Rows::Xlsx(rows), false, false) = (&mut self.rows, read, self.fills) {
            rows.read_merged(&mut self.merged)?;
        }
        // What merged cells show makes no row where there is nothing else.
        if read && self.fills && raw.cells.iter().any(|cell| !cell.is_empty()) {
            self.merged.fill(raw.line as u32, &mut raw.cells);
        }
        Ok(read)
    }

    /// What is merged over several rows; all of it once the last row was read.
    pub(super) fn merged(&self) -> &[Merge] {
        self.merged.all()
    }
}

/// The cells of a row as they are put together, no more of them than a row may have.
#[derive(Default)]
struct Cells {
    bytes: usize,
}

impl Cells {
    /// Puts a text at its column.
    fn put(&mut self, cells: &mut Vec<String>, column: usize, text: String) -> Result<(), Refused> {
        if text.is_empty() {
            return Ok(());
        }
        self.bytes += text.len();
        if column >= MOST_COLUMNS || self.bytes > LONGEST_ROW {
            return Err(Refused::TooLarge("a row"));
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text;
        Ok(())
    }
}
