//! Templates in Zenvia's form, and their two reviews (gupshup-zenvia.md 2.6).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Asked, Wrong};
use super::{Hub, Later, new_id, time};
use crate::domain::time::UnixMs;
use crate::sandbox::Sandbox;
use crate::sandbox::agenda::Due;
use crate::sandbox::template::Templates;
use crate::sandbox::template_review::promotes;
use crate::sandbox::template_shape::{placeholders, text, word};
use crate::sandbox::world::Event;

/// Time of the sandbox's clock that each of the two reviews takes.
const REVIEW: Duration = Duration::from_mins(5);

/// A template.
pub(super) struct Template {
    pub id: String,
    /// `WAITING_REVIEW`, `WAITING_APPROVAL`, `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`.
    pub status: String,
    /// As it was made: name, locale, sender, category, components.
    pub source: Value,
    comments: Vec<Value>,
    created_at: UnixMs,
    updated_at: UnixMs,
}

impl Template {
    /// Its name, as shown.
    pub fn name(&self) -> &str {
        text(&self.source, "name")
    }

    /// Its language.
    pub fn locale(&self) -> &str {
        text(&self.source, "locale")
    }

    /// Names that a send must give.
    pub fn fields(&self) -> BTreeSet<String> {
        let components = &self.source["components"];
        let mut fields: BTreeSet<String> = BTreeSet::new();
        let mut add = |text: &str| fields.extend(placeholders(text).into_iter().map(str::to_owned));
        add(text(&components["header"], "text"));
        add(text(&components["body"], "text"));
        for button in self.buttons() {
            add(text(button, "url"));
        }
        match text(&components["header"], "type") {
            "MEDIA_IMAGE" => fields.insert("imageUrl".to_owned()),
            "MEDIA_VIDEO" => fields.insert("videoUrl".to_owned()),
            "MEDIA_DOCUMENT" => fields.insert("documentUrl".to_owned()),
            _ => false,
        };
        if self.buttons().iter().any(|b| text(b, "type") == "COPY_CODE") {
            fields.insert("code".to_owned());
        }
        if self.buttons().iter().any(|b| text(b, "type") == "MPM") {
            fields.insert("sections".to_owned());
        }
        if text(&self.source, "category") == "AUTHENTICATION" {
            fields.insert("token".to_owned());
        }
        fields
    }

    /// Its buttons.
    pub fn buttons(&self) -> &[Value] {
        self.source["components"]["buttons"]["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn shown(&self) -> Value {
        let mut shown = self.source.clone();
        shown["id"] = self.id.as_str().into();
        shown["status"] = self.status.as_str().into();
        shown["text"] = text(&self.source["components"]["body"], "text").into();
        shown["fields"] = self.fields().into_iter().collect();
        shown["comments"] = self.comments.clone().into();
        shown["qualityScore"] = "GREEN".into();
        shown["createdAt"] = time(self.created_at, true).into();
        shown["updatedAt"] = time(self.updated_at, true).into();
        shown
    }

    fn comment(&mut self, text: &str, now: UnixMs) -> Value {
        let at = time(now, true);
        let comment = json!({
            "id": new_id(), "author": "Revisor", "role": "REVIEWER", "text": text, "createdAt": at, "updatedAt": at,
        });
        self.comments.push(comment.clone());
        comment
    }
}

/// The sample campaigns' templates in Zenvia's form. An address's variable gets a name of its own: names are one for the
/// whole template.
pub(super) fn samples(all: &Templates) -> Vec<Template> {
    let read = all.of("").map(|sample| {
        let mut components = json!({});
        for part in sample.components.as_array().into_iter().flatten() {
            match word(part, "type").as_str() {
                "header" => {
                    components["header"] = json!({"type": kind(text(part, "text")), "text": text(part, "text")});
                }
                "body" => components["body"] = json!({"type": kind(text(part, "text")), "text": text(part, "text")}),
                "footer" => components["footer"] = json!({"type": "TEXT_FIXED", "text": text(part, "text")}),
                _ => {
                    let buttons = part["buttons"].as_array().map(Vec::as_slice).unwrap_or_default();
                    let items: Vec<Value> = buttons.iter().enumerate().map(|(at, b)| button(at, b)).collect();
                    components["buttons"] = json!({"type": "MIXED", "items": items});
                }
            }
        }
        Template {
            id: new_id(),
            status: sample.status.clone(),
            source: json!({
                "name": sample.name, "locale": sample.language, "channel": "WHATSAPP", "category": sample.category,
                "components": components,
            }),
            comments: Vec::new(),
            created_at: UnixMs(0),
            updated_at: UnixMs(0),
        }
    });
    read.collect()
}

fn kind(text: &str) -> &'static str {
    if placeholders(text).is_empty() { "TEXT_FIXED" } else { "TEXT_TEMPLATE" }
}

