//! What is written freely within the window (gupshup-zenvia.md 2.2). Files go by a link; nothing tells a sticker from a
//! picture but its type.

use serde_json::{Value, json};

use crate::domain::free::{Attached, Contact, Free, Section};
use crate::provider::FileAt;

/// The content; `Err`: Zenvia documents no such content.
pub(super) fn of(free: &Free, file: Option<FileAt<'_>>) -> Result<Value, String> {
    let mut content = match free {
        Free::Text { body } => json!({ "type": "text", "text": body }),
        Free::Attachment(attached) => return attachment(attached, file),
        Free::Location(place) => {
            let degrees = |text: &str| text.trim().parse::<f64>().unwrap_or_default();
            let mut content = json!({ "type": "location", "longitude": degrees(&place.longitude),
                "latitude": degrees(&place.latitude) });
            for (key, words) in [("name", &place.name), ("address", &place.address)] {
                if let Some(words) = words {
                    content[key] = json!(words);
                }
            }
            content
        }
        Free::Contacts { contacts } => {
            json!({ "type": "contacts", "contacts": contacts.iter().map(contact).collect::<Vec<_>>() })
        }
        Free::Buttons { body, buttons, .. } => {
            let buttons: Vec<Value> = buttons.iter().map(|b| json!({ "id": b.id, "title": b.title })).collect();
            json!({ "type": "button", "body": body, "buttons": buttons })
        }
        Free::List { body, button, sections, .. } => {
            json!({ "type": "list", "body": body, "button": button,
                "sections": sections.iter().map(section).collect::<Vec<_>>() })
        }
        Free::Link { .. } | Free::Reaction { .. } => return Err(free.word().to_owned()),
    };
    match free {
        Free::Buttons { header, footer, .. } => {
            if let Some(header) = header {
                content["header"] = json!({ "type": "text", "text": header });
            }
            edge(&mut content, "footer", footer.as_deref());
        }
        Free::List { header, footer, .. } => {
            edge(&mut content, "header", header.as_deref());
            edge(&mut content, "footer", footer.as_deref());
        }
        _ => {}
    }
    Ok(content)
}

fn edge(content: &mut Value, key: &str, words: Option<&str>) {
    if let Some(words) = words {
        content[key] = json!(words);
    }
}

fn attachment(attached: &Attached, file: Option<FileAt<'_>>) -> Result<Value, String> {
    let Some(FileAt::Link { link, mime_type }) = file else { return Err("fileUrl".to_owned()) };
    let mut content = json!({ "type": "file", "fileUrl": link, "fileMimeType": mime_type });
    edge(&mut content, "fileCaption", attached.caption.as_deref());
    edge(&mut content, "fileName", attached.filename.as_deref());
    Ok(content)
}

fn contact(contact: &Contact) -> Value {
    let first = contact.name.split_whitespace().next().unwrap_or_default();
    let phones: Vec<Value> = contact.phones.iter().map(|phone| json!({ "phone": phone, "type": "CELL" })).collect();
    let mut card = json!({ "name": { "formattedName": contact.name, "firstName": first }, "phones": phones });
    if !contact.emails.is_empty() {
        card["emails"] = contact.emails.iter().map(|email| json!({ "email": email, "type": "WORK" })).collect();
    }
    if let Some(company) = &contact.company {
        card["org"] = json!({ "company": company });
    }
    card
}

fn section(section: &Section) -> Value {
    let row = |row: &crate::domain::free::ListRow| {
        let mut object = json!({ "id": row.id, "title": row.title });
        edge(&mut object, "description", row.description.as_deref());
        object
    };
    json!({ "title": section.title, "rows": section.rows.iter().map(row).collect::<Vec<_>>() })
}
