//! What the numbering plans of the countries know of a number.

use phonenumber::metadata::DATABASE;

use crate::domain::phone::Phone;

/// Nobody has 0000000000 or 1111111111; forms that demand a number are filled with them.
pub(super) fn is_repetition(national: &str) -> bool {
    let mut bytes = national.bytes();
    bytes.next().is_none_or(|first| bytes.all(|b| b == first))
}

/// True when its country has mobile or fixed lines of this many digits. Whether the line exists is the provider's to
/// say: numbering plans change faster than any copy of them.
pub(super) fn is_possible(phone: &Phone) -> bool {
    let Some((code, national)) = split(phone) else { return false };
    if !begins_as_any(code, national) {
        return false;
    }
    let length = national.len() as u16;
    let fits = |d: Option<&phonenumber::metadata::Descriptor>| d.is_some_and(|d| d.possible_length().contains(&length));
    DATABASE.by_code(&code).is_some_and(|regions| {
        regions.iter().any(|m| fits(m.descriptors().mobile()) || fits(m.descriptors().fixed_line()))
    })
}

/// False where numbers of this country and length begin otherwise: it is another one that was cut short.
fn begins_as_any(code: u16, national: &str) -> bool {
    let first = |digits: &str| digits.bytes().next().unwrap_or_default();
    match (code, national.len()) {
        // With 11 digits an Argentine number is a mobile with its 9, nothing else; no area begins with more than 3.
        (54, 11) => national.strip_prefix('9').is_some_and(|rest| matches!(first(rest), b'1'..=b'3')),
        (54, 10) => matches!(first(national), b'1'..=b'3'),
        // Colombia's fixed lines had 8 digits until 2021: one for the area, and seven.
        (57, 8) => matches!(first(national), b'1' | b'2' | b'4'..=b'8'),
        _ => true,
    }
}

/// True when its country's plan has such a number.
pub(super) fn is_known(phone: &Phone) -> bool {
    phonenumber::parse(None, phone.with_plus()).is_ok_and(|parsed| parsed.is_valid())
}

/// Country code and the rest.
pub(super) fn split(phone: &Phone) -> Option<(u16, &str)> {
    code_and_rest(phone.digits())
}

pub(super) fn code_and_rest(digits: &str) -> Option<(u16, &str)> {
    (1..=3).find_map(|n| {
        let code: u16 = digits.get(..n)?.parse().ok()?;
        DATABASE.by_code(&code).map(|_| (code, &digits[n..]))
    })
}