fn button(at: usize, button: &Value) -> Value {
    let label = text(button, "text");
    match word(button, "type").as_str() {
        "url" => {
            json!({"type": "URL", "text": label, "url": text(button, "url").replace("{{1}}", &format!("{{{{button_{at}}}}}"))})
        }
        // The payload is fixed with the template: no send can change it.
        _ => json!({"type": "QUICK_REPLY", "text": label, "payload": label}),
    }
}

impl Hub {
    /// The template with `id`.
    pub(super) fn template(&self, id: &str) -> Option<&Template> {
        self.templates.iter().find(|t| t.id == id)
    }

    /// Place, label and payload of each quick reply of the template `name` in `locale`.
    pub fn quick_replies(&self, name: &str, locale: &str) -> Vec<(usize, String, String)> {
        let Some(found) = self.templates.iter().find(|t| t.name() == name && t.locale() == locale) else {
            return Vec::new();
        };
        let is_reply = |b: &Value| matches!(text(b, "type"), "QUICK_REPLY" | "OPT_OUT");
        let read = |(at, b): (usize, &Value)| {
            let label = text(b, "text").to_owned();
            let payload = text(b, "payload");
            is_reply(b).then(|| (at, label.clone(), if payload.is_empty() { label } else { payload.to_owned() }))
        };
        found.buttons().iter().enumerate().filter_map(read).collect()
    }

    /// Gives a template another status, as reviewers and quality do; whether there is such a template.
    pub fn set_status(&mut self, name: &str, locale: &str, status: &str, now: UnixMs) -> bool {
        let Some(found) = self.templates.iter_mut().find(|t| t.name() == name && t.locale() == locale) else {
            return false;
        };
        let status = if status == "PENDING" { "WAITING_APPROVAL" } else { status };
        (found.status, found.updated_at) = (status.to_owned(), now);
        if status == "REJECTED" {
            found.comment("O conteúdo não corresponde à categoria", now);
        }
        true
    }

    /// Bills a template as something else from now on: its list says so, and nothing else does.
    pub fn set_category(&mut self, name: &str, locale: &str, category: &str, now: UnixMs) -> bool {
        let Some(found) = self.templates.iter_mut().find(|t| t.name() == name && t.locale() == locale) else {
            return false;
        };
        found.source["category"] = category.into();
        found.updated_at = now;
        true
    }

    /// One review ends: first Zenvia's own people's, then Meta's.
    pub(super) fn review(&mut self, id: &str, now: UnixMs) -> Option<(Due, Event)> {
        let found = self.templates.iter_mut().find(|t| t.id == id)?;
        found.updated_at = now;
        match found.status.as_str() {
            "WAITING_REVIEW" => {
                "WAITING_APPROVAL".clone_into(&mut found.status);
                Some((Due::Clock(now.plus(REVIEW)), Event::Zenvia(Later::Reviewed(id.to_owned()))))
            }
            "WAITING_APPROVAL" if found.name().contains("reject") => {
                "REJECTED".clone_into(&mut found.status);
                found.comment("O conteúdo não corresponde à categoria", now);
                None
            }
            "WAITING_APPROVAL" => {
                let body = text(&found.source["components"]["body"], "text");
                if text(&found.source, "category") == "UTILITY" && promotes(body) {
                    found.source["category"] = "MARKETING".into();
                }
                "APPROVED".clone_into(&mut found.status);
                None
            }
            _ => None,
        }
    }
}

/// `GET /templates`: a bare list, filtered and in pages.
pub(super) fn list(sandbox: &Sandbox, asked: &Asked) -> Value {
    let world = sandbox.world();
    let wants =
        |key: &str, value: &str| asked.get(key).is_none_or(|want| want.is_empty() || want.eq_ignore_ascii_case(value));
    let number = |key: &str, usual: usize| asked.get(key).and_then(|n| n.parse().ok()).unwrap_or(usual).max(1);
    let (page, size) = (number("page", 1), number("size", 500));
    let found = world.zenvia.templates.iter().filter(|t| {
        let sender = text(&t.source, "senderId");
        // The samples are every sender's.
        (sender.is_empty() || wants("senderId", sender))
            && wants("channel", text(&t.source, "channel"))
            && wants("category", text(&t.source, "category"))
            && wants("status", &t.status)
    });
    found.skip((page - 1) * size).take(size).map(Template::shown).collect()
}

