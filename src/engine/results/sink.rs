//! Where the rows of a result file go: text in the user's own delimiter and encoding, or a workbook.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use tracing::debug;

use super::cell::{Cell, Was, was};
use super::make::Made;
use crate::domain::money::Micros;
use crate::intake::audience::{Delimiter, Encoding, as_it_stood, encode_dos, in_letters};

/// What a worksheet of this format holds, with its header.
const MOST_ROWS: u32 = 1_048_576;
/// The same of columns.
const MOST_COLUMNS: usize = 16_384;
/// Characters of a cell.
const LONGEST_CELL: usize = 32_767;

/// How the user's own texts are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub delimiter: Delimiter,
    pub encoding: Encoding,
    /// A mark at the start says which encoding it is, as in the user's own.
    pub has_mark: bool,
    /// A comma stands in front of the cents.
    pub has_commas: bool,
    /// How a line ends.
    pub line_end: &'static str,
    /// Its own cells come from a workbook, whose numbers and dates are written as people of its language write them.
    pub of_workbook: bool,
}

/// How a workbook is to look.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// What stood in the user's file as a number or a date is one here.
    pub of_workbook: bool,
    /// The sheet's name, as in the user's own.
    pub name: Option<String>,
    /// Days stand before months.
    pub day_first: bool,
}

/// A file being written beside its place.
pub(super) struct Sink {
    /// Where it is to be.
    target: PathBuf,
    /// Where it grows.
    fresh: PathBuf,
    kind: Kind,
    /// Rows above the header.
    above: u32,
}

enum Kind {
    Text { out: BufWriter<File>, dialect: Dialect },
    Sheet(Box<Sheet>),
}

struct Sheet {
    book: Workbook,
    next: u32,
    looks: Looks,
    /// What stood in the user's file as a number or a date is one here.
    from_workbook: bool,
    /// More came than a worksheet holds: there will be none.
    is_full: bool,
}

/// How cells look.
struct Looks {
    bold: Format,
    amount: Format,
    date: Format,
    moment: Format,
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.new"))
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

impl Sink {
    /// A text file.
    pub fn text(target: &Path, dialect: Dialect) -> io::Result<Self> {
        let fresh = beside(target);
        let mut out = BufWriter::new(File::create(&fresh)?);
        let is_unicode = matches!(dialect.encoding, Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be);
        if dialect.has_mark && is_unicode {
            out.write_all(&encoded("\u{feff}", dialect.encoding))?;
        }
        Ok(Self { target: target.to_owned(), fresh, kind: Kind::Text { out, dialect }, above: 0 })
    }

    /// A workbook of one sheet, which is written through a file beside it and never lies whole in memory.
    pub fn sheet(target: &Path, look: &Look) -> io::Result<Self> {
        let fresh = beside(target);
        let mut book = Workbook::new();
        if let Some(folder) = target.parent() {
            book.set_tempdir(folder).map_err(io_error)?;
        }
        let sheet = book.add_worksheet_with_constant_memory().map_err(io_error)?;
        if let Some(name) = &look.name
            && let Err(error) = sheet.set_name(name)
        {
            debug!(error = &error as &dyn std::error::Error, "a result workbook keeps the usual name of its sheet");
        }
        let (date, moment) =
            if look.day_first { ("dd/mm/yyyy", "dd/mm/yyyy hh:mm") } else { ("yyyy-mm-dd", "yyyy-mm-dd hh:mm") };
        let looks = Looks {
            bold: Format::new().set_bold(),
            amount: Format::new().set_num_format("0.00####"),
            date: Format::new().set_num_format(date),
            moment: Format::new().set_num_format(moment),
        };
        let sheet = Sheet { book, next: 0, looks, from_workbook: look.of_workbook, is_full: false };
        Ok(Self { target: target.to_owned(), fresh, kind: Kind::Sheet(Box::new(sheet)), above: 0 })
    }

    /// The rows above the header, before anything else.
    pub fn write_above(&mut self, rows: &[Vec<Cell>]) -> io::Result<()> {
        self.above = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        rows.iter().try_for_each(|cells| self.write(cells))
    }

    /// One more row; the first is the header.
    pub fn write(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text { out, dialect } => {
                let cells: Vec<String> = cells.iter().map(|cell| dialect.text(cell)).collect();
                let line = line(&cells, dialect.delimiter.byte(), dialect.line_end);
                out.write_all(&encoded(&line, dialect.encoding))
            }
            Kind::Sheet(sheet) => sheet.write(cells, self.above).map_err(io_error),
        }
    }

