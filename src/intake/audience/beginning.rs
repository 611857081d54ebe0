//! The beginning of a text, from which delimiter, quotes and header are guessed.

use std::fs::File;
use std::io::{self, Read};

use super::bytes::UTF8_BOM;
use super::decode::Text;
use super::delimited;
use super::{Delimiter, Encoding, Quote};

/// Bytes that are looked at: some hundreds of rows.
pub(super) const LENGTH: usize = 64 * 1024;

/// Where rows are longer than that, more is: so many lines, of so many bytes in all.
const LINES: usize = 4;
const MOST: usize = 16 * LENGTH;

/// Rows that are looked at.
const ROWS: usize = 400;

/// The first bytes in UTF-8.
pub(super) struct Beginning {
    bytes: Vec<u8>,
    /// Bytes of the mark at the start.
    pub(super) mark: usize,
    /// Whether that is the whole file.
    is_whole: bool,
}

/// A row of the beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// Byte at which it starts.
    pub(super) start: usize,
    /// Its line, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Beginning {
    pub(super) fn read(file: File, encoding: Encoding) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(LENGTH);
        let mut text = Text::of(file, encoding);
        let (mut wanted, mut is_whole) = (0, false);
        while !is_whole && bytes.len() < MOST && (bytes.is_empty() || count_lines(&bytes) < LINES as u64) {
            wanted += LENGTH;
            (&mut text).take(LENGTH as u64).read_to_end(&mut bytes)?;
            is_whole = bytes.len() < wanted;
        }
        let mark = if bytes.starts_with(UTF8_BOM) { UTF8_BOM.len() } else { 0 };
        Ok(Self { bytes, mark, is_whole })
    }

    /// What follows the mark.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.mark..]
    }

    pub(super) fn has_text(&self) -> bool {
        self.text().iter().any(|b| !b.is_ascii_whitespace())
    }

    /// The rows from byte `from` of the text on, if this is its dialect; not the last one, where the beginning cuts it.
    pub(super) fn rows(&self, from: usize, delimiter: Delimiter, quote: Quote) -> Vec<Row> {
        let text = &self.text()[from..];
        let mut reader = delimited::builder(delimiter, quote).from_reader(text);
        let mut record = csv::ByteRecord::new();
        let mut rows = Vec::new();
        // Lines before `from`, and up to the byte that was counted last.
        let mut line = 1 + count_lines(&self.text()[..from]);
        let mut counted = 0;
        while rows.len() < ROWS {
            let at = reader.position().byte() as usize;
            if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
                break;
            }
            let empty = text[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            line += count_lines(&text[counted..at + empty]);
            counted = at + empty;
            let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
            rows.push(Row { start: self.mark + from + counted, line, cells });
        }
        if !self.is_whole && rows.len() < ROWS {
            rows.pop();
        }
        rows
    }
}

/// Line ends: `\n`, `\r\n`, or `\r` alone.
fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        lines += u64::from(ends);
    }
    lines
}
