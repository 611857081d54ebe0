//! The content of every type of message (gupshup-zenvia.md 2.5).

use serde_json::Value;

use crate::domain::callback::ButtonPayload;
use crate::domain::event::{Media, MediaKind, ReplyContent};
use crate::provider::loose;

/// Longest line made of a shared contact, an order or a form.
const LONGEST_SUMMARY: usize = 1_024;

/// Content of a reply. What lacks its essential part is shown as a type that is not known.
pub(super) fn of(content: &Value) -> ReplyContent {
    let kind = loose::some_text(content, "type").unwrap_or_else(|| "unknown".to_owned());
    let known = match kind.to_ascii_lowercase().as_str() {
        "text" => text(content),
        "file" => file(content),
        "location" => location(content),
        _ => None,
    };
    known.unwrap_or_else(|| ReplyContent::Other { what: name(&kind), summary: summary(&kind, content) })
}

/// Buttons, list rows and plain text all come as text; a payload says that something was tapped.
fn text(content: &Value) -> Option<ReplyContent> {
    let body = loose::text(content, "text");
    match loose::some_text(content, "payload") {
        Some(payload) => {
            let text = body.filter(|t| !t.trim().is_empty()).unwrap_or_else(|| payload.clone());
            Some(ReplyContent::Button { text, payload: ButtonPayload::parse(&payload) })
        }
        None => body.map(|body| ReplyContent::Text { body }),
    }
}

/// A file, by its address; one that Zenvia did not take has none, and is told with the reason.
fn file(content: &Value) -> Option<ReplyContent> {
    let mime_type = loose::some_text(content, "fileMimeType");
    Some(ReplyContent::Media(Media {
        kind: media_kind(mime_type.as_deref().unwrap_or_default()),
        id: loose::some_text(content, "fileUrl")?,
        mime_type,
        filename: loose::some_text(content, "fileName"),
        caption: loose::some_text(content, "fileCaption"),
    }))
}

/// Voice notes are Ogg with Opus; nothing else is.
fn media_kind(mime: &str) -> MediaKind {
    let mime = mime.to_ascii_lowercase();
    match mime.split('/').next().unwrap_or_default() {
        "image" if mime.starts_with("image/webp") => MediaKind::Sticker,
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" if mime.contains("ogg") || mime.contains("opus") => MediaKind::Voice,
        "audio" => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

fn location(content: &Value) -> Option<ReplyContent> {
    let label = loose::some_text(content, "name").or_else(|| loose::some_text(content, "address"));
    Some(ReplyContent::Location {
        latitude: loose::float(content, "latitude")?,
        longitude: loose::float(content, "longitude")?,
        label: label.or_else(|| loose::some_text(content, "url")),
    })
}

/// A type's name as shown and counted: the provider's word, kept short.
fn name(kind: &str) -> String {
    let kind = if kind.eq_ignore_ascii_case("product_list_order") { "order" } else { kind };
    kind.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// A line to show of a type without a form of its own.
fn summary(kind: &str, content: &Value) -> Option<String> {
    let line = match kind {
        "contacts" => join(loose::items(content, "contacts").iter().map(|c| Some(contact(c))), ", "),
        "flow_response" => loose::some_text(content, "body").unwrap_or_default(),
        "file" => join([loose::some_text(content, "fileName"), loose::some_text(content, "reason")].into_iter(), ": "),
        _ => loose::some_text(content, "text").unwrap_or_default(),
    };
    let line: String = line.chars().take(LONGEST_SUMMARY).collect();
    (!line.is_empty()).then_some(line)
}

fn join(pieces: impl Iterator<Item = Option<String>>, with: &str) -> String {
    let pieces: Vec<String> = pieces.flatten().filter(|p| !p.is_empty()).collect();
    pieces.join(with)
}

fn contact(contact: &Value) -> String {
    let name = contact
        .get("name")
        .and_then(|n| loose::some_text(n, "formattedName").or_else(|| loose::some_text(n, "firstName")));
    let phones = loose::items(contact, "phones").iter().map(|p| loose::some_text(p, "phone"));
    join([name, Some(join(phones, " "))].into_iter(), " ")
}
