//! `[template]`, `[template.buttons]` and `[variables]`.

use serde::{Deserialize, Serialize};

use crate::config::toml_file::{Table, Value};

use super::Labelled;
use super::general::labelled;

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
}

/// What a button takes: an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ButtonUse {
    /// The end of its URL.
    Url(String),
    /// The code it copies.
    Code(String),
}

/// `[template]`.
pub(super) fn read(table: &mut Table<'_, '_>) -> Option<TemplateUse> {
    let name = table.need("name").and_then(|v| template_name(&v));
    let language = table.need("language").and_then(|v| languages(&v));
    let header_text = table.get("header").and_then(|v| v.text()).map(str::to_owned);
    let (header_kind, header_link) = header(table).unzip();
    let buttons = table.table("buttons", buttons).flatten().unwrap_or_default();
    let (language, language_column) = language?;
    Some(TemplateUse { name: name?, language, language_column, header_text, header_link, header_kind, buttons })
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
    let kinds = [("image", LinkKind::Image), ("video", LinkKind::Video), ("document", LinkKind::Document)];
    let given: Vec<_> = kinds.into_iter().filter_map(|(key, kind)| Some((kind, table.get(key)?))).collect();
    for (_, extra) in given.iter().skip(1) {
        extra.refuse_key("is too much: a header is an image, a video or a document");
    }
    let (kind, value) = given.first()?;
    let link = labelled(value);
    if let Labelled::Fixed(link) = &link
        && !is_https(link)
        && !is_file(link)
    {
        value.refuse("must be an https link, or the name of a file in the campaign's folder, as \"banner.jpg\"");
    }
    Some((*kind, link))
}

/// One component, not hidden, with an end that says what it is.
fn is_file(name: &str) -> bool {
    let fits = !name.starts_with('.') && name.len() <= 200 && !name.contains(['/', '\\', '\0', ':']);
    fits && name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && !end.is_empty())
}

fn is_https(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| url.scheme() == "https" && url.host().is_some())
}

fn buttons(table: &mut Table<'_, '_>) -> Option<Vec<(i64, ButtonUse)>> {
    let buttons = table.entries().into_iter().map(|value| {
        // Meta allows ten buttons.
        let index = value.key().parse::<i64>().ok().filter(|i| (0..10).contains(i) && value.key().len() == 1);
        if index.is_none() {
            value.refuse_key("must be a button's place, from 0 to 9");
        }
        let takes = value.table(button).flatten();
        Some((index?, takes?))
    });
    // Collected before anything is given up, so that every button is looked at.
    buttons.collect::<Vec<_>>().into_iter().collect()
}

fn button(table: &mut Table<'_, '_>) -> Option<ButtonUse> {
    let url = table.get("url");
    let code = table.get("code");
    match (url, code) {
        (Some(url), None) => url.text().map(|t| ButtonUse::Url(t.to_owned())),
        (None, Some(code)) => code.text().map(|t| ButtonUse::Code(t.to_owned())),
        (Some(_), Some(_)) => {
            table.refuse("a button takes a url or a code, not both");
            None
        }
        (None, None) => {
            table.refuse("a button takes { url = \"…\" } or { code = \"…\" }");
            None
        }
    }
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
