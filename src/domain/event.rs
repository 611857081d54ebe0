//! What comes in by webhook, in Recado's words. Adapters parse into these; nothing above them sees a provider's JSON.

mod echo;
mod news;
mod referral;

use serde::{Deserialize, Serialize};

pub use echo::{Echo, EchoApp};
pub use news::{AccountEffect, AccountNews, CategoryNews, TemplateNews, TemplateNote};
pub use referral::Referral;

use super::callback::{ButtonPayload, CallbackData};
use super::failure::Failure;
use super::money::Micros;
use super::time::UnixMs;

/// One event of a webhook body.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// The provider reports on a message of ours.
    Receipt(Receipt),
    /// A person wrote, tapped, sent media or reacted.
    Reply(Reply),
    /// The house wrote to a person, from the same number and elsewhere.
    Echo(Echo),
    /// A person asked the provider for no more marketing (or for it again).
    Preference(Preference),
    /// A person's number or BSUID changed.
    IdentityChange(IdentityChange),
    /// The provider's word on a template.
    Template(TemplateNews),
    /// What else the provider tells of a template: why it was refused, how people like it, that its text has changed.
    TemplateNote(TemplateNote),
    /// A template is billed as something else, or will be.
    Category(CategoryNews),
    /// The provider's word on an account, or on what a number or portfolio is granted.
    Account(AccountNews),
    /// A person did something with a message beside answering it: opened a link.
    UserAction(UserAction),
    /// A field or value Recado does not act on yet: stored, answered 200, kept.
    Unhandled {
        /// The provider's name of the field.
        field: String,
    },
}

impl WebhookEvent {
    /// Whether it is part of what is said between a person and the house.
    pub fn is_of_people(&self) -> bool {
        match self {
            Self::Reply(_) | Self::Echo(_) | Self::Preference(_) | Self::IdentityChange(_) | Self::UserAction(_) => {
                true
            }
            Self::Receipt(_)
            | Self::Template(_)
            | Self::TemplateNote(_)
            | Self::Category(_)
            | Self::Account(_)
            | Self::Unhandled { .. } => false,
        }
    }
}

/// What a person did with a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserAction {
    /// The provider's id of the sender.
    pub sender_ref: String,
    /// Who.
    pub person: Identity,
    /// What, in the provider's word.
    pub action: String,
    /// When.
    pub at: UnixMs,
}

/// How far a message came, as the provider reports it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// Taken by the provider, which has not handed it on yet (Gupshup's `enqueued`).
    Accepted,
    /// On its way to the phone.
    Sent,
    /// On the phone.
    Delivered,
    /// Opened.
    Read,
    /// A voice note was played; implies read.
    Played,
    /// Not delivered.
    Failed,
    /// A word Recado does not know.
    Other,
}

/// A receipt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's id of the sender (Meta: phone number id).
    pub sender_ref: String,
    /// The provider's id of the message.
    pub provider_id: String,
    /// Another id by which the provider may call the message later (Gupshup: WhatsApp's own).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_id: Option<String>,
    /// Our callback data, when the provider echoed it and it is in our form.
    pub callback: Option<CallbackData>,
    /// What is reported.
    pub status: ReceiptStatus,
    /// When the provider says it happened.
    pub at: UnixMs,
    /// Why, for failed.
    pub failure: Option<Failure>,
    /// What it costs, when told.
    pub pricing: Option<Pricing>,
    /// The person's WhatsApp id.
    pub wa_id: Option<String>,
    /// The person's business-scoped user id.
    pub bsuid: Option<String>,
    /// Whether it was a template, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_template: Option<bool>,
}

/// The provider's word on the price of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pricing {
    /// Meta's `pricing.type`: `regular`, `free_customer_service`, `free_entry_point`, …
    pub kind: String,
    /// Meta's `pricing.category`: `marketing`, `utility`, `service`, …
    pub category: String,
    /// Meta's `pricing.billable`, which will be removed; absent then.
    pub billable: Option<bool>,
    /// What exactly it costs, where the provider says so (templates with a highest price), in its account's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// An amount as the provider tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// How much.
    pub amount: Micros,
    /// ISO code.
    pub currency: String,
}