    /// Puts it into its place: whoever reads it sees the file before or this one.
    pub fn finish(mut self) -> io::Result<Made> {
        match &mut self.kind {
            Kind::Text { out, .. } => {
                out.flush()?;
                out.get_ref().sync_all()?;
            }
            Kind::Sheet(sheet) if sheet.is_full => return Ok(Made::TooLong),
            Kind::Sheet(sheet) => {
                sheet.book.save(&self.fresh).map_err(io_error)?;
                File::open(&self.fresh)?.sync_all()?;
            }
        }
        std::fs::rename(&self.fresh, &self.target)?;
        Ok(Made::Written)
    }
}

impl Dialect {
    /// A cell as a text has it.
    fn text(&self, cell: &Cell) -> String {
        match cell {
            Cell::Own(text) if self.of_workbook && self.has_commas => match was(text) {
                Some(Was::Number(_)) => text.replace('.', ","),
                Some(Was::Date(date)) => date.strftime("%d/%m/%Y").to_string(),
                Some(Was::Moment(at)) => at.strftime("%d/%m/%Y %H:%M").to_string(),
                None => cell.text(true),
            },
            cell => cell.text(self.has_commas),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // One that was given up in the middle; a file left over is only untidy.
        drop(std::fs::remove_file(&self.fresh));
    }
}

impl Sheet {
    fn write(&mut self, cells: &[Cell], above: u32) -> Result<(), XlsxError> {
        self.is_full |= self.next >= MOST_ROWS || cells.len() > MOST_COLUMNS;
        if self.is_full {
            return Ok(());
        }
        let (row, is_header) = (self.next, self.next == above);
        self.next += 1;
        let to = self.book.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells) {
            if is_header {
                to.write_string_with_format(row, column, cut(cell.words()), &self.looks.bold)?;
            } else {
                self.looks.cell(to, (row, column), cell, self.from_workbook)?;
            }
        }
        Ok(())
    }
}

impl Looks {
    /// Texts as texts, whatever they look like: an id keeps its zeros, and nothing is a formula.
    fn cell(&self, to: &mut Worksheet, at: (u32, u16), cell: &Cell, from_workbook: bool) -> Result<(), XlsxError> {
        let (row, column) = at;
        match cell {
            Cell::Empty => {}
            Cell::Amount(Micros(micros)) => {
                to.write_number_with_format(row, column, *micros as f64 / 1e6, &self.amount)?;
            }
            Cell::Whole(whole) => drop(to.write_number(row, column, *whole as f64)?),
            Cell::Moment(moment) => self.moment(to, at, *moment)?,
            Cell::Own(text) if from_workbook => match was(text) {
                Some(Was::Number(number)) => drop(to.write_number(row, column, number)?),
                Some(Was::Moment(moment)) => self.moment(to, at, moment)?,
                Some(Was::Date(date)) => match excel(date.at(0, 0, 0, 0)) {
                    Some(date) => drop(to.write_datetime_with_format(row, column, &date, &self.date)?),
                    None => drop(to.write_string(row, column, cut(text))?),
                },
                None => drop(to.write_string(row, column, cut(text))?),
            },
            cell if cell.words().is_empty() => {}
            cell => drop(to.write_string(row, column, cut(cell.words()))?),
        }
        Ok(())
    }

    fn moment(&self, to: &mut Worksheet, (row, column): (u32, u16), at: DateTime) -> Result<(), XlsxError> {
        match excel(at) {
            Some(moment) => drop(to.write_datetime_with_format(row, column, &moment, &self.moment)?),
            None => drop(to.write_string(row, column, Cell::Moment(at).text(false))?),
        }
        Ok(())
    }
}

/// As spreadsheets count days, which begin in 1900.
fn excel(at: DateTime) -> Option<ExcelDateTime> {
    let part = |n: i8| u8::try_from(n).ok();
    let date = ExcelDateTime::from_ymd(u16::try_from(at.year()).ok()?, part(at.month())?, part(at.day())?).ok()?;
    date.and_hms(u16::from(part(at.hour())?), part(at.minute())?, f64::from(at.second())).ok()
}

/// As much of a text as a cell holds.
fn cut(text: &str) -> String {
    let text = in_letters(text);
    if text.len() <= LONGEST_CELL { text.into_owned() } else { text.chars().take(LONGEST_CELL / 2).collect() }
}

