//! What stands in a cell of a result file: the same in a text and in a workbook, each as it writes such things.

use jiff::civil::{Date, DateTime};

use crate::domain::money::Micros;
use crate::domain::spreadsheet::text_cell;

/// Digits that a spreadsheet shows as they are; longer numbers it rounds, or writes with an exponent.
const MOST_DIGITS: usize = 11;

/// A cell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// The user's own, as it stands in their file. It goes back into the system that it came from, and is theirs: a guard
    /// against formulas would change it, and protect nobody from what they have already. What we append, and whom to phone,
    /// is guarded.
    Own(String),
    /// A phone as somebody wrote it.
    Phone(String),
    /// Somebody's text: a name, a cost centre.
    Given(String),
    /// Words of our own, a number to phone, an id.
    Word(String),
    /// An amount.
    Amount(Micros),
    /// A count.
    Whole(u64),
    /// A moment on the campaign's clock.
    Moment(DateTime),
}

impl Cell {
    /// Words of our own.
    pub fn word(text: impl Into<String>) -> Self {
        Self::Word(text.into())
    }

    /// What stands in it as plain words; empty where that is no word.
    pub fn words(&self) -> &str {
        match self {
            Self::Own(text) | Self::Phone(text) | Self::Given(text) | Self::Word(text) => text,
            Self::Empty | Self::Amount(_) | Self::Whole(_) | Self::Moment(_) => "",
        }
    }

    /// As a text file has it. No spreadsheet takes what people wrote for a formula, but for the user's own.
    pub fn text(&self, has_commas: bool) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Phone(text) => phone_cell(text),
            Self::Given(text) => text_cell(text).into_owned(),
            Self::Own(text) | Self::Word(text) => text.clone(),
            Self::Amount(amount) if has_commas => amount.to_string().replace('.', ","),
            Self::Amount(amount) => amount.to_string(),
            Self::Whole(whole) => whole.to_string(),
            Self::Moment(at) => at.strftime("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// What was written for a phone, such that no spreadsheet takes it for a formula; numbers as they are.
fn phone_cell(cell: &str) -> String {
    let number = cell.strip_prefix(['+', '-']).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit() || c == '(')
            && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b',' | b'-' | b'(' | b')'))
    });
    if number { cell.to_owned() } else { text_cell(cell).into_owned() }
}

/// What a cell of the user's workbook was before it was read as a text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Was {
    Number(f64),
    Date(Date),
    Moment(DateTime),
}

/// The number or date of a cell; `None`: a text, or what would look otherwise as a number (`0012`, a phone).
pub(super) fn was(cell: &str) -> Option<Was> {
    let bytes = cell.as_bytes();
    if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
        return match bytes.len() {
            10 => cell.parse().ok().map(Was::Date),
            16 | 19 if bytes[10] == b' ' => cell.replacen(' ', "T", 1).parse().ok().map(Was::Moment),
            _ => None,
        };
    }
    let is_plain = cell.len() <= MOST_DIGITS && cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let number = cell.parse::<f64>().ok().filter(|number| is_plain && number.is_finite())?;
    // Only what is written the same again.
    (number.to_string() == cell).then_some(Was::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_in_the_place_of_a_phone_is_disarmed_and_a_phone_is_left_alone() {
        for (cell, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+54 9 11 5555-0123", "+54 9 11 5555-0123"),
            ("-12,50", "-12,50"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-", "'-"),
            ("00012", "00012"),
            ("María", "María"),
        ] {
            assert_eq!(Cell::Phone(cell.to_owned()).text(false), expected);
            assert_eq!(Cell::Own(cell.to_owned()).text(false), cell);
        }
    }

    #[test]
    fn what_was_a_number_or_a_date_is_one_again_and_ids_and_phones_stay_as_they_are_written() {
        let date = jiff::civil::date(2026, 11, 25);
        for (cell, expected) in [
            ("17", Some(Was::Number(17.0))),
            ("-12.5", Some(Was::Number(-12.5))),
            ("2026-11-25", Some(Was::Date(date))),
            ("2026-11-25 14:30", Some(Was::Moment(date.at(14, 30, 0, 0)))),
            ("0012", None),
            ("12.50", None),
            ("1e3", None),
            ("5491155550101", None),
            ("2026-13-45", None),
            ("-", None),
            ("", None),
            ("NaN", None),
            ("Ana", None),
        ] {
            assert_eq!(was(cell), expected, "{cell}");
        }
    }

    #[test]
    fn an_amount_is_written_as_its_file_writes_amounts() {
        let amount = Cell::Amount(Micros(26_000));
        assert_eq!((amount.text(true), amount.text(false)), ("0,026".to_owned(), "0.026".to_owned()));
    }
}
