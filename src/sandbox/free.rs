//! What is sent freely within the window: what every type needs and how long it may be.

use serde_json::Value;

use super::refusal::Refusal;
use super::template_shape::text;
use super::world::World;
use crate::domain::time::UnixMs;

/// Types that carry a file, with the types of file they take.
const FILES: [(&str, &[&str]); 5] = [
    ("image", &["image/jpeg", "image/png"]),
    ("audio", &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"]),
    ("video", &["video/mp4", "video/3gpp"]),
    ("sticker", &["image/webp"]),
    ("document", &[]),
];

fn required(what: &str) -> Refusal {
    Refusal::new(131_008, format!("The parameter {what} is required."))
}

/// A text that must be there and may be so long.
fn words(object: &Value, key: &str, most: usize) -> Result<(), Refusal> {
    match text(object, key).chars().count() {
        0 => Err(required(key)),
        n if n <= most => Ok(()),
        _ => Err(Refusal::new(100, format!("{key} is longer than {most} characters"))),
    }
}

/// The same of one that may be left out.
fn perhaps(object: &Value, key: &str, most: usize) -> Result<(), Refusal> {
    if object[key].is_null() { Ok(()) } else { words(object, key, most) }
}

/// The type of a message that is no template, once everything that type requires is there.
pub(super) fn check<'a>(request: &'a Value, kind: &'a str) -> Result<&'a str, Refusal> {
    let part = &request[kind];
    match kind {
        "text" => words(part, "body", 4_096)?,
        "location" => {
            for key in ["latitude", "longitude"] {
                let is_number = part[key].is_number() || text(part, key).parse::<f64>().is_ok();
                is_number.then_some(()).ok_or_else(|| required(key))?;
            }
        }
        "contacts" => {
            let all = part.as_array().filter(|all| !all.is_empty()).ok_or_else(|| required("contacts"))?;
            for contact in all {
                words(&contact["name"], "formatted_name", 1_000)?;
            }
        }
        "reaction" => {
            words(part, "message_id", 1_000)?;
            part["emoji"].is_string().then_some(()).ok_or_else(|| required("emoji"))?;
        }
        "interactive" => interactive(part)?,
        kind if FILES.iter().any(|(file, _)| *file == kind) => {
            if matches!(kind, "audio" | "sticker") && !part["caption"].is_null() {
                return Err(Refusal::new(100, format!("{kind} takes no caption")));
            }
            perhaps(part, "caption", 1_024)?;
            let has = [text(part, "id"), text(part, "link")].iter().filter(|text| !text.is_empty()).count();
            (has == 1).then_some(()).ok_or_else(|| required("id or link"))?;
        }
        other => return Err(Refusal::new(131_051, format!("messages of type '{other}' are not available here"))),
    }
    Ok(kind)
}

fn interactive(part: &Value) -> Result<(), Refusal> {
    let kind = text(part, "type");
    let most = if kind == "list" { 4_096 } else { 1_024 };
    words(&part["body"], "text", most)?;
    if !part["header"].is_null() {
        words(&part["header"], "text", 60)?;
    }
    if !part["footer"].is_null() {
        words(&part["footer"], "text", 60)?;
    }
    let action = &part["action"];
    match kind {
        "button" => {
            let buttons = some(action, "buttons", 3)?;
            for button in buttons {
                words(&button["reply"], "id", 256)?;
                words(&button["reply"], "title", 20)?;
            }
        }
        "list" => {
            words(action, "button", 20)?;
            let sections = some(action, "sections", 10)?;
            let rows: Vec<&Value> = sections.iter().filter_map(|s| s["rows"].as_array()).flatten().collect();
            if rows.is_empty() || rows.len() > 10 {
                return Err(Refusal::new(100, "a list has 1 to 10 rows"));
            }
            for section in sections.iter().filter(|_| sections.len() > 1) {
                words(section, "title", 24)?;
            }
            for row in rows {
                words(row, "id", 200)?;
                words(row, "title", 24)?;
                perhaps(row, "description", 72)?;
            }
        }
        "cta_url" => {
            words(&action["parameters"], "display_text", 20)?;
            words(&action["parameters"], "url", 2_000)?;
        }
        other => {
            return Err(Refusal::new(100, format!("interactive messages of type '{other}' are not available here")));
        }
    }
    Ok(())
}

fn some<'a>(object: &'a Value, key: &str, most: usize) -> Result<&'a Vec<Value>, Refusal> {
    let list = object[key].as_array().filter(|list| (1..=most).contains(&list.len()));
    list.ok_or_else(|| Refusal::new(100, format!("{key} has 1 to {most} entries")))
}

impl World {
    /// Whether the file of a message is there and of a type that its kind takes.
    pub fn check_file(&self, kind: &str, part: &Value, now: UnixMs) -> Result<(), Refusal> {
        let Some((_, types)) = FILES.iter().find(|(file, _)| *file == kind) else { return Ok(()) };
        let id = text(part, "id");
        if id.is_empty() {
            return Ok(());
        }
        let media = self.media_of(id, now).ok_or_else(|| Refusal::new(131_053, format!("no media with id {id}")))?;
        let fits = types.is_empty() || types.contains(&media.kind());
        fits.then_some(()).ok_or_else(|| Refusal::new(131_053, format!("{} is no {kind}", media.kind())))
    }
}