fn line(cells: &[String], delimiter: u8, end: &str) -> String {
    let mut line = String::with_capacity(128);
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            line.push(char::from(delimiter));
        }
        if cell.contains(['"', '\n', '\r', char::from(delimiter)]) || cell.starts_with(' ') || cell.ends_with(' ') {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str(end);
    line
}

/// What the encoding does not have becomes a question mark.
fn encoded(line: &str, encoding: Encoding) -> Vec<u8> {
    let page = match encoding {
        Encoding::Utf8 => return as_it_stood(line).into_owned(),
        Encoding::Utf16Le => return line.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => return line.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        // A spreadsheet that asked for Latin-1 reads the few letters more of Windows-1252 as well.
        Encoding::Windows1252 | Encoding::Latin1 => encoding_rs::WINDOWS_1252,
        Encoding::MacRoman => encoding_rs::MACINTOSH,
        Encoding::Dos => return encode_dos(line),
    };
    let one = |c: char| {
        let mut text = [0; 4];
        let (bytes, _, lost) = page.encode(c.encode_utf8(&mut text));
        if lost { vec![b'?'] } else { bytes.into_owned() }
    };
    let (bytes, _, lost) = page.encode(line);
    if lost { line.chars().flat_map(one).collect() } else { bytes.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_users_delimiter_and_encoding() {
        let cells = ["Ñandú;x".to_owned(), "say \"hi\"".to_owned(), "a,b".to_owned()];
        let line = line(&cells, b';', "\r\n");
        assert_eq!(line, "\"Ñandú;x\";\"say \"\"hi\"\"\";a,b\r\n");
        assert_eq!(encoded("Ñ→", Encoding::Windows1252), b"\xd1?");
        assert_eq!(encoded("Ñ", Encoding::Utf8), "Ñ".as_bytes());
        assert_eq!(encoded("Ñ", Encoding::Latin1), b"\xd1");
        assert_eq!(encoded("Ñ→", Encoding::MacRoman), b"\x84?");
        assert_eq!(encoded("Ñ→", Encoding::Dos), b"\xa5?");
        assert_eq!(encoded("Ñ", Encoding::Utf16Le), b"\xd1\x00");
        assert_eq!(encoded("Ñ", Encoding::Utf16Be), b"\x00\xd1");
    }

    #[test]
    fn numbers_and_dates_of_a_workbook_are_written_as_people_of_its_language_write_them() {
        let dialect = |has_commas, of_workbook| Dialect {
            delimiter: Delimiter::Semicolon,
            encoding: Encoding::Utf8,
            has_mark: true,
            has_commas,
            line_end: "\r\n",
            of_workbook,
        };
        for (cell, ours, as_it_stands) in [
            ("1234.5", "1234,5", "1234.5"),
            ("2026-11-28", "28/11/2026", "2026-11-28"),
            ("2026-11-28 09:30", "28/11/2026 09:30", "2026-11-28 09:30"),
            ("0012", "0012", "0012"),
            ("=1+1", "=1+1", "=1+1"),
        ] {
            let own = Cell::Own(cell.to_owned());
            assert_eq!(dialect(true, true).text(&own), ours);
            assert_eq!(dialect(false, true).text(&own), as_it_stands);
            assert_eq!(dialect(true, false).text(&own), as_it_stands, "a text comes back as it stands");
        }
    }

    #[test]
    fn a_cell_longer_than_a_worksheet_holds_is_cut_and_a_table_wider_makes_none() {
        let dir = tempfile::tempdir().unwrap();
        let look = Look { of_workbook: false, name: None, day_first: false };
        let target = dir.path().join("a.xlsx");
        let mut sink = Sink::sheet(&target, &look).unwrap();
        for cells in [vec![Cell::word("name")], vec![Cell::Own("é".repeat(40_000))]] {
            sink.write(&cells).unwrap();
        }
        assert_eq!(sink.finish().unwrap(), Made::Written);
        let wide = vec![Cell::word("x"); MOST_COLUMNS + 1];
        let target = dir.path().join("b.xlsx");
        let mut sink = Sink::sheet(&target, &look).unwrap();
        sink.write(&wide).unwrap();
        assert_eq!(sink.finish().unwrap(), Made::TooLong);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "what was given up leaves nothing");
    }
}
