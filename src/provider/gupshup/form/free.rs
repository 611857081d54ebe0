//! What is written freely within the window (gupshup-zenvia.md 1.3). Files go by a link.

use serde_json::{Value, json};

use crate::domain::event::MediaKind;
use crate::domain::free::{Attached, Free, Section};
use crate::provider::FileAt;

/// The message; `None`: Gupshup documents no such message. `reference` comes back with the answer to buttons and lists.
pub(super) fn of(free: &Free, quoted: Option<&str>, file: Option<FileAt<'_>>, reference: &str) -> Option<Value> {
    let mut message = match free {
        Free::Text { body } => json!({ "type": "text", "text": body, "previewUrl": false }),
        Free::Attachment(attached) => attachment(attached, file)?,
        Free::Location(place) => {
            let degrees = |text: &str| text.trim().parse::<f64>().unwrap_or_default();
            json!({
                "type": "location", "longitude": degrees(&place.longitude), "latitude": degrees(&place.latitude),
                "name": place.name.as_deref().unwrap_or_default(),
                "address": place.address.as_deref().unwrap_or_default(),
            })
        }
        Free::Reaction { emoji } => {
            let emoji = emoji.as_deref().unwrap_or_default();
            return Some(json!({ "type": "reaction", "msgId": quoted?, "emoji": emoji }));
        }
        Free::Buttons { header, body, footer, buttons } => {
            let mut content = json!({ "type": "text", "text": body });
            for (key, words) in [("header", header), ("caption", footer)] {
                if let Some(words) = words {
                    content[key] = json!(words);
                }
            }
            let options: Vec<Value> =
                buttons.iter().map(|b| json!({ "type": "text", "title": b.title, "postbackText": b.id })).collect();
            json!({ "type": "quick_reply", "msgid": reference, "content": content, "options": options })
        }
        Free::List { header, body, button, sections, .. } => json!({
            "type": "list", "msgid": reference, "title": header.as_deref().unwrap_or_default(), "body": body,
            "globalButtons": [{ "type": "text", "title": button }],
            "items": sections.iter().map(section).collect::<Vec<_>>(),
        }),
        Free::Contacts { .. } | Free::Link { .. } => return None,
    };
    if let Some(quoted) = quoted {
        message["context"] = json!({ "msgId": quoted });
    }
    Some(message)
}

fn attachment(attached: &Attached, file: Option<FileAt<'_>>) -> Option<Value> {
    let Some(FileAt::Link { link, .. }) = file else { return None };
    let caption = attached.caption.as_deref().unwrap_or_default();
    Some(match attached.kind {
        // A caption that is null is refused; an empty one is none.
        Some(MediaKind::Image) => {
            json!({ "type": "image", "originalUrl": link, "previewUrl": link, "caption": caption })
        }
        Some(MediaKind::Audio | MediaKind::Voice) => json!({ "type": "audio", "url": link }),
        Some(MediaKind::Video) => json!({ "type": "video", "url": link, "caption": caption }),
        Some(MediaKind::Sticker) => json!({ "type": "sticker", "url": link }),
        Some(MediaKind::Document) | None => {
            let mut file = json!({ "type": "file", "url": link, "filename": attached.filename });
            if attached.caption.is_some() {
                file["caption"] = json!(caption);
            }
            file
        }
    })
}

fn section(section: &Section) -> Value {
    let option = |row: &crate::domain::free::ListRow| {
        json!({ "type": "text", "title": row.title, "description": row.description.as_deref().unwrap_or_default(),
            "postbackText": row.id })
    };
    json!({ "title": section.title, "subtitle": section.title,
        "options": section.rows.iter().map(option).collect::<Vec<_>>() })
}
