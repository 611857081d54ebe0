//! A campaign file as somebody edits it on a page: values are read and set by their place, comments and order stay.
//! Whether what it says holds together is for [`super::campaign_file`] to say.

use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

/// The text of a campaign file, open for changes.
#[derive(Clone, Debug)]
pub struct Definition(DocumentMut);

impl Definition {
    /// Opens a text; `None` when it is no TOML.
    pub fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// An empty one.
    pub fn new() -> Self {
        Self(DocumentMut::new())
    }

    fn item(&self, path: &[&str]) -> Option<&Item> {
        let (last, sections) = path.split_last()?;
        let mut table: &dyn TableLike = self.0.as_table();
        for section in sections {
            table = table.get(section)?.as_table_like()?;
        }
        table.get(last)
    }

    /// The text at `path`; empty where there is none, or something else than a text.
    pub fn text(&self, path: &[&str]) -> String {
        self.item(path).and_then(Item::as_str).unwrap_or_default().to_owned()
    }

    /// The texts of the list at `path`.
    pub fn texts(&self, path: &[&str]) -> Vec<String> {
        let list = self.item(path).and_then(Item::as_array);
        list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The whole number at `path`.
    pub fn whole(&self, path: &[&str]) -> Option<i64> {
        self.item(path).and_then(Item::as_integer)
    }

    /// `X` of `{ column = "X" }` at `path`.
    pub fn column(&self, path: &[&str]) -> String {
        let inner = self.item(path).and_then(Item::as_table_like).and_then(|table| table.get("column"));
        inner.and_then(Item::as_str).unwrap_or_default().to_owned()
    }

    /// Whether `path` says `true`.
    pub fn flag(&self, path: &[&str]) -> bool {
        self.item(path).and_then(Item::as_bool).unwrap_or_default()
    }

    /// Whether something stands at `path`.
    pub fn has(&self, path: &[&str]) -> bool {
        self.item(path).is_some_and(|item| !item.is_none())
    }

    /// The keys of the section at `path`, in the order of the file.
    pub fn keys(&self, path: &[&str]) -> Vec<String> {
        let table = self.item(path).and_then(Item::as_table_like);
        table.map(|table| table.iter().map(|(key, _)| key.to_owned()).collect()).unwrap_or_default()
    }

    /// Sets a text; an empty one takes the key away.
    pub fn set(&mut self, path: &[&str], text: &str) {
        if text.is_empty() {
            self.remove(path);
        } else if self.text(path) != text {
            self.put(path, Value::from(text));
        }
    }

    /// Sets a whole number; none takes the key away.
    pub fn set_whole(&mut self, path: &[&str], number: Option<i64>) {
        match number {
            None => self.remove(path),
            Some(number) if self.whole(path) != Some(number) => self.put(path, Value::from(number)),
            Some(_) => {}
        }
    }

    /// Sets `{ column = "X" }`; an empty name takes the key away.
    pub fn set_column(&mut self, path: &[&str], column: &str) {
        if column.is_empty() {
            self.remove(path);
        } else if self.column(path) != column {
            self.put_entry(path, "column", column);
        }
    }

    /// Sets `{ key = "text" }`, as a template's button takes it; an empty text takes it away.
    pub fn set_entry(&mut self, path: &[&str], key: &str, text: &str) {
        let inner: Vec<&str> = path.iter().copied().chain([key]).collect();
        if text.is_empty() {
            self.remove(path);
        } else if self.text(&inner) != text {
            self.put_entry(path, key, text);
        }
    }

    /// Sets a flag; `false` takes it away.
    pub fn set_flag(&mut self, path: &[&str], flag: bool) {
        if !flag {
            self.remove(path);
        } else if !self.flag(path) {
            self.put(path, Value::from(true));
        }
    }

    /// Takes away what stands at `path`, and sections that are empty then.
    pub fn remove(&mut self, path: &[&str]) {
        let Some((last, sections)) = path.split_last() else { return };
        let Some(table) = self.section(sections) else { return };
        table.remove(last);
        if table.is_empty() && !sections.is_empty() {
            self.remove(sections);
        }
    }

    fn put_entry(&mut self, path: &[&str], key: &str, text: &str) {
        let mut table = InlineTable::new();
        table.insert(key, Value::from(text));
        self.put(path, Value::InlineTable(table));
    }

    /// Puts a value in the place of another, whose comment stays with it.
    fn put(&mut self, path: &[&str], mut value: Value) {
        let Some((last, sections)) = path.split_last() else { return };
        let mut table: &mut dyn TableLike = self.0.as_table_mut();
        for section in sections {
            let inner = table.entry(section).or_insert_with(|| Item::Table(toml_edit::Table::new()));
            if !inner.is_table_like() {
                *inner = Item::Table(toml_edit::Table::new());
            }
            let Some(next) = inner.as_table_like_mut() else { return };
            table = next;
        }
        if let Some(old) = table.get(last).and_then(Item::as_value) {
            *value.decor_mut() = old.decor().clone();
        }
        match table.get_mut(last) {
            Some(item) => *item = Item::Value(value),
            None => drop(table.insert(last, Item::Value(value))),
        }
    }

    fn section(&mut self, path: &[&str]) -> Option<&mut dyn TableLike> {
        let mut table: &mut dyn TableLike = self.0.as_table_mut();
        for section in path {
            table = table.get_mut(section)?.as_table_like_mut()?;
        }
        Some(table)
    }
}

impl Default for Definition {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Definition;

