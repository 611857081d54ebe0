//! The rows of an audience file, one after the other.

use std::fs::File;
use std::io;

use super::{Delimiter, Encoding};

/// A row of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// As many cells as the header, without blanks around them.
    Cells(Vec<String>),
    /// It cannot be read.
    Unreadable(Unreadable),
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

/// Reads rows. Lines without a character are no rows; rows of empty cells count unless nothing follows them, as
/// spreadsheets leave them behind.
pub struct Lines {
    reader: csv::Reader<File>,
    record: csv::ByteRecord,
    encoding: Encoding,
    width: usize,
    blank: usize,
    next: Option<Line>,
    /// Whether the last cell of the last row holds a line end.
    last_cell_goes_on: bool,
    failure: Option<io::Error>,
}

impl Lines {
    pub(super) fn new(file: File, encoding: Encoding, delimiter: Delimiter) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter.byte())
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(64 * 1024)
            .from_reader(file);
        Self {
            reader,
            record: csv::ByteRecord::new(),
            encoding,
            width: 0,
            blank: 0,
            next: None,
            last_cell_goes_on: false,
            failure: None,
        }
    }

    /// The header; `None` when the file holds nothing. A header that is no UTF-8 is shown as well as can be.
    pub(super) fn take_header(&mut self) -> io::Result<Option<Vec<String>>> {
        loop {
            if !self.reader.read_byte_record(&mut self.record)? {
                return Ok(None);
            }
            if !is_blank(&self.record) {
                break;
            }
        }
        let lossy = |cell: &[u8]| decode(cell, self.encoding).unwrap_or_else(|| String::from_utf8_lossy(cell).into());
        let mut header: Vec<String> = self.record.iter().map(|c| lossy(c).trim().to_owned()).collect();
        while header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        self.width = header.len();
        Ok(Some(header))
    }

    /// What stopped the reading, if the file could not be read to its end.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Whether the last row read ends inside a cell of several lines.
    pub fn last_cell_goes_on(&self) -> bool {
        self.last_cell_goes_on
    }

    fn read(&mut self) -> Option<Line> {
        loop {
            let start = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => {
                    self.failure = Some(e.into());
                    return None;
                }
            }
            if is_blank(&self.record) {
                self.blank += 1;
                continue;
            }
            let last = self.record.get(self.record.len().saturating_sub(1));
            self.last_cell_goes_on = last.is_some_and(|cell| cell.contains(&b'\n'));
            return Some(self.line(start));
        }
    }

    fn line(&self, start: u64) -> Line {
        let extra = self.record.iter().skip(self.width);
        if self.record.len() < self.width || !extra.into_iter().all(<[u8]>::is_empty) {
            let goes_on = self.record.iter().any(|cell| cell.contains(&b'\n'));
            let quoted_from = goes_on.then_some(start);
            return Line::Unreadable(Unreadable::Width { found: self.record.len(), quoted_from });
        }
        let cells = self.record.iter().take(self.width).map(|cell| decode(cell, self.encoding));
        match cells.collect() {
            Some(cells) => Line::Cells(cells),
            None => Line::Unreadable(Unreadable::Encoding),
        }
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.next.is_none() {
            self.next = self.read();
        }
        if self.next.is_some() && self.blank > 0 {
            self.blank -= 1;
            return Some(Line::Cells(vec![String::new(); self.width]));
        }
        self.next.take()
    }
}

fn is_blank(record: &csv::ByteRecord) -> bool {
    record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace))
}

fn decode(cell: &[u8], encoding: Encoding) -> Option<String> {
    let text = match encoding {
        Encoding::Utf8 => std::str::from_utf8(cell).ok()?.trim().to_owned(),
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(cell).0.trim().to_owned(),
    };
    Some(text)
}
