//! `[template]`, `[template.buttons]` and `[variables]`.

use serde::{Deserialize, Serialize};

use crate::config::toml_file::{Table, Value};

use super::Labelled;
use super::general::labelled;
use crate::domain::template::parts::Takes;
use crate::domain::template::slot::Slot;

mod special;

/// The template and what it takes besides the variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateUse {
    /// Name at the provider.
    pub name: String,
    /// Language at the provider, as `es_AR`; where it comes from a column, what a row gets that names none.
    pub language: String,
    /// The column that names each row's language.
    pub language_column: Option<LanguageColumn>,
    /// Expression of the header's parameter, where the template numbers them; a named one is among the variables.
    pub header_text: Option<String>,
    /// The header's media: an https link, the name of a file in the campaign's folder, or the column that holds a link.
    pub header_link: Option<Labelled>,
    /// What the link is said to be.
    pub header_kind: Option<LinkKind>,
    /// Place among all buttons of the template, from 0, and what the button takes, in the order of the file.
    pub buttons: Vec<(i64, ButtonUse)>,
    /// Places beside texts, links and codes (a place, an offer's end, products, cards), and what fills them: an expression.
    pub slots: Vec<(Slot, String)>,
}

/// A language that comes from a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LanguageColumn {
    /// The column.
    pub column: String,
    /// Whether a row whose language has no approved translation gets the campaign's language, or is left out.
    pub falls_back: bool,
}

/// Media of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A document.
    Document,
    /// A moving picture, which goes by the marketing endpoint alone.
    Gif,
}

/// What a button takes: an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ButtonUse {
    /// The end of its URL.
    Url(String),
    /// The code it copies.
    Code(String),
    /// The product whose picture stands for a catalog or for a list of products.
    Thumbnail(String),
    /// What a flow gives back with what the person fills in; empty: what Recado gives it.
    Token(String),
}

impl ButtonUse {
    /// Its expression.
    pub fn source(&self) -> &str {
        match self {
            Self::Url(source) | Self::Code(source) | Self::Thumbnail(source) | Self::Token(source) => source,
        }
    }

    /// What `button` takes, of that expression.
    pub const fn of(takes: Takes, source: String) -> Self {
        match takes {
            Takes::Url | Takes::Nothing => Self::Url(source),
            Takes::Code => Self::Code(source),
            Takes::Thumbnail | Takes::Products => Self::Thumbnail(source),
            Takes::Flow => Self::Token(source),
        }
    }

    /// Whether a button that takes that takes this.
    pub const fn fits(&self, takes: Takes) -> bool {
        matches!(
            (self, takes),
            (Self::Url(_), Takes::Url)
                | (Self::Code(_), Takes::Code)
                | (Self::Thumbnail(_), Takes::Thumbnail | Takes::Products)
                | (Self::Token(_), Takes::Flow)
        )
    }
}

/// `[template]`.
pub(super) fn read(table: &mut Table<'_, '_>) -> Option<TemplateUse> {
    let name = table.need("name").and_then(|v| template_name(&v));
    let language = table.need("language").and_then(|v| languages(&v));
    let header_text = table.get("header").and_then(|v| v.text()).map(str::to_owned);
    let (header_kind, header_link) = header(table).unzip();
    let (buttons, mut slots) = table.table("buttons", buttons).flatten().unwrap_or_default();
    slots.extend(special::read(table));
    let (language, language_column) = language?;
    Some(TemplateUse { name: name?, language, language_column, header_text, header_link, header_kind, buttons, slots })
}

/// Meta takes lower-case letters, digits and underscores, at most 512.
pub(super) fn template_name(value: &Value<'_, '_>) -> Option<String> {
    let name = value.text()?;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.len() <= 512 && name.bytes().all(fits) {
        return Some(name.to_owned());
    }
    value.refuse("must be lower-case letters, digits and underscores, as templates are named");
    None
}

