//! `message`: what a person sent (gupshup-zenvia.md 1.7).

use serde_json::Value;

use super::Envelope;
use crate::domain::callback::ButtonPayload;
use crate::domain::event::{Identity, Media, MediaKind, Reply, ReplyContent, WebhookEvent};
use crate::provider::{identity, loose, referral};

/// Longest line made of what cannot be shown.
const LONGEST_SUMMARY: usize = 1_024;

/// A message; `None` where nobody can say whose or which it is.
pub(super) fn read(payload: &Value, envelope: &Envelope) -> Option<WebhookEvent> {
    let sender = payload.get("sender").unwrap_or(&Value::Null);
    let mut from = Identity::default();
    identity::note(&mut from, loose::text(sender, "userId"));
    identity::note(&mut from, loose::text(payload, "source"));
    identity::note(&mut from, loose::text(sender, "phone"));
    if from.wa_id.is_none() && from.bsuid.is_none() {
        return None;
    }
    from.name = loose::some_text(sender, "name");
    from.username = loose::some_text(sender, "username");
    let kind = loose::some_text(payload, "type").unwrap_or_else(|| "unknown".to_owned());
    let inner = payload.get("payload").unwrap_or(&Value::Null);
    let quoted = payload.get("context").and_then(|c| loose::some_text(c, "gsId").or_else(|| loose::some_text(c, "id")));
    Some(WebhookEvent::Reply(Reply {
        sender_ref: String::new(),
        provider_id: loose::some_text(payload, "id")?,
        from,
        at: loose::instant(payload, "timestamp").unwrap_or(envelope.at),
        quoted,
        content: content(&kind, inner),
        referral: payload.get("referral").or_else(|| inner.get("referral")).and_then(referral::read),
    }))
}

fn content(kind: &str, inner: &Value) -> ReplyContent {
    let postback = loose::some_text(inner, "postbackText");
    let is_tap = loose::text(inner, "type").is_some_and(|t| t == "button");
    let known = match kind {
        // A tap on a template's button may come as text: what stands inside tells.
        "quick_reply" | "text" if kind == "quick_reply" || postback.is_some() || is_tap => tap(inner, postback),
        "text" => loose::text(inner, "text").map(|body| ReplyContent::Text { body }),
        "button_reply" | "list_reply" => choice(inner, postback),
        "image" => media(MediaKind::Image, inner),
        "audio" | "voice" => media(MediaKind::Voice, inner),
        "video" => media(MediaKind::Video, inner),
        "file" | "document" => media(MediaKind::Document, inner),
        "sticker" => media(MediaKind::Sticker, inner),
        "location" => location(inner),
        "reaction" => loose::some_text(inner, "gsId")
            .or_else(|| loose::some_text(inner, "id"))
            .map(|to| ReplyContent::Reaction { emoji: loose::some_text(inner, "emoji"), to }),
        _ => None,
    };
    known.unwrap_or_else(|| ReplyContent::Other { what: name(kind), summary: summary(kind, inner) })
}

fn tap(inner: &Value, postback: Option<String>) -> Option<ReplyContent> {
    let text = loose::some_text(inner, "text").or_else(|| loose::some_text(inner, "title"));
    let text = text.or_else(|| postback.clone())?;
    Some(ReplyContent::Button { text, payload: postback.and_then(|p| ButtonPayload::parse(&p)) })
}

/// A button or row of a message within the window. `id` is what we named the message.
fn choice(inner: &Value, postback: Option<String>) -> Option<ReplyContent> {
    let title = loose::some_text(inner, "title").or_else(|| loose::some_text(inner, "reply"))?;
    if let Some(payload) = postback.as_deref().and_then(ButtonPayload::parse) {
        return Some(ReplyContent::Button { text: title, payload: Some(payload) });
    }
    let id = postback.or_else(|| loose::some_text(inner, "id")).unwrap_or_default();
    Some(ReplyContent::Choice { id, title })
}

/// Media come by address, for about a week.
fn media(kind: MediaKind, inner: &Value) -> Option<ReplyContent> {
    Some(ReplyContent::Media(Media {
        kind,
        id: loose::some_text(inner, "url")?,
        mime_type: loose::some_text(inner, "contentType"),
        filename: loose::some_text(inner, "name"),
        caption: loose::some_text(inner, "caption"),
    }))
}

fn location(inner: &Value) -> Option<ReplyContent> {
    Some(ReplyContent::Location {
        latitude: loose::float(inner, "latitude")?,
        longitude: loose::float(inner, "longitude")?,
        label: loose::some_text(inner, "name").or_else(|| loose::some_text(inner, "address")),
    })
}

/// A type's name as shown and counted: the provider's word, kept short.
fn name(kind: &str) -> String {
    kind.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

const LONGEST_NAME: usize = 64;

/// Names of shared contacts; any text there is, otherwise.
fn summary(kind: &str, inner: &Value) -> Option<String> {
    let contact = |c: &Value| {
        let name = c.get("name").and_then(|n| loose::some_text(n, "formatted_name"))?;
        let phone = loose::items(c, "phones").iter().find_map(|p| loose::some_text(p, "phone"));
        Some(phone.map_or(name.clone(), |phone| format!("{name} {phone}")))
    };
    let line = match kind {
        "contact" | "contacts" => {
            let all: Vec<String> = loose::items(inner, "contacts").iter().filter_map(contact).collect();
            Some(all.join(", ")).filter(|line| !line.is_empty())
        }
        _ => loose::some_text(inner, "text").or_else(|| loose::some_text(inner, "caption")),
    };
    line.map(|line| line.chars().take(LONGEST_SUMMARY).collect())
}
