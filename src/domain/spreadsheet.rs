//! Text of people and providers in files that a spreadsheet opens.

use std::borrow::Cow;

/// `text` such that no spreadsheet takes it for a formula: an apostrophe goes before what would start one. Only for
/// cells that hold somebody's text; phones, numbers, dates and ids are written as they are.
pub fn text_cell(text: &str) -> Cow<'_, str> {
    // Full-width forms start formulas in East Asian versions; a leading tab or return is skipped by some importers.
    const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match text.trim_start_matches(' ').chars().next() {
        Some(first) if STARTS.contains(&first) => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::text_cell;

    #[test]
    fn text_that_would_start_a_formula_is_made_text() {
        for (text, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+54", "'+54"),
            ("-2", "'-2"),
            (" @sum", "' @sum"),
            ("＝1", "'＝1"),
            ("María = 3", "María = 3"),
            ("", ""),
        ] {
            assert_eq!(text_cell(text), expected);
        }
    }
}