/// A language, or `{ column = "Idioma", otherwise = "es_AR" }`, perhaps with `missing = "otherwise"`.
fn languages(value: &Value<'_, '_>) -> Option<(String, Option<LanguageColumn>)> {
    if !value.is_table() {
        return Some((language(value)?, None));
    }
    let read = value.table(|t| {
        let column = t.need("column").and_then(|v| v.text()).map(|text| text.trim().to_owned());
        let otherwise = t.need("otherwise").and_then(|v| language(&v));
        let choices = [("leave out", false), ("otherwise", true)];
        let falls_back = t.get("missing").map_or(Some(false), |v| v.choice(&choices));
        Some((otherwise?, Some(LanguageColumn { column: column?, falls_back: falls_back? })))
    });
    read.flatten()
}

fn language(value: &Value<'_, '_>) -> Option<String> {
    let code = value.text()?;
    let mut parts = code.split('_');
    let first = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = parts.all(|p| (2..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if first && rest {
        return Some(code.to_owned());
    }
    let hint = if code.contains('-') { ", with an underscore" } else { "" };
    value.refuse(&format!("must be a template language, as \"es_AR\" or \"pt_BR\"{hint}"));
    None
}

fn header(table: &mut Table<'_, '_>) -> Option<(LinkKind, Labelled)> {
    let kinds = [
        ("image", LinkKind::Image),
        ("video", LinkKind::Video),
        ("document", LinkKind::Document),
        ("gif", LinkKind::Gif),
    ];
    let given: Vec<_> = kinds.into_iter().filter_map(|(key, kind)| Some((kind, table.get(key)?))).collect();
    for (_, extra) in given.iter().skip(1) {
        extra.refuse_key("is too much: a header is an image, a video, a document or a gif");
    }
    let (kind, value) = given.first()?;
    let link = labelled(value);
    if let Labelled::Fixed(link) = &link
        && !is_https(link)
        && !is_file(link)
    {
        value.refuse(NO_MEDIA);
    }
    Some((*kind, link))
}

const NO_MEDIA: &str = "must be an https link, or the name of a file in the campaign's folder, as \"banner.jpg\"";

/// One component, not hidden, with an end that says what it is.
pub(super) fn is_file(name: &str) -> bool {
    let fits = !name.starts_with('.') && name.len() <= 200 && !name.contains(['/', '\\', '\0', ':', '{']);
    fits && name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && !end.is_empty())
}

fn is_https(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| url.scheme() == "https" && url.host().is_some())
}

type Buttons = (Vec<(i64, ButtonUse)>, Vec<(Slot, String)>);

fn buttons(table: &mut Table<'_, '_>) -> Option<Buttons> {
    let (mut all, mut slots, mut is_whole) = (Vec::new(), Vec::new(), true);
    // Every button is looked at before anything is given up.
    for value in table.entries() {
        let index = button_place(&value);
        match (index, value.table(|t| special::button(t, &mut slots)).flatten()) {
            (Some(index), Some(takes)) => all.extend(takes.into_iter().map(|takes| (index, takes))),
            _ => is_whole = false,
        }
    }
    is_whole.then_some((all, slots))
}

/// A button's place; Meta allows ten.
fn button_place(value: &Value<'_, '_>) -> Option<i64> {
    let index = value.key().parse::<i64>().ok().filter(|i| (0..10).contains(i) && value.key().len() == 1);
    if index.is_none() {
        value.refuse_key("must be a button's place, from 0 to 9");
    }
    index
}

/// `[variables]`: numbers or names, never both.
pub(super) fn variables(table: &mut Table<'_, '_>) -> Option<Vec<(String, String)>> {
    let entries = table.entries();
    let mut numbered = None;
    let read = entries.iter().map(|value| {
        let is_number = value.key().bytes().all(|b| b.is_ascii_digit());
        if !is_parameter(value.key()) {
            value.refuse_key(
                "must be a parameter of the template: a number from 1, or lower-case letters, digits and _",
            );
        } else if *numbered.get_or_insert(is_number) != is_number {
            value.refuse_key("does not go with the others: a template's parameters are all numbers or all names");
        }
        Some((value.key().to_owned(), value.text()?.to_owned()))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn is_parameter(key: &str) -> bool {
    let number = key.parse::<u32>().is_ok_and(|n| n > 0) && !key.starts_with('0');
    let name = key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    number || name
}
