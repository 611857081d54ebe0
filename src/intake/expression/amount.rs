//! Amounts as people write them, by their value: what could be two values is none.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};

use super::calendar::Style;
use super::currency;

/// A number of a workbook that a text would not tell from one with a mark of thousands: `1234.567`, `0.125`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Exact(pub(super) String);

impl Object for Exact {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoAmount {
    /// It is none.
    None,
    /// It could be two: `0,500`, or `1,234` where a comma divides decimals.
    Unclear,
    /// It is an amount of another currency than the one that is wanted.
    OtherCurrency,
    /// It is a share: `10%`.
    Share,
}

/// Hundredths of an amount of money; `unit` is the currency in which it is to be written, where that is said.
pub(super) fn money(value: &Value, unit: Option<&str>, style: Style) -> Result<i128, NoAmount> {
    let cents = cents(value, style)?;
    let text = value.as_str().unwrap_or_default();
    let mut around = text.split(|c: char| c.is_ascii_digit());
    let (before, after) = (around.next().unwrap_or_default(), around.next_back().unwrap_or_default());
    let marks: String = [before, after].concat().chars().filter(|c| !c.is_whitespace()).collect();
    match unit {
        _ if marks.contains('%') => Err(NoAmount::Share),
        Some(unit) if currency::is_another(&marks, unit) => Err(NoAmount::OtherCurrency),
        _ => Ok(cents),
    }
}

/// Bytes of the longest amount.
const LONGEST: usize = 26;

/// Hundredths of a value: `$ 1.234,50`, `1,234.5`, `-12`. More decimals are rounded.
pub(super) fn cents(value: &Value, style: Style) -> Result<i128, NoAmount> {
    if let Some(Exact(number)) = value.downcast_object_ref::<Exact>() {
        let (sign, digits) = number.strip_prefix('-').map_or((1, number.as_str()), |rest| (-1, rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        return hundredths(whole, decimals).map(|cents| sign * cents).ok_or(NoAmount::None);
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    of_text(&text, style)
}

/// The last mark divides decimals unless it sets thousands apart. Three digits behind the only mark could be either: they
/// are thousands where the language writes them so and nothing speaks against it, and unclear otherwise.
fn of_text(text: &str, style: Style) -> Result<i128, NoAmount> {
    let kept: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    let first = kept.find(|c: char| c.is_ascii_digit()).ok_or(NoAmount::None)?;
    let end = kept.rfind(|c: char| c.is_ascii_digit()).map_or(first, |last| last + 1);
    let (before, after) = (&kept[..first], &kept[end..]);
    // The point of "Bs.1234" is the currency's.
    let sign_only = before.strip_suffix(['.', ',']);
    let has_mark = sign_only.is_some_and(|sign| !sign.ends_with(char::is_alphabetic));
    let bare = &kept[if has_mark { first - 1 } else { first }..end];
    let is_negative = before.contains('-') || after.starts_with('-') || (before.contains('(') && after.contains(')'));
    if bare.len() > LONGEST || !bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) {
        return Err(NoAmount::None);
    }
    let sign = if is_negative { -1 } else { 1 };
    let (whole, decimals) = parts(bare, style)?;
    hundredths(&whole, decimals).map(|cents| sign * cents).ok_or(NoAmount::None)
}

/// Digits before and behind the decimal mark.
fn parts(bare: &str, style: Style) -> Result<(String, &str), NoAmount> {
    let Some(last) = bare.rfind(['.', ',']) else { return Ok((bare.to_owned(), "")) };
    let (before, mark, behind) = (&bare[..last], bare.as_bytes()[last] as char, &bare[last + 1..]);
    let other = if mark == '.' { ',' } else { '.' };
    let grouped = |text: &str, mark: char| is_grouped(text, mark).then(|| text.replace(mark, ""));
    if before.contains(mark) {
        // The same mark twice sets thousands apart.
        return grouped(bare, mark).map(|whole| (whole, "")).ok_or(NoAmount::None);
    }
    if before.contains(other) {
        return grouped(before, other).map(|whole| (whole, behind)).ok_or(NoAmount::None);
    }
    let may_be_thousands = behind.len() == 3 && (1..=3).contains(&before.len());
    let decimal = if matches!(style, Style::En | Style::EsPoint) { '.' } else { ',' };
    match may_be_thousands {
        false => Ok((before.to_owned(), behind)),
        true if before.starts_with('0') || mark == decimal => Err(NoAmount::Unclear),
        true => Ok((format!("{before}{behind}"), "")),
    }
}

/// Whether `mark` sets groups of digits apart: three each, or two before the last as in India.
fn is_grouped(text: &str, mark: char) -> bool {
    let groups: Vec<&str> = text.split(mark).collect();
    let [first, middle @ .., last] = groups.as_slice() else { return false };
    (1..=3).contains(&first.len()) && last.len() == 3 && middle.iter().all(|group| matches!(group.len(), 2 | 3))
}

/// Halves of a hundredth are rounded up.
fn hundredths(whole: &str, decimals: &str) -> Option<i128> {
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let kept: String = decimals.chars().chain("000".chars()).take(3).collect();
    let thousandths: i128 = kept.parse().ok()?;
    Some(whole.checked_mul(100)? + (thousandths + 5) / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, style: Style) -> Result<i128, NoAmount> {
        cents(&Value::from(text), style)
    }

    #[test]
    fn amounts_are_read_by_their_value_in_every_notation() {
        for (text, expected) in [
            ("1234", 123_400),
            ("$ 1.234,50", 123_450),
            ("1,234.5", 123_450),
            ("R$ 1.234.567", 123_456_700),
            ("1.234.567,891", 123_456_789),
            ("1234,567", 123_457),
            ("1234567,891", 123_456_789),
            ("12,5", 1_250),
            ("-12", -1_200),
            ("-0,125000", -13),
            ("1.234", 123_400),
            ("0,33333", 33),
            (",5", 50),
            ("(12,50)", -1_250),
            ("-$1.234", -123_400),
            ("$ 1.234,-", 123_400),
            ("1,23,456.78", 12_345_678),
            ("Bs.1234,5", 123_450),
            ("5 €", 500),
        ] {
            assert_eq!(read(text, Style::Es), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_could_be_two_amounts_is_none() {
        for text in ["0,500", "0.125", "0,005", "1,234", "12,500", "-1,234"] {
            assert_eq!(read(text, Style::Es), Err(NoAmount::Unclear), "{text}");
        }
        assert_eq!(read("1,234", Style::EsPoint), Ok(123_400));
        assert_eq!(read("1.234", Style::En), Err(NoAmount::Unclear));
        for text in ["", "abc", "12.34,56,7", "1.23,45.6", "1-2", "1.2.3"] {
            assert_eq!(read(text, Style::Es), Err(NoAmount::None), "{text}");
        }
    }

    #[test]
    fn a_number_of_a_workbook_keeps_its_value() {
        for (number, expected) in
            [("1234.567", 123_457), ("0.125", 13), ("99.999", 10_000), ("-1.234", -123), ("0.333", 33)]
        {
            let value = Value::from_object(Exact(number.to_owned()));
            assert_eq!((cents(&value, Style::Es), value.to_string()), (Ok(expected), number.to_owned()));
        }
    }
}
