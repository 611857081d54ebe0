//! What spreadsheets do to the cells of a row: numbers with exponents, dates as numbers, errors, totals; and several
//! numbers where one is wanted.

use crate::domain::phone::Phone;

use super::super::audience::{plain_number, serial_moment};
use super::super::columns::fold;
use super::super::phone_number::{self, Home, NotAPhone};

mod apart;

/// The digits of `5.491155550101E+12`, if none of them was rounded away.
pub(super) fn whole_number(cell: &str) -> Option<String> {
    let (mantissa, exponent) = exponent(cell)?;
    // With fewer digits than its size, the others were rounded to nothing.
    let digits: String = mantissa.bytes().filter(u8::is_ascii_digit).map(char::from).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    let is_whole = significant.len() == exponent + 1 && significant.len() >= 7;
    is_whole.then(|| significant.to_owned())
}

/// Whether a cell is a number that was rounded away: `5,51E+12`.
pub(super) fn is_rounded(cell: &str) -> bool {
    exponent(cell).is_some_and(|(_, exponent)| exponent >= 6) && whole_number(cell).is_none()
}

fn exponent(cell: &str) -> Option<(&str, usize)> {
    let (mantissa, exponent) = cell.split_once(['E', 'e'])?;
    let whole = mantissa.split(['.', ',']).next()?;
    let one_digit = whole.len() == 1 && whole != "0";
    let numeric = mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let exponent = exponent.parse().ok().filter(|_| exponent.len() <= 2 && !exponent.starts_with('+'))?;
    (one_digit && numeric).then_some((mantissa, exponent))
}

/// The date of `46351`, `46351.604` or `46351,604`, and the time of `0.604`: days since 1900 as spreadsheets count them.
pub(super) fn serial_date(cell: &str) -> Option<String> {
    if !is_serial(cell) {
        return None;
    }
    serial_moment(plain_number(cell)?)
}

/// Days from 1990 to 2100, or a part of a day.
pub(super) fn is_serial(cell: &str) -> bool {
    let (whole, fraction) = cell.split_once(['.', ',']).unwrap_or((cell, "0"));
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_day = whole.len() == 5 && whole.parse().is_ok_and(|day: u32| (32_874..73_051).contains(&day));
    let is_part = whole == "0" && cell.len() > whole.len();
    digits(whole, 5) && digits(fraction, 17) && (is_day || is_part)
}

/// What spreadsheets show for a formula that failed, in English, Spanish and Portuguese.
const ERRORS: [&str; 19] = [
    "#N/A",
    "#N/D",
    "#REF!",
    "#¡REF!",
    "#VALUE!",
    "#¡VALOR!",
    "#VALOR!",
    "#NAME?",
    "#¿NOMBRE?",
    "#NOMBRE?",
    "#NOME?",
    "#DIV/0!",
    "#¡DIV/0!",
    "#NULL!",
    "#¡NULO!",
    "#NULO!",
    "#NUM!",
    "#¡NUM!",
    "#NÚM!",
];

/// Whether a cell is the error of a formula, or too narrow for its number.
pub(super) fn is_error(cell: &str) -> bool {
    cell.starts_with('#') && (ERRORS.contains(&cell) || (cell.len() > 3 && cell.bytes().all(|b| b == b'#')))
}

/// The first of the columns `used` with an error in it.
pub(super) fn error_in(cells: &[String], used: &[usize]) -> Option<usize> {
    used.iter().copied().find(|place| cells.get(*place).is_some_and(|cell| is_error(cell)))
}

/// A row that adds up others: it says so, and has no phone.
pub(super) fn is_total(cells: &[String], phones: &[Vec<usize>]) -> bool {
    let digits = |cell: &String| cell.bytes().filter(u8::is_ascii_digit).count();
    let has_phone = phones.iter().flatten().any(|place| cells.get(*place).is_some_and(|cell| digits(cell) >= 6));
    !has_phone && cells.iter().any(|cell| says_total(cell))
}

fn says_total(cell: &str) -> bool {
    const WORDS: [&str; 9] =
        ["total", "totales", "totais", "totals", "subtotal", "subtotales", "subtotais", "suma", "soma"];
    // Longer texts speak of something else.
    cell.len() <= 40 && cell.starts_with(|c: char| c.is_alphabetic()) && {
        let folded = fold(cell);
        let first = folded.split('_').next().unwrap_or_default();
        WORDS.contains(&first) || folded.starts_with("grand_total") || folded.starts_with("gran_total")
    }
}

/// Digits of the shortest number that stands among others in a cell.
const SHORTEST: usize = 7;

