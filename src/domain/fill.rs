//! What a message puts into a template, and the text the person then sees.

use serde::{Deserialize, Serialize};

use super::free::Free;
use super::snapshot::Snapshot;
use super::template::{Button, Header, Template, fill_in};

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
    /// Media by https link; `kind` is the template's header format.
    Link {
        /// Where it is.
        link: String,
    },
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
        Rendered {
            header: self.render_header(fill),
            body: fill_in(&self.body, |name| text_of(&fill.body, name)),
            footer: self.footer.clone(),
            buttons: self.buttons.iter().enumerate().map(|(i, b)| render_button(b, i as i64, fill)).collect(),
        }
    }

    fn render_header(&self, fill: &Fill) -> Option<String> {
        match (self.header.as_ref()?, &fill.header) {
            (Header::Text { text }, Some(HeaderFill::Text(v))) => Some(fill_in(text, |_| Some(v.text.clone()))),
            (Header::Text { text }, _) => Some(text.clone()),
            (Header::Image, _) => Some("[image]".to_owned()),
            (Header::Video, _) => Some("[video]".to_owned()),
            (Header::Document, _) => Some("[document]".to_owned()),
            (Header::Location, _) => Some("[location]".to_owned()),
        }
    }
}

fn text_of(values: &[Value], name: &str) -> Option<String> {
    values.iter().find(|v| v.name == name).map(|v| v.text.clone())
}

fn render_button(button: &Button, index: i64, fill: &Fill) -> RenderedButton {
    let value = fill.buttons.iter().find(|b| b.index == index).map(|b| b.text.clone());
    let target = match button {
        Button::Url { url, .. } => Some(fill_in(url, |_| value.clone())),
        Button::CopyCode { .. } => value,
        // It is the one that the text says.
        Button::OneTimeCode { .. } => fill.body.first().map(|value| value.text.clone()),
        Button::QuickReply { .. } | Button::Other { .. } => None,
    };
    RenderedButton { text: button.text().to_owned(), target }
}
