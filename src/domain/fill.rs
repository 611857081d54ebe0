//! What a message puts into a template, and the text the person then sees.

use serde::{Deserialize, Serialize};

use super::free::Free;
use super::snapshot::Snapshot;
use super::template::parts::Card;
use super::template::{Button, Header, Template, fill_in};
use super::time::UnixMs;

/// Values of one message. Positional parameters are named `1`, `2`, … . Names are the template's own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Fill {
    /// Language of the translation that it fills; left out: the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Header, if the template's takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderFill>,
    /// Body parameters in order.
    #[serde(default)]
    pub body: Vec<Value>,
    /// Buttons that take a parameter. Quick replies are not listed: their payload is always ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonFill>,
    /// When the offer ends, if the template makes one that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_ends_at: Option<UnixMs>,
    /// The cards of a carousel, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<CardFill>,
    /// The products that a button of the kind lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Section>,
    /// What a flow is told, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow_data: Vec<Value>,
}

/// Values of a card.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CardFill {
    /// Its picture, video or product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderFill>,
    /// Parameters of its text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Value>,
    /// Its buttons that take a parameter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonFill>,
}

/// A place in a header.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// Degrees, with a point.
    pub latitude: String,
    /// Degrees, with a point.
    pub longitude: String,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// A product of a catalog.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Product {
    /// The shop's own id of it.
    pub id: String,
    /// The provider's id of the catalog.
    pub catalog: String,
}

/// Products under one title.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Section {
    /// The title; empty where there is one section.
    pub title: String,
    /// The shop's own ids.
    pub products: Vec<String>,
}

/// One named value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Value {
    /// Name of the parameter.
    pub name: String,
    /// Its text: no newline, no tab, no run of more than four spaces.
    pub text: String,
}

/// Fill of a header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HeaderFill {
    /// Parameter of a text header.
    Text(Value),
    /// Media by https link, or by the name of a file of the campaign's folder; `kind` is the template's header format.
    Link {
        /// Where it is.
        link: String,
    },
    /// A file of a campaign's folder as it lay there: what a message outside of its run carries.
    File {
        /// SHA-256 of its bytes, in hex.
        hash: String,
        /// What it is.
        mime_type: String,
        /// Its name.
        filename: String,
    },
    /// What was uploaded to the provider. Never kept: it holds for a month.
    Uploaded {
        /// The provider's id of it.
        id: String,
        /// Its name.
        filename: String,
    },
    /// A place.
    Location(Place),
    /// A product.
    Product(Product),
}

impl HeaderFill {
    /// Whether it is a file of the campaign's folder, by its name.
    pub fn is_named(&self) -> bool {
        matches!(self, Self::Link { link } if !link.starts_with("https://"))
    }
}

impl Fill {
    /// What the header and the cards show.
    pub fn shown(&self) -> impl Iterator<Item = &HeaderFill> {
        self.header.iter().chain(self.cards.iter().filter_map(|card| card.header.as_ref()))
    }

    /// The same, to be changed.
    pub fn shown_mut(&mut self) -> impl Iterator<Item = &mut HeaderFill> {
        self.header.iter_mut().chain(self.cards.iter_mut().filter_map(|card| card.header.as_mut()))
    }
}

/// Fill of a button.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ButtonFill {
    /// Place among all buttons, from 0.
    pub index: i64,
    /// URL suffix or code.
    pub text: String,
}

/// What a message is made of. Stored as JSON with the message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A template. Messages of a run carry no copy of it: the run keeps the snapshot.
    Template {
        /// Its values.
        fill: Fill,
        /// The template, for a message sent by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<Box<Template>>,
    },
    /// An agent's (or an automatic) answer within the window.
    Text {
        /// At most 4,096 characters.
        body: String,
        /// The provider's id of the message quoted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quoted: Option<String>,
    },
    /// Anything else that may be written freely within the window.
    Free {
        /// What.
        free: Free,
        /// The provider's id of the message quoted, or reacted to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quoted: Option<String>,
    },
}

/// The text as the person sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rendered {
    /// Header text, or the kind of media in brackets.
    pub header: Option<String>,
    /// Body.
    pub body: String,
    /// Footer.
    pub footer: Option<String>,
    /// Labels of the buttons in order, each with the full URL where it has one.
    pub buttons: Vec<RenderedButton>,
    /// What is offered above the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<RenderedOffer>,
    /// Cards of a carousel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<RenderedCard>,
}

/// An offer as shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenderedOffer {
    /// What it says.
    pub text: String,
    /// When it ends.
    #[schema(value_type = Option<i64>)]
    pub ends_at: Option<UnixMs>,
}

