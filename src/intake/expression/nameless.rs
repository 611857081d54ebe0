//! Greetings of somebody whose name is not known: whether an expression's text has a gap where the name would stand.
//!
//! The expression is evaluated once more with a mark for the name. What still has the mark, and is else the same, has
//! the gap; what the expression says instead of a name (`default`, a condition) has no mark.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};

use super::super::columns::CLIENT_NAME;

/// Stands where the name would: of a private area, so that no text has it.
const MARK: char = '\u{F8FF}';

/// In place of a name that is not known: as false as an empty text.
#[derive(Debug)]
struct Unknown;

impl Object for Unknown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        Self: Sized + 'static,
    {
        write!(f, "{MARK}")
    }
}

/// A row whose person has no name.
#[derive(Debug)]
struct Nameless(Value);

impl Object for Nameless {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if key.as_str() == Some(CLIENT_NAME) {
            return Some(Value::from_object(Unknown));
        }
        self.0.get_item(key).ok().filter(|value| !value.is_undefined())
    }
}

/// The row with the mark for the name; `None` where the name is known.
pub(super) fn marked(row: &Value) -> Option<Value> {
    let name = row.get_item(&Value::from(CLIENT_NAME)).ok();
    let is_known = name.as_ref().and_then(Value::as_str).is_some_and(|name| name.chars().any(char::is_alphanumeric));
    (!is_known).then(|| Value::from_object(Nameless(row.clone())))
}

/// Whether `text` has a gap, by what the marked row gave.
pub(super) fn has_gap(text: &str, marked: &str) -> bool {
    marked.contains(MARK) && marked.replace(MARK, "") == text
}

/// Whether a text of the marked row has nothing in it but the mark.
pub(super) fn is_empty(text: &str) -> bool {
    text.chars().all(|c| c == MARK || c.is_whitespace())
}

/// `change` of `text`; a mark in it is kept, behind.
pub(super) fn keeping(value: &Value, text: &str, change: impl Fn(&str) -> String) -> Value {
    if !text.contains(MARK) {
        return Value::from(change(text));
    }
    if is_empty(text) {
        return value.clone();
    }
    Value::from(change(&text.replace(MARK, "")) + MARK.encode_utf8(&mut [0; 4]))
}
