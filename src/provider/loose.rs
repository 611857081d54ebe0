//! Reads of loosely typed JSON: ids and times come as strings or numbers, fields come and go.

use serde_json::Value;

use crate::domain::time::UnixMs;

/// Above this a time is in milliseconds: as seconds it would lie in the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A text or number as text. NUL is left out: PostgreSQL cannot hold it.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) if text.contains('\0') => Some(text.replace('\0', "")),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The same, where an empty text says nothing.
pub(super) fn some_text(object: &Value, key: &str) -> Option<String> {
    text(object, key).filter(|t| !t.trim().is_empty())
}

/// A whole number, written as number or text.
pub(super) fn integer(object: &Value, key: &str) -> Option<i64> {
    match object.get(key)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().filter(|f| f.abs() < 9e15).map(|f| f as i64))
        }
        _ => None,
    }
}

/// A number, written as number or text.
pub(super) fn float(object: &Value, key: &str) -> Option<f64> {
    match object.get(key)? {
        Value::String(text) => text.trim().parse().ok().filter(|f: &f64| f.is_finite()),
        value => value.as_f64(),
    }
}

/// The items of a list; a single object counts as a list of one, anything else as none.
pub(super) fn items<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    match object.get(key) {
        Some(Value::Array(items)) => items,
        Some(item @ Value::Object(_)) => std::slice::from_ref(item),
        _ => &[],
    }
}

/// A time in seconds, or milliseconds as seen in the wild; text, or a number in `user_preferences`.
pub(super) fn instant(object: &Value, key: &str) -> Option<UnixMs> {
    let time = integer(object, key).filter(|t| *t > 0)?;
    Some(UnixMs(if time > MILLISECONDS_FROM { time } else { time * 1_000 }))
}
