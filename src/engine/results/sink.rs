//! Where the rows of a result file go: text in the user's own delimiter and encoding, or a workbook.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::domain::spreadsheet::text_cell;
use crate::intake::audience::{Delimiter, Encoding};

/// What a worksheet of this format holds, with its header.
pub(super) const MOST_ROWS: u32 = 1_048_576;

/// A file being written beside its place.
pub(super) struct Sink {
    /// Where it is to be.
    target: PathBuf,
    /// Where it grows.
    fresh: PathBuf,
    kind: Kind,
}

enum Kind {
    Text {
        out: BufWriter<File>,
        delimiter: u8,
        encoding: Encoding,
    },
    /// `amounts` is the column of numbers.
    Sheet {
        book: Box<Workbook>,
        next: u32,
        bold: Format,
        amounts: Option<u16>,
    },
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
    /// A text file; one of Unicode gets the mark by which spreadsheets know it.
    pub fn text(target: &Path, delimiter: Delimiter, encoding: Encoding) -> io::Result<Self> {
        let fresh = beside(target);
        let mut out = BufWriter::new(File::create(&fresh)?);
        if matches!(encoding, Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be) {
            out.write_all(&encoded("\u{feff}", encoding))?;
        }
        let kind = Kind::Text { out, delimiter: delimiter.byte(), encoding };
        Ok(Self { target: target.to_owned(), fresh, kind })
    }

    /// A workbook of one sheet, which is written through a file beside it and never lies whole in memory.
    /// What stands in the column `amounts` is written as a number.
    pub fn sheet(target: &Path, amounts: Option<u16>) -> io::Result<Self> {
        let fresh = beside(target);
        let mut book = Workbook::new();
        if let Some(folder) = target.parent() {
            book.set_tempdir(folder).map_err(io_error)?;
        }
        book.add_worksheet_with_constant_memory().map_err(io_error)?;
        let kind = Kind::Sheet { book: Box::new(book), next: 0, bold: Format::new().set_bold(), amounts };
        Ok(Self { target: target.to_owned(), fresh, kind })
    }

    /// One more row; the first is the header.
    pub fn write(&mut self, cells: &[String]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text { out, delimiter, encoding } => out.write_all(&encoded(&line(cells, *delimiter), *encoding)),
            Kind::Sheet { book, next, bold, amounts } => {
                let sheet = book.worksheet_from_index(0).map_err(io_error)?;
                for (column, cell) in (0_u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                    let amount = cell.replace(',', ".").parse::<f64>().ok();
                    let amount = amount.filter(|_| Some(column) == *amounts && *next > 0);
                    // All else as text, whatever it looks like: an id keeps its zeros, and nothing is a formula.
                    let done = match amount {
                        Some(amount) => sheet.write_number(*next, column, amount),
                        None if *next == 0 => sheet.write_string_with_format(*next, column, cell, bold),
                        None => sheet.write_string(*next, column, cell),
                    };
                    done.map_err(io_error)?;
                }
                *next += 1;
                Ok(())
            }
        }
    }

    /// Puts it into its place: whoever reads it sees the file before or this one.
    pub fn finish(mut self) -> io::Result<PathBuf> {
        match &mut self.kind {
            Kind::Text { out, .. } => {
                out.flush()?;
                out.get_ref().sync_all()?;
            }
            Kind::Sheet { book, .. } => {
                book.save(&self.fresh).map_err(io_error)?;
                File::open(&self.fresh)?.sync_all()?;
            }
        }
        std::fs::rename(&self.fresh, &self.target)?;
        Ok(std::mem::take(&mut self.target))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // One that was given up in the middle; a file left over is only untidy.
        drop(std::fs::remove_file(&self.fresh));
    }
}

fn line(cells: &[String], delimiter: u8) -> String {
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
    line.push_str("\r\n");
    line
}

/// What the encoding does not have becomes a question mark.
fn encoded(line: &str, encoding: Encoding) -> Vec<u8> {
    let page = match encoding {
        Encoding::Utf8 => return line.as_bytes().to_vec(),
        Encoding::Utf16Le => return line.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => return line.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        // A spreadsheet that asked for Latin-1 reads the few letters more of Windows-1252 as well.
        Encoding::Windows1252 | Encoding::Latin1 => encoding_rs::WINDOWS_1252,
        Encoding::MacRoman => encoding_rs::MACINTOSH,
    };
    let one = |c: char| {
        let mut text = [0; 4];
        let (bytes, _, lost) = page.encode(c.encode_utf8(&mut text));
        if lost { vec![b'?'] } else { bytes.into_owned() }
    };
    let (bytes, _, lost) = page.encode(line);
    if lost { line.chars().flat_map(one).collect() } else { bytes.into_owned() }
}

/// A cell of the user's own file such that no spreadsheet takes it for a formula; phones, numbers, dates and ids as they are.
pub(super) fn own_cell(cell: &str) -> String {
    let number = cell.strip_prefix(['+', '-']).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit() || c == '(')
            && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b',' | b'-' | b'(' | b')'))
    });
    if number { cell.to_owned() } else { text_cell(cell).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_in_the_users_file_is_disarmed_and_a_phone_is_left_alone() {
        for (cell, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+54 9 11 5555-0123", "+54 9 11 5555-0123"),
            ("-12,50", "-12,50"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-", "'-"),
            ("00012", "00012"),
            ("María", "María"),
        ] {
            assert_eq!(own_cell(cell), expected);
        }
    }

    #[test]
    fn a_line_has_the_users_delimiter_and_encoding() {
        let cells = ["Ñandú;x".to_owned(), "say \"hi\"".to_owned(), "a,b".to_owned()];
        let line = line(&cells, b';');
        assert_eq!(line, "\"Ñandú;x\";\"say \"\"hi\"\"\";a,b\r\n");
        assert_eq!(encoded("Ñ→", Encoding::Windows1252), b"\xd1?");
        assert_eq!(encoded("Ñ", Encoding::Utf8), "Ñ".as_bytes());
        assert_eq!(encoded("Ñ", Encoding::Latin1), b"\xd1");
        assert_eq!(encoded("Ñ→", Encoding::MacRoman), b"\x84?");
        assert_eq!(encoded("Ñ", Encoding::Utf16Le), b"\xd1\x00");
        assert_eq!(encoded("Ñ", Encoding::Utf16Be), b"\x00\xd1");
    }
}
