//! What a hold stops, named in words that fit into a sentence.

use crate::locale::{Language, say};
use crate::store::hold::HoldScope;

/// `sender front`, `template “reminder” (es_AR) of account meta`; `key` is the hold's.
pub fn named(language: Language, scope: HoldScope, key: &str) -> String {
    let mut parts = key.splitn(3, '/');
    let (first, second, third) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let args = match scope {
        // The key says why, and the reason says that in whole sentences.
        HoldScope::Store => Vec::new(),
        HoldScope::Account | HoldScope::Sender | HoldScope::Run => vec![("name", key)],
        HoldScope::Template => vec![("account", first), ("name", second), ("language", third)],
        HoldScope::Country => vec![("account", first), ("name", second)],
    };
    say(language, &format!("hold.named.{}", scope.as_str()), &args)
}

/// The same, as it begins a sentence or stands alone.
pub fn titled(language: Language, scope: HoldScope, key: &str) -> String {
    let words = named(language, scope, key);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