    const FILE: &str = r#"# Recordatorio
kind  = "reminder"
title = "Turnos"             # así lo ven todos
cost_centre = { column = "Unidad" }

[columns]
id = "ID turno"              # dos turnos de un teléfono son dos mensajes

[replies.buttons]
"Confirmo" = { outcome = "confirmed", close = true }
"#;

    #[test]
    fn what_is_set_to_what_it_is_changes_nothing() {
        let mut file = Definition::read(FILE).unwrap();
        file.set(&["kind"], "reminder");
        file.set_column(&["cost_centre"], "Unidad");
        file.set(&["columns", "id"], "ID turno");
        file.set_flag(&["replies", "buttons", "Confirmo", "close"], true);
        file.remove(&["schedule", "hours", "sat"]);
        assert_eq!(file.to_string(), FILE);
    }

    #[test]
    fn comments_and_order_stay_where_values_change() {
        let mut file = Definition::read(FILE).unwrap();
        file.set(&["title"], "Otros \"turnos\"");
        file.set(&["cost_centre"], "norte");
        file.set(&["columns", "id"], "Turno");
        let text = file.to_string();
        assert!(text.contains("'Otros \"turnos\"'             # así lo ven todos"), "{text}");
        assert!(text.contains("cost_centre = \"norte\""), "{text}");
        assert!(text.contains("id = \"Turno\"              # dos turnos"), "{text}");
        assert!(text.starts_with("# Recordatorio\n"), "{text}");
    }

    #[test]
    fn sections_come_and_go_with_what_stands_in_them() {
        let mut file = Definition::read(FILE).unwrap();
        file.set(&["schedule", "hours", "mon-fri"], "09:00-20:00");
        file.set(&["replies", "buttons", "Cancelar", "outcome"], "cancelled");
        let text = file.to_string();
        assert!(text.contains("[schedule.hours]\nmon-fri = \"09:00-20:00\""), "{text}");
        let read = Definition::read(&text).unwrap();
        assert_eq!(read.text(&["replies", "buttons", "Cancelar", "outcome"]), "cancelled");
        assert_eq!(read.keys(&["replies", "buttons"]), ["Confirmo", "Cancelar"]);
        file.remove(&["schedule", "hours", "mon-fri"]);
        file.remove(&["columns", "id"]);
        let text = file.to_string();
        assert!(!text.contains("schedule") && !text.contains("[columns]"), "{text}");
    }
}
