//! What travels with a message and comes back: callback data in receipts, payloads in tapped buttons.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::MessageId;

/// Random name of a store, so that receipts of another installation on the same account are told apart.
/// Lower-case letters and digits, no dot.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Instance(String);

impl Instance {
    /// `name` must be 4 to 32 of `[a-z0-9]`.
    pub fn parse(name: &str) -> Option<Self> {
        let fits = (4..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `r1.<instance>.<message>.<attempt>`: `biz_opaque_callback_data` at Meta.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CallbackData {
    /// Whose message it is.
    pub instance: Instance,
    /// Which.
    pub message: MessageId,
    /// Which try, from 1.
    pub attempt: i64,
}

impl CallbackData {
    /// Reads the form above; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (instance, message, attempt) = three(text, "r1")?;
        Some(Self { instance, message: MessageId(message), attempt })
    }
}

impl fmt::Display for CallbackData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r1.{}.{}.{}", self.instance.0, self.message, self.attempt)
    }
}

/// `b1.<instance>.<message>.<index>`: the payload of every quick-reply button we send.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ButtonPayload {
    /// Whose message it was.
    pub instance: Instance,
    /// Which.
    pub message: MessageId,
    /// The button's place among all buttons of the template, from 0.
    pub index: i64,
}

impl ButtonPayload {
    /// Reads the form above; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (instance, message, index) = three(text, "b1")?;
        Some(Self { instance, message: MessageId(message), index })
    }
}

impl fmt::Display for ButtonPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b1.{}.{}.{}", self.instance.0, self.message, self.index)
    }
}

fn three(text: &str, mark: &str) -> Option<(Instance, i64, i64)> {
    let mut parts = text.split('.');
    if parts.next()? != mark {
        return None;
    }
    let instance = Instance::parse(parts.next()?)?;
    let first = number(parts.next()?)?;
    let second = number(parts.next()?)?;
    parts.next().is_none().then_some((instance, first, second))
}

/// Digits only: `i64::from_str` would take a sign.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
