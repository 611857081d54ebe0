//! Templates: the pre-approved texts, as read from the provider and kept with a run.

use serde::{Deserialize, Serialize};

pub mod code;
pub mod draft;
pub mod edit;
pub mod example;
pub mod language;
pub mod parts;
pub mod rules;
pub mod slot;

/// A template in one language.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Template {
    /// The provider's id.
    pub provider_id: String,
    /// `[a-z0-9_]{1,512}`.
    pub name: String,
    /// The provider's language code, as `es_AR`.
    pub language: String,
    /// What it is billed as.
    pub category: Category,
    /// Whether it can be sent.
    pub status: TemplateStatus,
    /// How its parameters are named.
    pub format: ParameterFormat,
    /// Header, if any.
    pub header: Option<Header>,
    /// Body text with `{{1}}` or `{{name}}`.
    pub body: String,
    /// Footer, if any.
    pub footer: Option<String>,
    /// Buttons in order; their place is their index on the wire.
    pub buttons: Vec<Button>,
    /// Seconds after which an undelivered message is dropped; `None`: the provider's default (30 days).
    pub time_to_live_s: Option<i64>,
    /// What it will be billed as, where the provider has announced a change that has not come yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Category>,
    /// What people think of it, as the provider tells; `None`: it does not, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<TemplateQuality>,
    /// True when its parameters are not known (the sandbox's `--any-template`): fills are then not compared.
    #[serde(default)]
    pub parameters_unknown: bool,
    /// The values that the provider approved it with: by parameter of the body, of the header as [`header_example`] says, of
    /// an address or a code as `button.0`, and of cards by the names of [`slot::Slot`]; empty where it does not tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<(String, String)>,
    /// What it offers above its text, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<parts::Offer>,
    /// The cards of a carousel, in order; empty: it is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<parts::Card>,
}

/// Category a template is billed as.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Category {
    /// Marketing.
    Marketing,
    /// Utility.
    Utility,
    /// Authentication.
    Authentication,
    /// Free-form messages within the window.
    Service,
}

impl Category {
    /// The category a template can have, of that word.
    pub fn of_template(word: &str) -> Option<Self> {
        [Self::Marketing, Self::Utility, Self::Authentication].into_iter().find(|c| c.as_str() == word)
    }

    /// The word in database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::Service => "service",
        }
    }
}

/// Status of a template at the provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateStatus {
    /// Can be sent.
    Approved,
    /// In review.
    Pending,
    /// Refused.
    Rejected,
    /// Paused for quality.
    Paused,
    /// Disabled for good.
    Disabled,
    /// Any other word of the provider (archived, pending deletion, …): cannot be sent.
    Other(String),
}

impl TemplateStatus {
    /// Words of the provider that say why a template cannot be sent, beside those that are statuses here (cloud-api.md 3.7,
    /// 4.4).
    const UNSENDABLE: [&str; 7] =
        ["deleted", "archived", "pending_deletion", "in_appeal", "limit_exceeded", "locked", "suspended"];

    /// The provider's word, where nobody here knows what it means.
    pub fn unknown(&self) -> Option<&str> {
        let Self::Other(word) = self else { return None };
        (!Self::UNSENDABLE.contains(&word.as_str()) && !word.starts_with(edit::BEYOND)).then_some(word)
    }

    /// Whether it is no word of the provider's that keeps it from being sent: nobody knows what it means, or it is ours.
    pub fn is_of_ours(&self) -> bool {
        matches!(self, Self::Other(word) if !Self::UNSENDABLE.contains(&word.as_str()))
    }

    /// The word in lists, filters and locales; another word of the provider is itself.
    pub fn word(&self) -> &str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Other(word) => word,
        }
    }
}

/// What people's reports and blocks say of a template (cloud-api.md 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateQuality {
    /// Good.
    Green,
    /// Getting worse.
    Yellow,
    /// Low: the provider pauses it next.
    Red,
}

