//! What can be told of a row of which nobody knows what is what.

use super::beginning;

/// Longest text by which such a row is known, in characters.
const LONGEST_UNKNOWN: usize = 200;

/// Whether a cell could hold a number to phone.
pub(super) fn may_be_phone(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (8..=15).contains(&digits) && cell.bytes().all(|b| b.is_ascii_digit() || b" +-().".contains(&b))
}

/// The cells of a row that cannot be read, cut to what a name may be long.
pub(super) fn as_one(cells: &[String]) -> String {
    let filled = cells.iter().map(|cell| beginning(cell)).filter(|cell| !cell.is_empty());
    filled.take(LONGEST_UNKNOWN).collect::<Vec<_>>().join(" · ").chars().take(LONGEST_UNKNOWN).collect()
}