/// The number of a row.
pub(super) struct FoundPhone {
    /// The cell as it stands, or the part of it that was taken.
    pub(super) given: String,
    pub(super) to: Result<Phone, NotAPhone>,
    /// There were others.
    pub(super) is_one_of_several: bool,
}

/// The first of a row's numbers that can be one. `phones` are columns, each perhaps joined of several.
pub(super) fn phone(cells: &[String], phones: &[Vec<usize>], home: Option<&Home>) -> FoundPhone {
    let mut first: Option<FoundPhone> = None;
    let mut filled = 0;
    for places in phones {
        let given = joined(cells, places);
        if given.is_empty() {
            continue;
        }
        filled += 1;
        let found = one_of(given, home);
        let is_good = found.to.is_ok();
        let is_first = first.is_none();
        if is_good || is_first {
            first = Some(found);
        }
        if is_good {
            break;
        }
    }
    let mut found =
        first.unwrap_or(FoundPhone { given: String::new(), to: Err(NotAPhone::Empty), is_one_of_several: false });
    found.is_one_of_several |= filled > 1;
    found
}

fn joined(cells: &[String], places: &[usize]) -> String {
    match places {
        [one] => cells.get(*one).cloned().unwrap_or_default(),
        several => {
            let parts = several.iter().filter_map(|place| cells.get(*place)).map(String::as_str);
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A cell's number, or the first of its numbers that can be one.
fn one_of(given: String, home: Option<&Home>) -> FoundPhone {
    let to = phone_number::read(&given, home);
    // Parts of somebody's papers could be numbers of somebody else.
    let is_none = matches!(to, Err(NotAPhone::Empty | NotAPhone::Scientific));
    if to.is_ok() || is_none || phone_number::paper(&given).is_some() {
        return FoundPhone { given, to, is_one_of_several: false };
    }
    // Also where the first of them is no number: "s/d; 11 5555-3003".
    let pieces = given.split(['/', ';', ',', '|', '\n']);
    let pieces = pieces.flat_map(|p| p.split(" y ")).flat_map(|p| p.split(" o ")).flat_map(|p| p.split(" e "));
    let pieces: Vec<&str> = pieces.flat_map(|p| p.split(" ou ")).map(str::trim).filter(|p| !p.is_empty()).collect();
    let read =
        |piece: &str| phone_number::read(piece, home).or_else(|_| phone_number::read(without_note(piece)?, home));
    let several = pieces.len() > 1;
    // A piece must be a whole number by itself: an area code cut off would make another one.
    let whole = |piece: &&str| !several || piece.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST;
    match pieces.iter().filter(|piece| whole(piece)).find_map(|piece| Some((piece, read(piece).ok()?))) {
        Some((piece, phone)) => FoundPhone { given: (*piece).to_owned(), to: Ok(phone), is_one_of_several: several },
        None => one_apart(&given, home).unwrap_or(FoundPhone {
            given,
            is_one_of_several: to == Err(NotAPhone::Several),
            to,
        }),
    }
}

/// The first good number of those that words, blanks and the like set apart.
fn one_apart(given: &str, home: Option<&Home>) -> Option<FoundPhone> {
    let is_whole = |piece: &&str| piece.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST;
    let pieces: Vec<&str> = apart::apart(given).into_iter().filter(is_whole).collect();
    let good = |piece: &&str| {
        let phone = phone_number::read(piece, home).ok().filter(|_| phone_number::paper(piece).is_none())?;
        Some(FoundPhone { given: (*piece).to_owned(), to: Ok(phone), is_one_of_several: pieces.len() > 1 })
    };
    pieces.iter().find_map(good)
}

/// A number without what is noted behind it: `11 5555-3000 (hija)`, `4555-3000 int. 12`. Other words could make a number
/// of something that is none, as the number of somebody's papers is.
fn without_note(piece: &str) -> Result<&str, NotAPhone> {
    const EXTENSIONS: [&str; 6] = ["int", "interno", "ext", "anexo", "ramal", "x"];
    let at = piece.find(char::is_alphabetic).ok_or(NotAPhone::NotDigits)?;
    let (number, note) = piece.split_at(at);
    let word: String = note.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let in_brackets = number.ends_with('(') && note.ends_with(')') && !note.contains(|c: char| c.is_ascii_digit());
    let is_note = in_brackets || EXTENSIONS.contains(&word.as_str());
    if is_note { Ok(number.trim_end_matches('(').trim_end()) } else { Err(NotAPhone::NotDigits) }
}
