//! A table of the file, asked key by key.

use toml::de::DeTable;

use super::{Source, Unknown, Value, inside};

/// A table being read. Each key is asked for by name; whoever hands a table out
/// refuses the rest afterwards.
#[derive(Debug)]
pub struct Table<'f, 's> {
    source: &'f Source<'s>,
    entries: &'f DeTable<'s>,
    path: String,
    at: usize,
    known: Vec<&'static str>,
    not_yet: Vec<&'static str>,
    any_key: bool,
}

impl<'f, 's> Table<'f, 's> {
    pub(super) fn root(source: &'f Source<'s>, entries: &'f DeTable<'s>) -> Self {
        Self::new(source, entries, String::new(), 0)
    }

    pub(super) fn new(source: &'f Source<'s>, entries: &'f DeTable<'s>, path: String, at: usize) -> Self {
        Self { source, entries, path, at, known: Vec::new(), not_yet: Vec::new(), any_key: false }
    }

    /// The value of an optional key.
    pub fn get(&mut self, key: &'static str) -> Option<Value<'f, 's>> {
        self.known.push(key);
        self.source.known.borrow_mut().insert((self.path.clone(), key));
        let (name, value) = self.entries.get_key_value(key)?;
        Some(Value::new(self.source, &self.path, name, value))
    }

    /// The value of a key that must be there.
    pub fn need(&mut self, key: &'static str) -> Option<Value<'f, 's>> {
        let value = self.get(key);
        if value.is_none() {
            self.refuse_missing(key);
        }
        value
    }

    /// Reads an optional sub-table with `build`.
    pub fn table<T>(&mut self, key: &'static str, build: impl FnOnce(&mut Table<'f, 's>) -> T) -> Option<T> {
        self.get(key)?.table(build)
    }

    /// Reads a sub-table that must be there.
    pub fn need_table<T>(&mut self, key: &'static str, build: impl FnOnce(&mut Table<'f, 's>) -> T) -> Option<T> {
        let contents = self.get(key);
        if contents.is_none() {
            self.refuse(&format!("the section [{}{key}] is missing", self.prefix()));
        }
        contents?.table(build)
    }

    /// The keys of the sub-table `key`, without reading it; none when there is no such table.
    pub fn names(&self, key: &str) -> Vec<String> {
        let inner = self.entries.get(key).and_then(|value| value.get_ref().as_table());
        inner.map(|t| t.keys().map(|k| k.get_ref().to_string()).collect()).unwrap_or_default()
    }

    /// Line and column of each value in the sub-table at `path`, as `template.buttons`, by its key, without reading it.
    pub fn places(&self, path: &str) -> Vec<(String, (usize, usize))> {
        let mut inner = Some(self.entries);
        for key in path.split('.') {
            inner = inner.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_table());
        }
        let place = |at| {
            let (_, line, column) = self.source.place(at);
            (line, column)
        };
        let named = |entries: &DeTable<'s>| {
            entries.iter().map(|(key, value)| (key.get_ref().to_string(), place(value.span().start))).collect()
        };
        inner.map(named).unwrap_or_default()
    }

    /// Every entry in the order of the file, for tables whose keys the writer chooses.
    pub fn entries(&mut self) -> Vec<Value<'f, 's>> {
        self.any_key = true;
        let mut all: Vec<_> =
            self.entries.iter().map(|(name, value)| Value::new(self.source, &self.path, name, value)).collect();
        all.sort_by_key(Value::key_position);
        all
    }

    /// Refuses keys that are planned but do not work yet.
    pub fn not_yet(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.not_yet.push(key);
            if let Some((name, value)) = self.entries.get_key_value(*key) {
                Value::new(self.source, &self.path, name, value).refuse_key("is not available yet");
            }
        }
    }

    /// Refuses the table itself, for what only several keys together make wrong.
    pub fn refuse(&self, message: &str) {
        self.source.refuse(self.at, message, None);
    }

    /// Refuses the absence of `key`.
    pub fn refuse_missing(&self, key: &str) {
        self.refuse(&format!("\"{key}\" is missing{}", inside(&self.path)));
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(&self) {
        if self.any_key {
            return;
        }
        for (name, _) in self.entries {
            let key = name.get_ref().as_ref();
            if !self.known.contains(&key) && !self.not_yet.contains(&key) {
                let unknown = Unknown { at: name.span().start, section: self.path.clone(), key: key.to_owned() };
                self.source.unknown.borrow_mut().push(unknown);
            }
        }
    }

    fn prefix(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}.", self.path) }
    }
}