/// A message from a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The provider's id of the sender (Meta: phone number id).
    pub sender_ref: String,
    /// The provider's id of this message; unique.
    pub provider_id: String,
    /// Who wrote.
    pub from: Identity,
    /// When they wrote.
    pub at: UnixMs,
    /// The provider's id of the message quoted or answered, if any.
    pub quoted: Option<String>,
    /// What they sent.
    pub content: ReplyContent,
    /// The ad or post that led them here, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
}

/// Who a webhook speaks of. At least one of `wa_id` and `bsuid` is present.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    /// WhatsApp id: digits without `+`.
    pub wa_id: Option<String>,
    /// Business-scoped user id, as `AR.1349…`.
    pub bsuid: Option<String>,
    /// Profile name.
    pub name: Option<String>,
    /// WhatsApp user name.
    pub username: Option<String>,
}

/// Content of a reply.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyContent {
    /// Typed text.
    Text {
        /// What was typed.
        body: String,
    },
    /// A quick-reply button of a template was tapped.
    Button {
        /// The button's label.
        text: String,
        /// Its payload, when it is in our form.
        payload: Option<ButtonPayload>,
    },
    /// A button or list row of an interactive message was chosen, or a flow was completed.
    Choice {
        /// The id we gave it.
        id: String,
        /// Its title.
        title: String,
    },
    /// Image, audio, voice note, video, document or sticker.
    Media(Media),
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Name or address, if given.
        label: Option<String>,
    },
    /// An emoji on a message (`None`: taken back).
    Reaction {
        /// The emoji.
        emoji: Option<String>,
        /// The provider's id of the message reacted to.
        to: String,
    },
    /// Shared contacts, an order, an edit, a deletion, or a type that is not known yet.
    Other {
        /// The provider's word for it (`contacts`, `order`, `edit`, `revoke`, `unsupported`, …). Ours, of a note:
        /// `not_delivered`, what somebody of ours had written did not arrive; `in_doubt`, nobody knows whether it left.
        what: String,
        /// A line to show, if there is one.
        summary: Option<String>,
    },
}

impl ReplyContent {
    /// The word of a note that Recado leaves where an answer did not arrive.
    pub const NOT_DELIVERED: &'static str = "not_delivered";
    /// The word of a note that Recado leaves where nobody knows whether an answer left.
    pub const IN_DOUBT: &'static str = "in_doubt";
}

/// A media attachment, by reference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Media {
    /// What it is. (`kind` is the tag of [`ReplyContent`] in JSON.)
    #[serde(rename = "media")]
    pub kind: MediaKind,
    /// The provider's media id.
    pub id: String,
    /// Its MIME type, as told.
    pub mime_type: Option<String>,
    /// File name of a document.
    pub filename: Option<String>,
    /// Caption.
    pub caption: Option<String>,
}

/// Kinds of media.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// An audio file.
    Audio,
    /// A voice note.
    Voice,
    /// A video.
    Video,
    /// A document.
    Document,
    /// A sticker.
    Sticker,
}

/// A person's standing wish about marketing, told through the provider (`user_preferences`).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Preference {
    /// The provider's id of the sender.
    pub sender_ref: String,
    /// Who.
    pub person: Identity,
    /// True: wants no marketing. False: wants it again.
    pub stop: bool,
    /// When.
    pub at: UnixMs,
}

/// A person's identity changed (`system` messages).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct IdentityChange {
    /// The provider's id of the sender.
    pub sender_ref: String,
    /// Who they were.
    pub old: Identity,
    /// Who they are.
    pub new: Identity,
    /// When.
    pub at: UnixMs,
}
