//! Which delimiter a file uses, with the evidence.

use super::Delimiter;
use super::bytes::UTF8_BOM;

/// Bytes at the beginning that are looked at: some hundreds of rows.
pub(super) const PREFIX: usize = 64 * 1024;

pub(super) struct Found {
    pub(super) delimiter: Delimiter,
    pub(super) looked_at: u64,
    pub(super) agreeing: u64,
    /// Bytes before the header.
    pub(super) start: u64,
}

/// The delimiter under which most rows have as many cells as the header; among equals, the most cells.
pub(super) fn find(beginning: &[u8], bom: bool) -> Found {
    let mark = if bom { UTF8_BOM.len() } else { 0 };
    if let Some((delimiter, length)) = named(&beginning[mark..]) {
        let start = mark + length;
        let (looked_at, agreeing, _) = try_out(&beginning[start..], delimiter);
        return Found { delimiter, looked_at, agreeing, start: start as u64 };
    }
    let tried = Delimiter::ALL.map(|d| (d, try_out(&beginning[mark..], d)));
    let best =
        tried.into_iter().filter(|(_, (_, _, width))| *width > 1).max_by_key(|(d, (looked_at, agreeing, width))| {
            // Thousandths, so that one ragged row of many does not outweigh the number of columns.
            (if *looked_at == 0 { 0 } else { agreeing * 1000 / looked_at }, *width, *d == Delimiter::Comma)
        });
    let (delimiter, (looked_at, agreeing, _)) = best.unwrap_or(tried[0]);
    Found { delimiter, looked_at, agreeing, start: mark as u64 }
}

/// Excel's own first line `sep=;`, and its length.
fn named(text: &[u8]) -> Option<(Delimiter, usize)> {
    let end = text.iter().position(|b| *b == b'\n')?;
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] = line else { return None };
    Delimiter::ALL.into_iter().find(|d| d.byte() == *byte).map(|d| (d, end + 1))
}

/// Rows after the header, those as wide as it, and its width.
fn try_out(text: &[u8], delimiter: Delimiter) -> (u64, u64, usize) {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter.byte()).flexible(true).has_headers(false).from_reader(text);
    let widths: Vec<usize> = reader.byte_records().map_while(Result::ok).map(|r| r.len()).collect();
    let Some((width, rows)) = widths.split_first() else { return (0, 0, 0) };
    // The last row may be cut where the prefix ends.
    let rows = if text.len() + 8 >= PREFIX { &rows[..rows.len().saturating_sub(1)] } else { rows };
    (rows.len() as u64, rows.iter().filter(|w| *w == width).count() as u64, *width)
}
