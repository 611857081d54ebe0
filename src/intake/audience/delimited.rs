//! Rows of delimited text.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};

use super::bytes::UTF8_BOM;
use super::decode::{Guarded, Text};
use super::kept::keep;
use super::lines::{Breaks, Raw};
use super::{Delimiter, Encoding, Quote};

/// How a text is to be read, and where its header stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dialect {
    pub(super) encoding: Encoding,
    pub(super) delimiter: Delimiter,
    pub(super) quote: Quote,
    /// Bytes before the header, counted in UTF-8: the mark, `sep=;`, titles.
    pub(super) start: u64,
    /// The header's line, from 1.
    pub(super) line: u64,
}

impl Dialect {
    /// The rows from the header on.
    pub(super) fn open(self, file: File) -> io::Result<Delimited> {
        let mut text = Text::of(file, self.encoding);
        io::copy(&mut (&mut text).take(self.start), &mut io::sink())?;
        let reader =
            builder(self.delimiter, self.quote).buffer_capacity(64 * 1024).from_reader(Guarded::new(text, self.line));
        Ok(Delimited { reader, record: csv::ByteRecord::new(), first_line: self.line })
    }
}

impl Dialect {
    /// The rows before the header, at most so many; a line without a character is an empty one.
    pub(super) fn above(self, file: File, most: usize) -> io::Result<Vec<Vec<String>>> {
        let mut above = Vec::new();
        Text::of(file, self.encoding).take(self.start.min(MOST_ABOVE)).read_to_end(&mut above)?;
        let text = String::from_utf8_lossy(above.strip_prefix(UTF8_BOM).unwrap_or(&above));
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let cells = |line: &str| {
            let mut record = csv::ByteRecord::new();
            // A text in memory can be read.
            drop(builder(self.delimiter, self.quote).from_reader(line.as_bytes()).read_byte_record(&mut record));
            record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect()
        };
        Ok(lines.lines().take(most).map(cells).collect())
    }
}

/// Bytes before a header that are given back.
const MOST_ABOVE: u64 = 256 * 1024;

/// A reader of such text.
pub(super) fn builder(delimiter: Delimiter, quote: Quote) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter.byte()).flexible(true).has_headers(false);
    match quote {
        Quote::Double => {}
        Quote::Backslash => drop(builder.escape(Some(b'\\')).double_quote(false)),
        Quote::Single => drop(builder.quote(b'\'')),
        Quote::None => drop(builder.quoting(false)),
    }
    builder
}

/// An open text.
pub(super) struct Delimited {
    reader: csv::Reader<Guarded>,
    record: csv::ByteRecord,
    first_line: u64,
}

impl Delimited {
    /// The next row that is no empty line; false at the end.
    pub(super) fn read(&mut self, raw: &mut Raw) -> io::Result<bool> {
        let mut line = self.first_line + self.reader.position().line().saturating_sub(1);
        loop {
            if !self.reader.read_byte_record(&mut self.record).map_err(unwrapped)? {
                return Ok(false);
            }
            if !is_end_of_dos(&self.record) {
                break;
            }
            line = self.first_line + self.reader.position().line().saturating_sub(1);
        }
        let next = self.first_line + self.reader.position().line().saturating_sub(1);
        self.reader.get_mut().row_ended(next);
        raw.clear();
        raw.line = line;
        for cell in &self.record {
            raw.breaks = match raw.breaks {
                _ if cell.contains(&b'\n') => Breaks::InLast,
                Breaks::None => Breaks::None,
                Breaks::Before | Breaks::InLast => Breaks::Before,
            };
            let text = String::from_utf8_lossy(cell);
            let is_broken = matches!(text, Cow::Owned(_));
            raw.is_broken |= is_broken;
            raw.cells.push(match (raw.is_as_written, is_broken) {
                (true, true) => keep(cell),
                (true, false) => text.into_owned(),
                (false, _) => text.trim().to_owned(),
            });
        }
        Ok(true)
    }
}

/// The mark by which programs of DOS end a file, alone on its line.
fn is_end_of_dos(record: &csv::ByteRecord) -> bool {
    record.len() == 1 && !record[0].is_empty() && record[0].iter().all(|byte| *byte == 0x1A)
}

/// The error of the file below, which says more than that of the reader above it.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::ErrorKind::InvalidData.into(),
    }
}
