//! What the house itself wrote to a person elsewhere.

use serde::{Deserialize, Serialize};

use super::{Identity, ReplyContent};
use crate::domain::time::UnixMs;

/// A message that went to a person from one of our numbers, and not from here: the provider tells it to whoever else uses
/// the number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Echo {
    /// The provider's id of the sender (Meta: phone number id).
    pub sender_ref: String,
    /// The provider's id of the message; unique.
    pub provider_id: String,
    /// Where it was written.
    pub app: EchoApp,
    /// To whom.
    pub to: Identity,
    /// When.
    pub at: UnixMs,
    /// The provider's id of the message quoted, if any.
    pub quoted: Option<String>,
    /// What it says.
    pub content: ReplyContent,
}

/// Where an echo was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoApp {
    /// In the WhatsApp Business app, on a phone or a linked computer.
    Phone,
    /// In another system that uses the number.
    Other,
}

impl EchoApp {
    /// Who a line of a thread is by that was written there.
    pub const fn author(self) -> &'static str {
        match self {
            Self::Phone => "phone app",
            Self::Other => "other system",
        }
    }

    /// Where whoever is called `author` writes; `None`: here.
    pub fn of_author(author: &str) -> Option<Self> {
        [Self::Phone, Self::Other].into_iter().find(|app| app.author() == author)
    }
}
