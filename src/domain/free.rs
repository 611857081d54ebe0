//! What may be written freely while a person's window is open, with WhatsApp's limits (cloud-api.md 2) and what each
//! provider cannot pass on (gupshup-zenvia.md 1.3, 2.2).

mod emoji;
mod limits;

use serde::{Deserialize, Serialize};

use super::degrees;
use super::event::MediaKind;
use super::fill::{Rendered, RenderedButton};
use super::id::MediaId;

pub use limits::{Fits, fits, problems};

/// A message that needs no template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Free {
    /// Text of at most 4,096 characters.
    Text {
        /// The text.
        body: String,
    },
    /// A picture, a sound, a film, a document, a sticker.
    Attachment(Attached),
    /// A place on the map.
    Location(Place),
    /// Cards of an address book.
    Contacts {
        /// At least one.
        contacts: Vec<Contact>,
    },
    /// Text with one to three buttons that come back as a reply.
    Buttons {
        /// Line above, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        /// At most 1,024 characters.
        body: String,
        /// Line below, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// In order.
        buttons: Vec<ReplyButton>,
    },
    /// Text with a list to choose from.
    List {
        /// Line above, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        /// At most 4,096 characters.
        body: String,
        /// Line below, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// Label of what opens the list, at most 20 characters.
        button: String,
        /// One to ten, with ten rows in all.
        sections: Vec<Section>,
    },
    /// Text with one button that opens a page.
    Link {
        /// Line above, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        /// At most 1,024 characters.
        body: String,
        /// Line below, at most 60 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// Label, at most 20 characters.
        label: String,
        /// Where it leads.
        url: String,
    },
    /// One emoji on the message that is quoted; without one, ours is taken back.
    Reaction {
        /// The emoji.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
    },
}

/// An attachment to send.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// Which: uploaded to this conversation before.
    pub media: MediaId,
    /// Words with it, at most 1,024 characters; sounds and stickers take none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// What it is; Recado fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MediaKind>,
    /// Its name; Recado fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// A place on the map.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees, as `-34.60`; a number is taken too.
    #[serde(deserialize_with = "degrees::text")]
    pub latitude: String,
    /// Degrees, as `-58.38`; a number is taken too.
    #[serde(deserialize_with = "degrees::text")]
    pub longitude: String,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A card of an address book.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Whole name.
    pub name: String,
    /// Numbers, at least one.
    pub phones: Vec<String>,
    /// Mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
}

/// A button that comes back as a reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyButton {
    /// Comes back with the reply; at most 256 characters, each once.
    pub id: String,
    /// Label, at most 20 characters, each once.
    pub title: String,
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// At most 24 characters; needed where there are several.
    #[serde(default)]
    pub title: String,
    /// At least one.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListRow {
    /// Comes back with the reply; at most 200 characters, each once.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Whether nobody would see anything of `text`: blanks and signs without a shape alone. WhatsApp refuses such bodies.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    })
}

impl Free {
    /// Plain text.
    pub fn text(body: &str) -> Self {
        Self::Text { body: body.to_owned() }
    }

    /// The word of its kind, as in the API.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Attachment(_) => "attachment",
            Self::Location(_) => "location",
            Self::Contacts { .. } => "contacts",
            Self::Buttons { .. } => "buttons",
            Self::List { .. } => "list",
            Self::Link { .. } => "link",
            Self::Reaction { .. } => "reaction",
        }
    }

    /// The attachment it carries.
    pub const fn attached(&self) -> Option<&Attached> {
        match self {
            Self::Attachment(attached) => Some(attached),
            _ => None,
        }
    }

    /// What the person sees; of what is no text, its kind in brackets and the words with it.
    pub fn rendered(&self) -> Rendered {
        let button = |text: &str, target: Option<&str>| RenderedButton {
            text: text.to_owned(),
            target: target.map(str::to_owned),
        };
        match self {
            Self::Text { body } => Rendered { body: body.clone(), ..Rendered::default() },
            Self::Attachment(attached) => Rendered {
                header: Some(format!("[{}]", attached.kind.map_or("document", MediaKind::as_str))),
                body: attached.caption.clone().or_else(|| attached.filename.clone()).unwrap_or_default(),
                ..Rendered::default()
            },
            Self::Location(place) => {
                let words = [place.name.as_deref(), place.address.as_deref()];
                let words: Vec<&str> = words.into_iter().flatten().collect();
                let body = format!("{} ({}, {})", words.join(", "), place.latitude, place.longitude);
                Rendered { header: Some("[location]".to_owned()), body: body.trim().to_owned(), ..Rendered::default() }
            }
            Self::Contacts { contacts } => {
                let lines: Vec<String> =
                    contacts.iter().map(|c| format!("{} {}", c.name, c.phones.join(" "))).collect();
                Rendered { header: Some("[contacts]".to_owned()), body: lines.join("\n"), ..Rendered::default() }
            }
            Self::Buttons { header, body, footer, buttons } => Rendered {
                header: header.clone(),
                body: body.clone(),
                footer: footer.clone(),
                buttons: buttons.iter().map(|b| button(&b.title, None)).collect(),
                ..Rendered::default()
            },
            Self::List { header, body, footer, sections, .. } => Rendered {
                header: header.clone(),
                body: body.clone(),
                footer: footer.clone(),
                buttons: sections.iter().flat_map(|s| &s.rows).map(|row| button(&row.title, None)).collect(),
                ..Rendered::default()
            },
            Self::Link { header, body, footer, label, url } => Rendered {
                header: header.clone(),
                body: body.clone(),
                footer: footer.clone(),
                buttons: vec![button(label, Some(url))],
                ..Rendered::default()
            },
            Self::Reaction { emoji } => Rendered { body: emoji.clone().unwrap_or_default(), ..Rendered::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_signs_without_a_shape_are_no_text() {
        for blank in
            ["", " \t\n", "\u{a0}", "\u{200b}\u{a0}", "\u{2800}", "\u{3164}", "\u{feff}\u{2060}\u{200d}", "\u{fe0f}"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in [".", "\u{200b}a", "👍", "❤\u{fe0f}", "0", "ñ"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
