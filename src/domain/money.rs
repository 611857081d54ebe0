//! Money in integer micro-units of one currency. Never a float; never added across currencies.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 code, as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Not three upper-case letters.
#[derive(Debug, thiserror::Error)]
#[error("a currency is three upper-case letters, as USD")]
pub struct NotACurrency;

impl Currency {
    /// Three upper-case letters.
    pub fn parse(code: &str) -> Result<Self, NotACurrency> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].into_iter().all(u8::is_ascii_uppercase) => Ok(Self([*a, *b, *c])),
            _ => Err(NotACurrency),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are ever stored")
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;
    fn try_from(code: String) -> Result<Self, NotACurrency> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(c: Currency) -> Self {
        c.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Millionths of a currency's unit: USD 0.0618 is 61,800.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent, no_pg_array)]
pub struct Micros(pub i64);

impl Micros {
    /// Reads a plain decimal, as `0.0618` or `8.0E-4`-free list prices. At most six decimals.
    pub fn parse(decimal: &str) -> Option<Self> {
        let (sign, digits) = decimal.strip_prefix('-').map_or((1, decimal), |rest| (-1, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || !plain(whole) || !plain(part) || part.len() > 6 {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: i64 = format!("{part:0<6}").parse().ok()?;
        Some(Self(sign * whole.checked_mul(1_000_000)?.checked_add(part)?))
    }

    /// The sum; saturates far beyond any bill.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This amount `n` times.
    #[must_use]
    pub fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

/// For `serialize_with`: a decimal in text, so that no reader takes it for another unit or makes a float of it.
pub fn decimal<S: serde::Serializer>(amount: &Micros, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(amount)
}

/// With at least two and at most six decimals, trailing zeros cut: `18.54`, `0.0618`. The form of exports and the API.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        let mut part = format!("{:06}", amount % 1_000_000);
        while part.len() > 2 && part.ends_with('0') {
            part.pop();
        }
        write!(f, "{sign}{}.{part}", amount / 1_000_000)
    }
}
