//! `application/x-www-form-urlencoded`.

use serde_json::Value;
use url::form_urlencoded;

/// Fields by name; of one that comes twice the first.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// Of fields that come as such.
    pub fn of<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The field, or an empty text.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The field as JSON; `Null` where it is none.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.get(name)).unwrap_or_default()
    }
}
