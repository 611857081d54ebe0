//! What is written freely within the window (cloud-api.md 2).

use serde_json::{Value, json};

use crate::domain::event::MediaKind;
use crate::domain::free::{Attached, Contact, Free, Place, Section};
use crate::provider::FileAt;

/// Adds the message to `body`. What an attachment needs and was not given is refused by Meta.
pub(super) fn write(body: &mut Value, free: &Free, quoted: Option<&str>, file: Option<FileAt<'_>>) {
    let (kind, object) = match free {
        Free::Text { body: text } => ("text", json!({ "preview_url": false, "body": text })),
        Free::Attachment(attached) => attachment(attached, file),
        Free::Location(place) => ("location", location(place)),
        Free::Contacts { contacts } => ("contacts", contacts.iter().map(contact).collect()),
        Free::Reaction { emoji } => {
            let emoji = emoji.as_deref().unwrap_or_default();
            ("reaction", json!({ "message_id": quoted.unwrap_or_default(), "emoji": emoji }))
        }
        Free::Buttons { .. } | Free::List { .. } | Free::Link { .. } => ("interactive", interactive(free)),
    };
    body["type"] = json!(kind);
    body[kind] = object;
    if let Some(quoted) = quoted.filter(|_| kind != "reaction") {
        body["context"] = json!({ "message_id": quoted });
    }
}

fn attachment(attached: &Attached, file: Option<FileAt<'_>>) -> (&'static str, Value) {
    let kind = match attached.kind {
        Some(MediaKind::Image) => "image",
        Some(MediaKind::Audio | MediaKind::Voice) => "audio",
        Some(MediaKind::Video) => "video",
        Some(MediaKind::Sticker) => "sticker",
        Some(MediaKind::Document) | None => "document",
    };
    let mut object = match file {
        Some(FileAt::Id(id)) => json!({ "id": id }),
        Some(FileAt::Link { link, .. }) => json!({ "link": link }),
        None => json!({}),
    };
    if attached.kind == Some(MediaKind::Voice) {
        object["voice"] = json!(true);
    }
    if let Some(caption) = &attached.caption {
        object["caption"] = json!(caption);
    }
    if let Some(filename) = attached.filename.as_ref().filter(|_| kind == "document") {
        object["filename"] = json!(filename);
    }
    (kind, object)
}

fn location(place: &Place) -> Value {
    let degrees = |text: &str| text.trim().parse::<f64>().unwrap_or_default();
    let mut object = json!({ "latitude": degrees(&place.latitude), "longitude": degrees(&place.longitude) });
    for (key, words) in [("name", &place.name), ("address", &place.address)] {
        if let Some(words) = words {
            object[key] = json!(words);
        }
    }
    object
}

fn contact(contact: &Contact) -> Value {
    let first = contact.name.split_whitespace().next().unwrap_or_default();
    let phones: Vec<Value> = contact.phones.iter().map(|phone| json!({ "phone": phone, "type": "CELL" })).collect();
    let mut card = json!({ "name": { "formatted_name": contact.name, "first_name": first }, "phones": phones });
    if !contact.emails.is_empty() {
        card["emails"] = contact.emails.iter().map(|email| json!({ "email": email, "type": "WORK" })).collect();
    }
    if let Some(company) = &contact.company {
        card["org"] = json!({ "company": company });
    }
    card
}

fn interactive(free: &Free) -> Value {
    let (kind, header, body, footer, action) = match free {
        Free::Buttons { header, body, footer, buttons } => {
            let button = |b: &crate::domain::free::ReplyButton| json!({ "type": "reply", "reply": { "id": b.id, "title": b.title } });
            let buttons: Vec<Value> = buttons.iter().map(button).collect();
            ("button", header, body, footer, json!({ "buttons": buttons }))
        }
        Free::List { header, body, footer, button, sections } => {
            let sections: Vec<Value> = sections.iter().map(section).collect();
            ("list", header, body, footer, json!({ "button": button, "sections": sections }))
        }
        Free::Link { header, body, footer, label, url } => {
            let parameters = json!({ "display_text": label, "url": url });
            ("cta_url", header, body, footer, json!({ "name": "cta_url", "parameters": parameters }))
        }
        _ => return Value::Null,
    };
    let mut object = json!({ "type": kind, "body": { "text": body }, "action": action });
    if let Some(header) = header {
        object["header"] = json!({ "type": "text", "text": header });
    }
    if let Some(footer) = footer {
        object["footer"] = json!({ "text": footer });
    }
    object
}

fn section(section: &Section) -> Value {
    let row = |row: &crate::domain::free::ListRow| {
        let mut object = json!({ "id": row.id, "title": row.title });
        if let Some(description) = &row.description {
            object["description"] = json!(description);
        }
        object
    };
    let mut object = json!({ "rows": section.rows.iter().map(row).collect::<Vec<_>>() });
    if !section.title.is_empty() {
        object["title"] = json!(section.title);
    }
    object
}
