//! A value of the file with its key and place. Each reading refuses what it is not, in a plain sentence.

use std::convert::Infallible;

use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::hint::did_you_mean;
use super::{Source, Table};

/// A value being read. A reading that gives `None` has said why.
#[derive(Clone, Debug)]
pub struct Value<'f, 's> {
    source: &'f Source<'s>,
    key: String,
    path: String,
    key_at: usize,
    at: usize,
    raw: &'f DeValue<'s>,
}

impl<'f, 's> Value<'f, 's> {
    pub(super) fn new(
        source: &'f Source<'s>,
        parent: &str,
        name: &Spanned<DeString<'s>>,
        value: &'f Spanned<DeValue<'s>>,
    ) -> Self {
        let key = name.get_ref().to_string();
        let path = if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") };
        Self { source, key, path, key_at: name.span().start, at: value.span().start, raw: value.get_ref() }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where its key stands, for the order of the file.
    pub fn key_position(&self) -> usize {
        self.key_at
    }

    /// Whether it came from the environment instead of the file.
    pub fn is_from_environment(&self) -> bool {
        self.source.variable(self.at).is_some()
    }

    /// Whether it is written as a whole number.
    pub fn is_number(&self) -> bool {
        matches!(self.raw, DeValue::Integer(_))
    }

    /// Refuses the value: `"<key>" <message>`.
    pub fn refuse(&self, message: &str) {
        self.source.refuse(self.at, &format!("\"{}\" {message}", self.key), None);
    }

    /// Refuses the value and says what was perhaps meant.
    pub fn refuse_for<'a>(&self, message: &str, given: &str, known: impl IntoIterator<Item = &'a str>) {
        self.source.refuse(self.at, &format!("\"{}\" {message}", self.key), did_you_mean(given, known));
    }

    /// Refuses the key: `"<key>" <message>`.
    pub fn refuse_key(&self, message: &str) {
        self.source.refuse(self.key_at, &format!("\"{}\" {message}", self.key), None);
    }

    fn refuse_type<T>(&self, wanted: &str) -> Option<T> {
        let found = match self.raw {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.refuse(&format!("must be {wanted}, not {found}"));
        None
    }

    /// Text as written, perhaps empty.
    pub fn raw_text(&self) -> Option<&'f str> {
        match self.raw {
            DeValue::String(text) => Some(text),
            _ => self.refuse_type("text in quotes"),
        }
    }

    /// Text that says something.
    pub fn text(&self) -> Option<&'f str> {
        let text = self.raw_text()?;
        if text.trim().is_empty() {
            self.refuse("is empty");
            return None;
        }
        if text.contains('\0') {
            self.refuse("holds a NUL character");
            return None;
        }
        Some(text)
    }

    /// Text that `read` understands; its error says what is wrong with it.
    pub fn parsed<T, E: std::fmt::Display>(&self, read: impl FnOnce(&'f str) -> Result<T, E>) -> Option<T> {
        match read(self.text()?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(&error.to_string());
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let given = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
            return Some(*value);
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        self.refuse_for(&format!("must be {}, not \"{given}\"", all.join(" or ")), given, words.iter().map(|w| w.0));
        None
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        let read = match self.raw {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()),
            DeValue::String(text) if self.is_from_environment() => text.trim().parse(),
            _ => return self.refuse_type("a whole number"),
        };
        if read.is_err() {
            self.refuse("must be a whole number");
        }
        read.ok()
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.raw {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.refuse_type("true or false"),
        }
    }

    /// A list of texts that `read` understands; from the environment, separated by commas.
    pub fn list<T, E: std::fmt::Display>(&self, read: impl Fn(&str) -> Result<T, E>) -> Option<Vec<T>> {
        let items = match self.raw {
            DeValue::Array(items) => items,
            DeValue::String(text) if self.is_from_environment() => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                let read: Result<_, E> = parts.map(read).collect();
                return read.map_err(|error| self.refuse(&error.to_string())).ok();
            }
            _ => return self.refuse_type("a list of texts"),
        };
        let read: Vec<_> = items.iter().map(|item| self.item(item).parsed(&read)).collect();
        read.into_iter().collect()
    }

    /// A list of tables (`[[name]]`), each read with `build`.
    pub fn tables<T>(&self, mut build: impl FnMut(&mut Table<'f, 's>) -> T) -> Option<Vec<T>> {
        let DeValue::Array(items) = self.raw else {
            return self.refuse_type(&format!("a list of tables, each under [[{}]]", self.key));
        };
        let read: Vec<_> = items.iter().map(|item| self.item(item).table(&mut build)).collect();
        read.into_iter().collect()
    }

    /// A list of texts; from the environment, separated by commas.
    pub fn texts(&self) -> Option<Vec<String>> {
        self.list(|text| Ok::<_, Infallible>(text.to_owned()))
    }

    fn item(&self, item: &'f Spanned<DeValue<'s>>) -> Self {
        Self { at: item.span().start, raw: item.get_ref(), ..self.clone() }
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        self.raw.is_str()
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.raw.is_table()
    }

    /// Reads a table with `build` and refuses the keys it did not ask for.
    pub fn table<T>(&self, build: impl FnOnce(&mut Table<'f, 's>) -> T) -> Option<T> {
        let DeValue::Table(entries) = self.raw else { return self.refuse_type("a table") };
        let mut table = Table::new(self.source, entries, self.path.clone(), self.key_at);
        let contents = build(&mut table);
        table.finish();
        Some(contents)
    }
}
