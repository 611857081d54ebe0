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
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}…", &self.0[..2])
    }
}
