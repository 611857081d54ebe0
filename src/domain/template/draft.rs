//! A template as a person writes it: what the provider is asked to approve, with an example for each variable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::CodeTerms;
use super::parts::{Card, Offer};
use super::{Button, Category, Header, ParameterFormat, Template, TemplateStatus, parameters, rules};

mod shown;

/// A template to be submitted, or the new text of one that is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// `[a-z0-9_]{1,512}`.
    pub name: String,
    /// Language code, as `es_AR`.
    pub language: String,
    /// What it asks to be billed as.
    pub category: Category,
    /// How its variables are named.
    #[serde(default = "positional")]
    pub format: ParameterFormat,
    /// Header, if any.
    #[serde(default)]
    pub header: Option<DraftHeader>,
    /// Body, with `{{1}}` or `{{name}}`; empty in an authentication template, whose text is WhatsApp's own.
    #[serde(default)]
    pub body: String,
    /// Footer, if any.
    #[serde(default)]
    pub footer: Option<String>,
    /// Buttons, in order.
    #[serde(default)]
    pub buttons: Vec<DraftButton>,
    /// An example for each variable of header and body, by its name.
    #[serde(default)]
    pub examples: BTreeMap<String, String>,
    /// Seconds after which an undelivered message is dropped; left out: the provider's default. -1: after 30 days, of utility
    /// and authentication templates.
    #[serde(default)]
    pub time_to_live_s: Option<i64>,
    /// Of an authentication template, what can be chosen of it, in place of texts and buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeTerms>,
    /// An offer above the body, perhaps with an end that each message says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Cards of a carousel, beside the body alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<DraftCard>,
}

/// A card of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftCard {
    /// Its picture or video.
    pub header: DraftHeader,
    /// Its text, with variables of its own; empty: it has none.
    #[serde(default)]
    pub body: String,
    /// Its buttons, in order.
    #[serde(default)]
    pub buttons: Vec<DraftButton>,
    /// An example for each variable of its text, by its name.
    #[serde(default)]
    pub examples: BTreeMap<String, String>,
}

/// A code as a person may get one.
const CODE_EXAMPLE: &str = "123456";

const fn positional() -> ParameterFormat {
    ParameterFormat::Positional
}

/// Header of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DraftHeader {
    /// Text, with at most one variable.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// What the provider calls the sample that was uploaded to it.
        sample: String,
    },
    /// A video.
    Video {
        /// What the provider calls the sample that was uploaded to it.
        sample: String,
    },
    /// A document.
    Document {
        /// What the provider calls the sample that was uploaded to it.
        sample: String,
    },
    /// A place.
    Location,
}

/// A button of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DraftButton {
    /// Comes back as a reply.
    QuickReply {
        /// Label.
        text: String,
    },
    /// Opens a page.
    Url {
        /// Label.
        text: String,
        /// URL, perhaps ending in `{{1}}`.
        url: String,
        /// The whole URL of an example, where it has a variable.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        example: String,
    },
    /// Calls a number.
    PhoneNumber {
        /// Label.
        text: String,
        /// The number, with `+`.
        phone_number: String,
    },
    /// Copies a code; its label is the provider's.
    CopyCode {
        /// A code as it may be.
        example: String,
    },
    /// Opens the catalog; its label is the provider's.
    Catalog,
    /// Shows products of the catalog, chosen per send; its label is the provider's.
    Products,
}

impl DraftButton {
    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::QuickReply { .. } => "quick_reply",
            Self::Url { .. } => "url",
            Self::PhoneNumber { .. } => "phone_number",
            Self::CopyCode { .. } => "copy_code",
            Self::Catalog => "catalog",
            Self::Products => "products",
        }
    }

    /// Its label; empty where that is the provider's own.
    pub fn text(&self) -> &str {
        match self {
            Self::QuickReply { text } | Self::Url { text, .. } | Self::PhoneNumber { text, .. } => text,
            Self::CopyCode { .. } | Self::Catalog | Self::Products => "",
        }
    }
}

impl Draft {
    /// Whether it has an offer, cards, or a catalog's buttons, which not every provider's form of creation has.
    pub fn is_special(&self) -> bool {
        let of_catalog = |button: &DraftButton| matches!(button, DraftButton::Catalog | DraftButton::Products);
        self.offer.is_some() || !self.cards.is_empty() || self.buttons.iter().any(of_catalog)
    }

