//! The content of every type of message.

use serde_json::Value;

use crate::domain::callback::ButtonPayload;
use crate::domain::event::{Media, MediaKind, ReplyContent};
use crate::provider::loose;

/// What a flow's answers call its token.
const FLOW_TOKEN: &str = "flow_token";

/// Longest line made of a shared contact, an order or an edit.
const LONGEST_SUMMARY: usize = 1_024;

/// Content of a message of type `kind`. What lacks its essential part is shown as a type that is not known.
pub(super) fn of(kind: &str, item: &Value) -> ReplyContent {
    let part = item.get(kind).unwrap_or(&Value::Null);
    let known = match kind {
        "text" => loose::text(part, "body").map(|body| ReplyContent::Text { body }),
        "button" => button(part),
        "interactive" => interactive(part),
        "image" => media(MediaKind::Image, part),
        "audio" if part.get("voice").and_then(Value::as_bool) == Some(true) => media(MediaKind::Voice, part),
        "audio" => media(MediaKind::Audio, part),
        "video" => media(MediaKind::Video, part),
        "document" => media(MediaKind::Document, part),
        "sticker" => media(MediaKind::Sticker, part),
        "location" => location(part),
        "reaction" => reaction(part),
        _ => None,
    };
    known.unwrap_or_else(|| ReplyContent::Other { what: name(kind), summary: summary(kind, item, part) })
}

fn button(part: &Value) -> Option<ReplyContent> {
    let payload = loose::text(part, "payload");
    let text = loose::some_text(part, "text").or_else(|| payload.clone())?;
    Some(ReplyContent::Button { text, payload: payload.and_then(|p| ButtonPayload::parse(&p)) })
}

fn interactive(part: &Value) -> Option<ReplyContent> {
    let kind = loose::text(part, "type")?;
    let chosen = part.get(&kind)?;
    let (id, title) = match kind.as_str() {
        "button_reply" | "list_reply" => ("id", "title"),
        "nfm_reply" => return Some(form(chosen)),
        "call_permission_reply" => {
            let summary = loose::some_text(chosen, "response");
            return Some(ReplyContent::Other { what: name(&kind), summary });
        }
        _ => return None,
    };
    let text = |key| loose::text(chosen, key).unwrap_or_default();
    Some(ReplyContent::Choice { id: text(id), title: text(title) })
}

/// What was filled into a flow. Its token comes back with it, and names the message where it is ours.
fn form(chosen: &Value) -> ReplyContent {
    let answers = loose::text(chosen, "response_json").and_then(|json| serde_json::from_str::<Value>(&json).ok());
    let answers = answers.unwrap_or(Value::Null);
    let said = answers.as_object().into_iter().flatten().filter(|(key, _)| *key != FLOW_TOKEN);
    let said = join(said.map(|(key, value)| format!("{key}: {}", plain(value))), "; ");
    let title = join([loose::text(chosen, "body").unwrap_or_default(), said].into_iter(), " — ");
    let text: String = title.chars().take(LONGEST_SUMMARY).collect();
    match loose::text(&answers, FLOW_TOKEN).and_then(|token| ButtonPayload::parse(&token)) {
        Some(payload) => ReplyContent::Button { text, payload: Some(payload) },
        None => ReplyContent::Choice { id: loose::text(chosen, "name").unwrap_or_default(), title: text },
    }
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\0', ""),
        Value::Array(all) => join(all.iter().map(plain), ", "),
        Value::Null => String::new(),
        other => other.to_string().replace('\0', ""),
    }
}

fn media(kind: MediaKind, part: &Value) -> Option<ReplyContent> {
    Some(ReplyContent::Media(Media {
        kind,
        id: loose::some_text(part, "id")?,
        mime_type: loose::some_text(part, "mime_type"),
        filename: loose::some_text(part, "filename"),
        caption: loose::some_text(part, "caption"),
    }))
}

fn location(part: &Value) -> Option<ReplyContent> {
    Some(ReplyContent::Location {
        latitude: loose::float(part, "latitude")?,
        longitude: loose::float(part, "longitude")?,
        label: loose::some_text(part, "name").or_else(|| loose::some_text(part, "address")),
    })
}

/// Without an emoji the reaction was taken back.
fn reaction(part: &Value) -> Option<ReplyContent> {
    Some(ReplyContent::Reaction { emoji: loose::some_text(part, "emoji"), to: loose::some_text(part, "message_id")? })
}

/// A type's name as shown and counted: the provider's word, kept short.
fn name(kind: &str) -> String {
    kind.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// A line to show of a type without a form of its own.
fn summary(kind: &str, item: &Value, part: &Value) -> Option<String> {
    let line = match kind {
        "contacts" => join(loose::items(item, "contacts").iter().map(contact), ", "),
        "order" => order(part),
        "edit" => part.get("message").map(edited).unwrap_or_default(),
        "unsupported" => loose::some_text(part, "type").or_else(|| error(item)).unwrap_or_default(),
        _ => error(item).unwrap_or_default(),
    };
    let line: String = line.chars().take(LONGEST_SUMMARY).collect();
    (!line.is_empty()).then_some(line)
}

fn join(pieces: impl Iterator<Item = String>, with: &str) -> String {
    let pieces: Vec<String> = pieces.filter(|p| !p.is_empty()).collect();
    pieces.join(with)
}

fn contact(contact: &Value) -> String {
    let name = contact.get("name").and_then(|n| loose::some_text(n, "formatted_name")).unwrap_or_default();
    let phones = loose::items(contact, "phones").iter();
    let phones = phones.map(|p| loose::some_text(p, "phone").or_else(|| loose::some_text(p, "wa_id")));
    join([name, join(phones.map(Option::unwrap_or_default), " ")].into_iter(), " ")
}

fn order(order: &Value) -> String {
    let item = |i: &Value| {
        let quantity = loose::text(i, "quantity").unwrap_or_else(|| "1".to_owned());
        loose::some_text(i, "product_retailer_id").map(|product| format!("{quantity} × {product}")).unwrap_or_default()
    };
    let items = join(loose::items(order, "product_items").iter().map(item), ", ");
    join([items, loose::some_text(order, "text").unwrap_or_default()].into_iter(), ": ")
}

/// The new text or caption of an edited message.
fn edited(message: &Value) -> String {
    let kind = loose::text(message, "type").unwrap_or_default();
    let part = message.get(&kind).unwrap_or(&Value::Null);
    loose::some_text(part, "body").or_else(|| loose::some_text(part, "caption")).unwrap_or_default()
}

/// What the provider says of a message that it could not pass on.
fn error(item: &Value) -> Option<String> {
    let error = loose::items(item, "errors").first()?;
    let details = error.get("error_data").and_then(|d| loose::some_text(d, "details"));
    details.or_else(|| loose::some_text(error, "title"))
}