/// `GET /templates/{id}`.
pub(super) fn show(sandbox: &Sandbox, id: &str) -> Result<Value, Wrong> {
    sandbox.world().zenvia.template(id).map(Template::shown).ok_or_else(Wrong::not_found)
}

fn check(source: &Value) -> Result<(), Wrong> {
    for key in ["name", "locale", "senderId"] {
        if text(source, key).is_empty() {
            return Err(Wrong::at(&format!("$.{key}"), "is required"));
        }
    }
    if text(source, "channel") != "WHATSAPP" {
        return Err(Wrong::at("$.channel", "must be WHATSAPP"));
    }
    if !["AUTHENTICATION", "MARKETING", "UTILITY"].contains(&text(source, "category")) {
        return Err(Wrong::at("$.category", "must be AUTHENTICATION, MARKETING or UTILITY"));
    }
    if text(source, "category") != "AUTHENTICATION" && text(&source["components"]["body"], "text").is_empty() {
        return Err(Wrong::at("$.components.body.text", "is required"));
    }
    if !source["examples"].is_object() {
        return Err(Wrong::at("$.examples", "is required for WhatsApp"));
    }
    Ok(())
}

/// `POST /templates`: it goes into review.
pub(super) fn make(sandbox: &Sandbox, source: &Value) -> Result<Value, Wrong> {
    check(source)?;
    let now = sandbox.0.clock.now();
    let made = Template {
        id: new_id(),
        status: "WAITING_REVIEW".to_owned(),
        source: source.clone(),
        comments: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let mut world = sandbox.world();
    let (name, locale) = (made.name(), made.locale());
    if world.zenvia.templates.iter().any(|t| t.name() == name && t.locale() == locale) {
        let message = "Entity already exists";
        return Err(Wrong { status: 409, code: "DUPLICATED", message, details: Vec::new() });
    }
    let shown = made.shown();
    world.agenda.add(Due::Clock(now.plus(REVIEW)), Event::Zenvia(Later::Reviewed(made.id.clone())));
    world.zenvia.templates.push(made);
    drop(world);
    sandbox.0.wake.notify_one();
    Ok(shown)
}

/// `PATCH /templates/{id}`: what changed is reviewed again.
pub(super) fn change(sandbox: &Sandbox, id: &str, wish: &Value) -> Result<Value, Wrong> {
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let found = world.zenvia.templates.iter_mut().find(|t| t.id == id).ok_or_else(Wrong::not_found)?;
    let mut source = found.source.clone();
    for key in ["locale", "category", "components", "examples", "notificationEmail"] {
        if !wish[key].is_null() {
            source[key] = wish[key].clone();
        }
    }
    if source["examples"].is_null() {
        source["examples"] = json!({});
    }
    if text(&source, "senderId").is_empty() {
        source["senderId"] = "any".into();
    }
    check(&source)?;
    (found.source, found.updated_at) = (source, now);
    "WAITING_REVIEW".clone_into(&mut found.status);
    let shown = found.shown();
    world.agenda.add(Due::Clock(now.plus(REVIEW)), Event::Zenvia(Later::Reviewed(id.to_owned())));
    drop(world);
    sandbox.0.wake.notify_one();
    Ok(shown)
}

/// `DELETE /templates/{id}`.
pub(super) fn delete(sandbox: &Sandbox, id: &str) -> Result<(), Wrong> {
    let mut world = sandbox.world();
    let before = world.zenvia.templates.len();
    world.zenvia.templates.retain(|t| t.id != id);
    if world.zenvia.templates.len() < before { Ok(()) } else { Err(Wrong::not_found()) }
}

/// `POST /templates/{id}/comments`.
pub(super) fn comment(sandbox: &Sandbox, id: &str, wish: &Value) -> Result<Value, Wrong> {
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let found = world.zenvia.templates.iter_mut().find(|t| t.id == id).ok_or_else(Wrong::not_found)?;
    Ok(found.comment(text(wish, "text"), now))
}
