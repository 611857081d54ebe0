//! Which delimiter and which quotation marks a text uses, with the evidence.

use super::beginning::{Beginning, Row};
use super::header;
use super::rules::Rules;
use super::{Delimiter, HeaderEvidence, Quote};

pub(super) struct Found {
    pub(super) delimiter: Delimiter,
    pub(super) quote: Quote,
    rows: Vec<Row>,
}

/// Where a header stands in its text.
pub(super) struct HeaderAt {
    pub(super) start: u64,
    pub(super) line: u64,
    pub(super) evidence: HeaderEvidence,
    pub(super) titles: Vec<String>,
    /// Rows below it that were looked at, and those as wide as it.
    pub(super) looked_at: u64,
    pub(super) agreeing: u64,
}

/// The delimiter under which most rows have the same number of cells; among equals, the most cells.
pub(super) fn find(beginning: &Beginning, rules: &Rules) -> Found {
    let named = named(beginning.text());
    let from = named.map_or(0, |(_, length)| length);
    let delimiters: Vec<Delimiter> = match rules.delimiter.or(named.map(|(delimiter, _)| delimiter)) {
        Some(delimiter) => vec![delimiter],
        None => Delimiter::ALL.to_vec(),
    };
    let tried = delimiters.into_iter().map(|delimiter| {
        let quote = rules.quote.unwrap_or_else(|| quote(&beginning.text()[from..], delimiter));
        Found { delimiter, quote, rows: beginning.rows(from, delimiter, quote) }
    });
    let mut tried: Vec<Found> = tried.collect();
    let score = |found: &Found| {
        let (width, agreeing) = usual_width(&found.rows);
        // Thousandths, so that one ragged row of many does not outweigh the number of columns.
        let share = agreeing * 1000 / found.rows.len().max(1);
        (width > 1, share, width, found.delimiter == Delimiter::Comma)
    };
    let best = tried.iter().enumerate().max_by_key(|(_, found)| score(found)).map_or(0, |(at, _)| at);
    // A text of one column is read with commas.
    let best = if score(&tried[best]).0 { best } else { 0 };
    tried.swap_remove(best)
}

/// The most common number of cells, and the rows that have it.
fn usual_width(rows: &[Row]) -> (usize, usize) {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows {
        *counts.entry(row.cells.len()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(width, rows)| (*rows, *width)).unwrap_or((0, 0))
}

/// Excel's own first line `sep=;`, and its length.
fn named(text: &[u8]) -> Option<(Delimiter, usize)> {
    let end = text.iter().position(|b| *b == b'\n')?;
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] = line else { return None };
    Delimiter::ALL.into_iter().find(|d| d.byte() == *byte).map(|d| (d, end + 1))
}

/// `"` unless cells stand in `'`, or have `\"` inside.
fn quote(text: &[u8], delimiter: Delimiter) -> Quote {
    let enclosed = |mark: u8| {
        let cells = text.split(|b| *b == b'\n').take(50).flat_map(|line| line.split(|b| *b == delimiter.byte()));
        let cells = cells.map(<[u8]>::trim_ascii);
        cells.filter(|cell| cell.len() >= 2 && cell.starts_with(&[mark]) && cell.ends_with(&[mark])).count()
    };
    let (double, single) = (enclosed(b'"'), enclosed(b'\''));
    // A backslash at the end of a cell, as of a path, is no escape.
    let ends = |b: u8| b == delimiter.byte() || matches!(b, b'\r' | b'\n' | b'"');
    if single > double && single > 2 {
        Quote::Single
    } else if text.windows(3).any(|w| w[0] == b'\\' && w[1] == b'"' && !ends(w[2])) {
        Quote::Backslash
    } else {
        Quote::Double
    }
}

impl Found {
    /// Where the header stands; `None` when there is none: the text is empty, or ends before the row that was named.
    pub(super) fn header(&self, beginning: &Beginning, rules: &Rules) -> Option<HeaderAt> {
        let cells: Vec<&[String]> = self.rows.iter().map(|row| row.cells.as_slice()).collect();
        let (at, evidence) = match rules.header_row {
            Some(line) => (self.rows.iter().position(|row| row.line >= line)?, HeaderEvidence::Named),
            None => match header::pick(&cells, &rules.wanted) {
                Some(picked) => picked,
                // One row longer than what was looked at, or nothing at all.
                None => return whole(beginning),
            },
        };
        let row = &self.rows[at];
        let below = &self.rows[at + 1..];
        Some(HeaderAt {
            start: row.start as u64,
            line: row.line,
            evidence,
            titles: header::titles(&cells[..at]),
            looked_at: below.len() as u64,
            agreeing: below.iter().filter(|r| r.cells.len() == row.cells.len()).count() as u64,
        })
    }
}

fn whole(beginning: &Beginning) -> Option<HeaderAt> {
    beginning.has_text().then(|| HeaderAt {
        start: beginning.mark as u64,
        line: 1,
        evidence: HeaderEvidence::First,
        titles: Vec::new(),
        looked_at: 0,
        agreeing: 0,
    })
}
