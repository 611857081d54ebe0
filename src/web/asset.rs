//! The style sheet, the script and the icon, inside the binary; their address changes with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::WebError;

const CSS: &str = include_str!("assets/recado.css");
const JS: &str = include_str!("assets/recado.js");
const COMPOSER: &str = include_str!("assets/composer.js");
const EMOJI: &str = include_str!("assets/emoji.js");
const EMOJI_WORDS: &str = include_str!("assets/emoji.txt");
const INBOX: &str = include_str!("assets/inbox.js");
const UPLOAD: &str = include_str!("assets/upload.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Addresses to put into pages.
pub struct Addresses {
    /// Style sheet.
    pub css: String,
    /// Script.
    pub js: String,
    /// Script of the composer.
    pub composer: String,
    /// Script that finds emoji.
    pub emoji: String,
    /// Emoji and their words.
    pub emoji_words: String,
    /// Script of the inbox.
    pub inbox: String,
    /// What shows how far files have come.
    pub upload: String,
    /// Icon.
    pub icon: String,
}

/// The addresses of this build.
pub static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    css: format!("/assets/{}/recado.css", mark(CSS)),
    js: format!("/assets/{}/recado.js", mark(JS)),
    composer: format!("/assets/{}/composer.js", mark(COMPOSER)),
    emoji: format!("/assets/{}/emoji.js", mark(EMOJI)),
    emoji_words: format!("/assets/{}/emoji.txt", mark(EMOJI_WORDS)),
    inbox: format!("/assets/{}/inbox.js", mark(INBOX)),
    upload: format!("/assets/{}/upload.js", mark(UPLOAD)),
    icon: format!("/assets/{}/icon.svg", mark(ICON)),
});

fn mark(content: &str) -> String {
    hex::encode(&Sha256::digest(content.as_bytes())[..6])
}

/// One of the files. An old mark gets the present file: a page of the previous build may still be open.
pub async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, WebError> {
    let (kind, content) = match name.as_str() {
        "recado.css" => ("text/css; charset=utf-8", CSS),
        "recado.js" => ("text/javascript; charset=utf-8", JS),
        "composer.js" => ("text/javascript; charset=utf-8", COMPOSER),
        "emoji.js" => ("text/javascript; charset=utf-8", EMOJI),
        "emoji.txt" => ("text/plain; charset=utf-8", EMOJI_WORDS),
        "inbox.js" => ("text/javascript; charset=utf-8", INBOX),
        "upload.js" => ("text/javascript; charset=utf-8", UPLOAD),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(WebError::NotFound),
    };
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], content).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_emoji_is_there_once_with_words_in_three_languages() {
        let mut signs = BTreeSet::new();
        for line in EMOJI_WORDS.lines() {
            let parts: Vec<&str> = line.split('|').collect();
            assert!(parts.len() == 4 && parts.iter().all(|part| !part.trim().is_empty()), "{line}");
            assert!(signs.insert(parts[0]), "{line} is there twice");
        }
        assert!(signs.len() > 100);
    }
}
