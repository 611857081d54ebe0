//! A reply in one line, for lists and for whoever cannot show it otherwise.

use crate::domain::event::{MediaKind, ReplyContent};
use crate::locale::{Language, say};

/// The line: the words, or what it is in brackets.
pub fn line(language: Language, content: &ReplyContent) -> String {
    match content {
        ReplyContent::Text { body } => body.clone(),
        ReplyContent::Button { text, .. } => text.clone(),
        ReplyContent::Choice { title, .. } => title.clone(),
        ReplyContent::Media(media) => {
            let what = say(language, media_key(media.kind), &[]);
            match media.caption.as_ref().or(media.filename.as_ref()).filter(|text| !text.is_empty()) {
                Some(text) => format!("{what}: {text}"),
                None => what,
            }
        }
        ReplyContent::Location { label, .. } => {
            let what = say(language, "inbox.location", &[]);
            label.as_ref().map_or_else(|| what.clone(), |label| format!("{what}: {label}"))
        }
        ReplyContent::Reaction { emoji: Some(emoji), .. } => say(language, "inbox.reaction", &[("emoji", emoji)]),
        ReplyContent::Reaction { emoji: None, .. } => say(language, "inbox.reaction_taken_back", &[]),
        ReplyContent::Other { what, summary } => {
            let name = say(language, other_key(what), &[]);
            summary.as_ref().map_or_else(|| name.clone(), |summary| format!("{name}: {summary}"))
        }
    }
}

/// The locales' key of a kind of media.
pub const fn media_key(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "inbox.image",
        MediaKind::Audio => "inbox.audio",
        MediaKind::Voice => "inbox.voice",
        MediaKind::Video => "inbox.video",
        MediaKind::Document => "inbox.document",
        MediaKind::Sticker => "inbox.sticker",
    }
}

/// The locales' key of what has no form of its own, by the provider's word for it.
pub fn other_key(what: &str) -> &'static str {
    match what {
        "contacts" => "inbox.contacts",
        "order" => "inbox.order",
        "edit" => "inbox.edited",
        "revoke" => "inbox.deleted",
        "call" => "inbox.call",
        ReplyContent::NOT_DELIVERED => "inbox.not_delivered",
        ReplyContent::IN_DOUBT => "inbox.in_doubt",
        _ => "inbox.unsupported",
    }
}
