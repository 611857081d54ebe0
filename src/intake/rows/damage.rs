//! What spreadsheets do to the cells of a row: numbers with exponents, dates as numbers, errors, totals; and several
//! numbers where one is wanted.

use super::super::audience::{plain_number, serial_moment};
use super::super::columns::fold;
use super::when::to_the_minute;

mod apart;
mod number;
mod others;

pub(super) use number::{FoundPhone, Wanted, phone};
pub(super) use others::other_numbers;

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
    let decimals = cell.split_once(['.', ',']).map_or(0, |(_, decimals)| decimals.len());
    serial_moment(to_the_minute(plain_number(cell)?, decimals))
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
