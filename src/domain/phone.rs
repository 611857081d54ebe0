//! Phone numbers in international form.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number in E.164 without the `+`: 7 to 15 digits, as `5491155550123`.
/// `Debug` hides the middle, so that a log line cannot hold a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// From digits that already carry the country code. Local numbers are completed by `intake`.
    pub fn from_international(digits: &str) -> Option<Self> {
        let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        (fits && !digits.starts_with('0')).then(|| Self(digits.to_owned()))
    }

    /// Digits without `+`.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// With `+`, as sent to the provider.
    pub fn with_plus(&self) -> String {
        format!("+{}", self.0)
    }

    /// The digits that every way of writing this person's number shares: Argentina with and without the mobile 9,
    /// Mexico with and without the old 1, Brazilian mobiles with and without the ninth digit. Only for comparing: a
    /// message goes to the number as it was given, because no rule knows which form a person's WhatsApp carries.
    pub fn person_key(&self) -> String {
        let digits = self.0.as_str();
        VARIANTS
            .iter()
            .find(|v| v.fits_long(digits))
            .map_or_else(|| digits.to_owned(), |v| format!("{}{}", &digits[..v.at], &digits[v.at + 1..]))
    }

    /// Every way of writing this person's number, this one first. One for most countries.
    pub fn variants(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        let key = self.person_key();
        let others = VARIANTS.iter().filter(|v| v.fits_short(&key)).map(|v| v.lengthen(&key));
        for digits in others.chain([key.clone()]) {
            if all.iter().all(|p| p.0 != digits) {
                all.push(Self(digits));
            }
        }
        all
    }
}

/// A digit that a country's numbers carry in one way of writing and lack in the other.
struct Variant {
    /// Country code.
    code: &'static str,
    /// Where the digit stands, counted from the start of the country code.
    at: usize,
    /// The digit.
    digit: u8,
    /// Digits in all, with it.
    length: usize,
    /// First digits of the rest for which the two forms are one line; empty: any. (A Brazilian fixed line starts with
    /// 2 to 5 and never takes the 9.)
    next: &'static [u8],
}

const VARIANTS: [Variant; 3] = [
    Variant { code: "54", at: 2, digit: b'9', length: 13, next: &[] },
    Variant { code: "52", at: 2, digit: b'1', length: 13, next: &[] },
    Variant { code: "55", at: 4, digit: b'9', length: 13, next: b"6789" },
];

impl Variant {
    fn fits_long(&self, digits: &str) -> bool {
        let bytes = digits.as_bytes();
        digits.starts_with(self.code)
            && bytes.len() == self.length
            && bytes[self.at] == self.digit
            && (self.next.is_empty() || self.next.contains(&bytes[self.at + 1]))
    }

    fn fits_short(&self, digits: &str) -> bool {
        let bytes = digits.as_bytes();
        digits.starts_with(self.code)
            && bytes.len() == self.length - 1
            && (self.next.is_empty() || self.next.contains(&bytes[self.at]))
    }

    fn lengthen(&self, digits: &str) -> String {
        format!("{}{}{}", &digits[..self.at], char::from(self.digit), &digits[self.at..])
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}…", &self.0[..2])
    }
}