impl TemplateQuality {
    /// Of that word; `None`: nobody knows.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Green, Self::Yellow, Self::Red].into_iter().find(|q| q.as_str().eq_ignore_ascii_case(word))
    }

    /// The word in database and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// How parameters are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterFormat {
    /// `{{1}}`, `{{2}}`.
    Positional,
    /// `{{first_name}}`.
    Named,
}

/// Header of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Header {
    /// Text, with at most one parameter.
    Text {
        /// The text.
        text: String,
    },
    /// A picture per send.
    Image,
    /// A video per send.
    Video,
    /// A document per send.
    Document,
    /// A place per send.
    Location,
    /// A moving picture per send, which goes by the marketing endpoint alone.
    Gif,
    /// A product of a catalog per send.
    Product,
}

/// A button of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Button {
    /// Comes back as a reply.
    QuickReply {
        /// Label.
        text: String,
    },
    /// Opens a page; the URL may end in one parameter.
    Url {
        /// Label.
        text: String,
        /// URL, perhaps ending in `{{1}}`.
        url: String,
    },
    /// Copies a code.
    CopyCode {
        /// Label (the provider's own when it gives none).
        text: String,
    },
    /// Takes a one-time code from the text of its message: to copy it, or to fill it in (authentication templates).
    OneTimeCode {
        /// Label.
        text: String,
    },
    /// Opens the catalog.
    Catalog {
        /// Label.
        text: String,
    },
    /// Shows products of the catalog, chosen per send.
    Products {
        /// Label.
        text: String,
    },
    /// Opens a flow.
    Flow {
        /// Label.
        text: String,
    },
    /// Calls a number, or another kind that takes no parameter.
    Other {
        /// Label.
        text: String,
    },
}

impl Button {
    /// The label. What copies a code or opens a catalog has a label that nobody chooses: where none is told, Meta's own.
    pub fn text(&self) -> &str {
        match self {
            Self::CopyCode { text } if text.is_empty() => "Copy offer code",
            Self::Catalog { text } if text.is_empty() => "View catalog",
            Self::Products { text } if text.is_empty() => "View items",
            Self::QuickReply { text }
            | Self::Url { text, .. }
            | Self::CopyCode { text }
            | Self::OneTimeCode { text }
            | Self::Catalog { text }
            | Self::Products { text }
            | Self::Flow { text }
            | Self::Other { text } => text,
        }
    }
}

impl TemplateStatus {
    /// The word in API and sentences; the provider's own for one that has none here.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Other(word) => word,
        }
    }
}

impl Template {
    /// Names of the body's parameters in order of first appearance: `["1", "2"]` or `["first_name"]`.
    pub fn body_parameters(&self) -> Vec<String> {
        parameters(&self.body)
    }

    /// Whether its buttons take the one-time code that its text says.
    pub fn gives_a_code(&self) -> bool {
        self.category == Category::Authentication
    }

    /// Names of a text header's parameters (at most one at Meta).
    pub fn header_parameters(&self) -> Vec<String> {
        match &self.header {
            Some(Header::Text { text }) => parameters(text),
            _ => Vec::new(),
        }
    }
}

/// Under which name [`Template::examples`] has the example of a header's parameter: the body may have one of that name.
pub fn header_example(name: &str) -> String {
    format!("header.{name}")
}

/// Names between `{{` and `}}` of `text`, each once, in order.
pub fn parameters(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        let Some((name, _)) = piece.split_once("}}") else { continue };
        let name = name.trim();
        if !name.is_empty() && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// `text` with each `{{name}}` replaced by its value; names without a value stay as they are.
pub fn fill_in(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let Some(close) = rest[open..].find("}}") else { break };
        let name = rest[open + 2..open + close].trim();
        out.push_str(&rest[..open]);
        match value(name) {
            Some(v) => out.push_str(&v),
            None => out.push_str(&rest[open..open + close + 2]),
        }
        rest = &rest[open + close + 2..];
    }
    out.push_str(rest);
    out
}