/// A card as shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenderedCard {
    /// The link of its picture, its product, or the kind in brackets.
    pub header: Option<String>,
    /// Its text.
    pub body: String,
    /// Its buttons.
    pub buttons: Vec<RenderedButton>,
}

/// A button as shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenderedButton {
    /// Label.
    pub text: String,
    /// Where it leads, or the code it copies.
    pub target: Option<String>,
}

impl Content {
    /// Whether somebody of ours or a bot wrote it freely: part of a chat, and no template.
    pub const fn is_chat(&self) -> bool {
        match self {
            Self::Text { .. } | Self::Free { .. } => true,
            Self::Template { .. } => false,
        }
    }

    /// What the person sees; `snapshot` gives the run's templates for a message that carries none. `None`: there is none.
    pub fn rendered(self, snapshot: impl FnOnce() -> Option<Snapshot>) -> Option<Rendered> {
        match self {
            Self::Text { body, .. } => Some(Rendered { body, ..Rendered::default() }),
            Self::Free { free, .. } => Some(free.rendered()),
            Self::Template { fill, template } => {
                if let Some(own) = template {
                    return Some(own.render(&fill));
                }
                snapshot().map(|snapshot| snapshot.of(fill.language.as_deref()).render(&fill))
            }
        }
    }
}

impl Template {
    /// The exact text a person receives for `fill`.
    pub fn render(&self, fill: &Fill) -> Rendered {
        let offer = self.offer.as_ref();
        let unfilled = CardFill::default();
        let card = |(no, card): (usize, &Card)| render_card(card, fill.cards.get(no).unwrap_or(&unfilled));
        Rendered {
            header: self.header.as_ref().map(|header| render_header(header, fill.header.as_ref())),
            body: fill_in(&self.body, |name| text_of(&fill.body, name)),
            footer: self.footer.clone(),
            buttons: self.buttons.iter().enumerate().map(|(i, b)| render_button(b, i as i64, fill)).collect(),
            offer: offer.map(|offer| RenderedOffer { text: offer.text.clone(), ends_at: fill.offer_ends_at }),
            cards: self.cards.iter().enumerate().map(card).collect(),
        }
    }
}

fn render_header(header: &Header, fill: Option<&HeaderFill>) -> String {
    let kind = match header {
        Header::Text { text } => {
            let Some(HeaderFill::Text(value)) = fill else { return text.clone() };
            return fill_in(text, |_| Some(value.text.clone()));
        }
        Header::Image => "[image]",
        Header::Video => "[video]",
        Header::Document => "[document]",
        Header::Location => "[location]",
        Header::Gif => "[gif]",
        Header::Product => "[product]",
    };
    match fill {
        Some(HeaderFill::Location(place)) => format!("{kind} {}, {}", place.name, place.address),
        Some(HeaderFill::Product(product)) => format!("{kind} {}", product.id),
        _ => kind.to_owned(),
    }
}

fn render_card(card: &Card, fill: &CardFill) -> RenderedCard {
    let of_header = |header: &Header| match &fill.header {
        Some(HeaderFill::Link { link }) => format!("{} {link}", render_header(header, None)),
        other => render_header(header, other.as_ref()),
    };
    let values = Fill { buttons: fill.buttons.clone(), ..Fill::default() };
    RenderedCard {
        header: card.header.as_ref().map(of_header),
        body: fill_in(&card.body, |name| text_of(&fill.body, name)),
        buttons: card.buttons.iter().enumerate().map(|(i, b)| render_button(b, i as i64, &values)).collect(),
    }
}

fn text_of(values: &[Value], name: &str) -> Option<String> {
    values.iter().find(|v| v.name == name).map(|v| v.text.clone())
}

fn render_button(button: &Button, index: i64, fill: &Fill) -> RenderedButton {
    let value = fill.buttons.iter().find(|b| b.index == index).map(|b| b.text.clone());
    let target = match button {
        Button::Url { url, .. } => Some(fill_in(url, |_| value.clone())),
        Button::CopyCode { .. } | Button::Catalog { .. } => value,
        Button::Products { .. } => {
            let section = |s: &Section| {
                let products = s.products.join(", ");
                if s.title.is_empty() { products } else { format!("{}: {products}", s.title) }
            };
            let listed = fill.products.iter().map(section).collect::<Vec<_>>().join("; ");
            Some(listed).filter(|listed| !listed.is_empty())
        }
        // It is the one that the text says.
        Button::OneTimeCode { .. } => fill.body.first().map(|value| value.text.clone()),
        Button::QuickReply { .. } | Button::Flow { .. } | Button::Other { .. } => None,
    };
    RenderedButton { text: button.text().to_owned(), target }
}
