//! Which row holds the names of the columns: the first one, or one below a title.

use super::super::columns::{fold, is_header_word};
use super::HeaderEvidence;

/// Rows that may be titles.
const TITLES: usize = 30;

/// Titles that are shown.
const SHOWN: usize = 5;

/// The place of the header among the first rows of a file, and why that one. `wanted` are folded names that the campaign
/// speaks of. `None` when no row holds anything.
pub(super) fn pick(rows: &[&[String]], wanted: &[String]) -> Option<(usize, HeaderEvidence)> {
    let first = rows.iter().position(|row| filled(row) > 0)?;
    let usual = usual_fill(rows);
    let may_be = |row: &[String]| filled(row) > 0 && !row.iter().any(|cell| is_data(cell));
    let knows = |row: &[String]| {
        let known = |cell: &&String| {
            let folded = fold(cell);
            is_header_word(&folded) || wanted.contains(&folded)
        };
        row.iter().filter(known).count()
    };
    let candidates = || rows.iter().enumerate().take(first + TITLES).skip(first);
    // Two names that are known, or as many as a narrow table has.
    let enough = usual.clamp(1, 2);
    let by_words = candidates().find(|(_, row)| may_be(row) && knows(row) >= enough && filled(row) * 2 >= usual);
    if let Some((at, _)) = by_words {
        return Some((at, HeaderEvidence::Words));
    }
    let by_shape = candidates().find(|(_, row)| may_be(row) && filled(row) * 3 >= usual * 2);
    match by_shape {
        Some((at, _)) if at > first => Some((at, HeaderEvidence::Shape)),
        _ => Some((first, HeaderEvidence::First)),
    }
}

/// What stands in rows above a header.
pub(super) fn titles(rows: &[&[String]]) -> Vec<String> {
    let text = |row: &&[String]| {
        let cells: Vec<&str> = row.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        cells.join(" ").chars().take(120).collect::<String>()
    };
    rows.iter().map(text).filter(|text| !text.is_empty()).take(SHOWN).collect()
}

/// Cells with something in them.
pub(super) fn filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.is_empty()).count()
}

/// The most common number of filled cells; among equals the greatest.
fn usual_fill(rows: &[&[String]]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows.iter().map(|row| filled(row)).filter(|filled| *filled > 0) {
        *counts.entry(row).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(fill, rows)| (*rows, *fill)).map_or(0, |(fill, _)| fill)
}

/// What is never the name of a column: a number, a date, a phone, an address.
pub(super) fn is_data(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    (digits >= 4 && digits > letters) || (digits > 0 && letters == 0) || (cell.contains('@') && cell.contains('.'))
}
