//! One message to send, as every adapter takes it.

use crate::domain::callback::CallbackData;
use crate::domain::fill::Fill;
use crate::domain::free::Free;
use crate::domain::recipient::Recipient;
use crate::domain::template::Template;

/// One message to send.
#[derive(Clone, Debug)]
pub struct SendRequest<'a> {
    /// The provider's id of the sender (Meta: phone number id).
    pub sender_ref: &'a str,
    /// Whom to.
    pub to: &'a Recipient,
    /// Comes back with every receipt.
    pub callback: CallbackData,
    /// What.
    pub body: Body<'a>,
}

/// What to send.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A template.
    Template {
        /// As read from the provider.
        template: &'a Template,
        /// Its values.
        fill: &'a Fill,
    },
    /// Free text, within the window only.
    Text {
        /// At most 4,096 characters.
        body: &'a str,
        /// The provider's id of the message quoted.
        quoted: Option<&'a str>,
    },
    /// Anything else that is written freely, within the window only.
    Free {
        /// What.
        free: &'a Free,
        /// The provider's id of the message quoted, or reacted to.
        quoted: Option<&'a str>,
        /// The file of an attachment.
        file: Option<FileAt<'a>>,
    },
}

/// Where the provider finds a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileAt<'a> {
    /// It was uploaded; its id there.
    Id(&'a str),
    /// It fetches it.
    Link {
        /// From where; anybody may read it there.
        link: &'a str,
        /// What it is.
        mime_type: &'a str,
    },
}

/// A file to upload.
#[derive(Debug)]
pub struct Upload {
    /// Its bytes, from the beginning.
    pub file: std::fs::File,
    /// How many.
    pub size: u64,
    /// What it is.
    pub mime_type: String,
    /// What it is called.
    pub filename: String,
}