    /// Names of the header's and the body's variables, each once.
    pub fn variables(&self) -> Vec<String> {
        let mut names = self.header_variables();
        names.extend(parameters(&self.body).into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
        names
    }

    /// The template it would be, for whoever shows or compares it.
    pub fn template(&self) -> Template {
        if let Some(terms) = &self.code {
            return self.of_code(terms);
        }
        Template {
            provider_id: String::new(),
            name: self.name.clone(),
            language: self.language.clone(),
            category: self.category,
            status: TemplateStatus::Pending,
            format: self.format,
            header: self.header.as_ref().map(DraftHeader::header),
            body: self.body.clone(),
            footer: self.footer.clone(),
            buttons: self.buttons.iter().map(DraftButton::button).collect(),
            time_to_live_s: self.life(),
            parameters_unknown: false,
            offer: self.offer.clone(),
            cards: self.cards.iter().map(DraftCard::card).collect(),
            announced: None,
            quality: None,
            examples: self.approved_with(),
        }
    }

    /// Seconds that its messages wait; the 30 days of [`rules::MONTH`] are what a template that says nothing has.
    fn life(&self) -> Option<i64> {
        self.time_to_live_s.filter(|s| *s != rules::MONTH)
    }

    /// The same where it gives a one-time code.
    fn of_code(&self, terms: &CodeTerms) -> Template {
        let (body, footer, text) = terms.text(&self.language);
        Template {
            provider_id: String::new(),
            name: self.name.clone(),
            language: self.language.clone(),
            category: self.category,
            status: TemplateStatus::Pending,
            format: ParameterFormat::Positional,
            header: None,
            body,
            footer,
            buttons: vec![Button::OneTimeCode { text }],
            time_to_live_s: self.life(),
            parameters_unknown: false,
            offer: None,
            cards: Vec::new(),
            announced: None,
            quality: None,
            examples: vec![("1".to_owned(), CODE_EXAMPLE.to_owned())],
        }
    }
}

impl DraftHeader {
    fn header(&self) -> Header {
        match self {
            Self::Text { text } => Header::Text { text: text.clone() },
            Self::Image { .. } => Header::Image,
            Self::Video { .. } => Header::Video,
            Self::Document { .. } => Header::Document,
            Self::Location => Header::Location,
        }
    }

    /// What the header of a template says, without its sample; `None`: it is none that drafts have.
    fn of(header: &Header) -> Option<Self> {
        let sample = String::new();
        Some(match header {
            Header::Text { text } => Self::Text { text: text.clone() },
            Header::Image => Self::Image { sample },
            Header::Video => Self::Video { sample },
            Header::Document => Self::Document { sample },
            Header::Location => Self::Location,
            // Never a draft's ([`Template::is_beyond_drafts`]).
            Header::Gif | Header::Product => return None,
        })
    }
}

impl DraftButton {
    fn button(&self) -> Button {
        match self {
            Self::QuickReply { text } => Button::QuickReply { text: text.clone() },
            Self::Url { text, url, .. } => Button::Url { text: text.clone(), url: url.clone() },
            Self::PhoneNumber { text, .. } => Button::Other { text: text.clone() },
            Self::CopyCode { .. } => Button::CopyCode { text: String::new() },
            Self::Catalog => Button::Catalog { text: String::new() },
            Self::Products => Button::Products { text: String::new() },
        }
    }

    /// What the button of a template says; numbers and examples are not told back.
    fn of(button: &Button) -> Self {
        match button {
            Button::QuickReply { text } => Self::QuickReply { text: text.clone() },
            Button::Url { text, url } => Self::Url { text: text.clone(), url: url.clone(), example: String::new() },
            Button::CopyCode { .. } => Self::CopyCode { example: String::new() },
            Button::Catalog { .. } => Self::Catalog,
            Button::Products { .. } => Self::Products,
            Button::Other { text } | Button::OneTimeCode { text } | Button::Flow { text } => {
                Self::PhoneNumber { text: text.clone(), phone_number: String::new() }
            }
        }
    }
}

impl DraftCard {
    fn card(&self) -> Card {
        let buttons = self.buttons.iter().map(DraftButton::button).collect();
        Card { header: Some(self.header.header()), body: self.body.clone(), buttons }
    }

    fn of(card: &Card) -> Option<Self> {
        let header = card.header.as_ref().and_then(DraftHeader::of)?;
        let buttons = card.buttons.iter().map(DraftButton::of).collect();
        Some(Self { header, body: card.body.clone(), buttons, examples: BTreeMap::new() })
    }
}

/// What a template that is there says, to be written anew. Samples and examples are the provider's, and are asked for
/// again.
pub fn of(template: &Template) -> Draft {
    if template.gives_a_code() {
        return of_code(template);
    }
    Draft {
        name: template.name.clone(),
        language: template.language.clone(),
        category: template.category,
        format: template.format,
        header: template.header.as_ref().and_then(DraftHeader::of),
        body: template.body.clone(),
        footer: template.footer.clone(),
        buttons: template.buttons.iter().map(DraftButton::of).collect(),
        examples: BTreeMap::new(),
        time_to_live_s: template.time_to_live_s,
        code: None,
        offer: template.offer.clone(),
        cards: template.cards.iter().filter_map(DraftCard::of).collect(),
    }
}

/// What can be chosen of a template for codes is not told back: it is chosen anew.
fn of_code(template: &Template) -> Draft {
    let label = template.buttons.first().map(|button| button.text().to_owned()).unwrap_or_default();
    Draft {
        name: template.name.clone(),
        language: template.language.clone(),
        category: template.category,
        format: ParameterFormat::Positional,
        header: None,
        body: String::new(),
        footer: None,
        buttons: Vec::new(),
        examples: BTreeMap::new(),
        time_to_live_s: template.time_to_live_s,
        code: Some(CodeTerms { label, security_advice: true, ..CodeTerms::default() }),
        offer: None,
        cards: Vec::new(),
    }
}
