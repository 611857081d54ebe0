//! What some templates have beside header, text, footer and buttons (cloud-api.md 1.3): an offer with an end, and cards.

use serde::{Deserialize, Serialize};

use super::{Button, Header, Template, parameters};

/// Characters of a card's text, filled in (cloud-api.md 1.3).
pub const LONGEST_CARD: usize = 160;

/// Characters of the text under an offer, filled in (cloud-api.md 1.3).
pub const LONGEST_OFFER_BODY: usize = 600;

/// An offer, shown in bold above the text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offer {
    /// What it says, at most 16 characters.
    pub text: String,
    /// Whether each message says when it ends, and the person sees the time running.
    pub ends: bool,
}

/// A card of a carousel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Card {
    /// Picture, video or product of the card.
    pub header: Option<Header>,
    /// Its text with `{{1}}` or `{{name}}`; empty: it has none.
    pub body: String,
    /// Its buttons; their place is their index within the card.
    pub buttons: Vec<Button>,
}

/// What a button is given by each message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// The end of its URL.
    Url,
    /// A code.
    Code,
    /// The product whose picture stands for a catalog.
    Thumbnail,
    /// The product whose picture stands for a list of products; without one it is the first of them.
    Products,
    /// What a flow is told; nothing where it needs nothing.
    Flow,
}

impl Takes {
    /// The key of the campaign file under `[template.buttons]`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Url => "url",
            Self::Code => "code",
            Self::Thumbnail | Self::Products => "thumbnail",
            Self::Flow => "token",
        }
    }

    /// Whether a message without it is refused.
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Url | Self::Code | Self::Thumbnail)
    }
}

impl Button {
    /// What it is given by each message.
    pub fn takes(&self) -> Takes {
        match self {
            Self::Url { url, .. } if !parameters(url).is_empty() => Takes::Url,
            Self::CopyCode { .. } => Takes::Code,
            Self::Catalog { .. } => Takes::Thumbnail,
            Self::Products { .. } => Takes::Products,
            Self::Flow { .. } => Takes::Flow,
            Self::Url { .. } | Self::QuickReply { .. } | Self::OneTimeCode { .. } | Self::Other { .. } => {
                Takes::Nothing
            }
        }
    }
}

impl Template {
    /// Whether it has parts that are written in the provider's own pages alone: moving pictures, single products, a flow.
    pub fn is_beyond_drafts(&self) -> bool {
        let header = |header: Option<&Header>| matches!(header, Some(Header::Gif | Header::Product));
        let flow = |button: &Button| matches!(button, Button::Flow { .. });
        let card =
            |card: &Card| !matches!(card.header, Some(Header::Image | Header::Video)) || card.buttons.iter().any(flow);
        header(self.header.as_ref()) || self.buttons.iter().any(flow) || self.cards.iter().any(card)
    }
}
