//! The templates of the sandbox: the sample campaigns' own, and those made over the wire.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::dice::fingerprint;
use super::refusal::Refusal;
use super::template_code;
use super::template_shape::{Shape, is_word, text};
use super::world::World;
use crate::domain::time::UnixMs;

/// Time between two edits of an approved template.
const EDIT_SPACING: Duration = Duration::from_hours(24);

/// A template in one language.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Template {
    /// Its id.
    pub id: String,
    /// The account it was made in; `None`: every account has it.
    pub account: Option<String>,
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`.
    pub status: String,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: String,
    /// In the wire form.
    pub components: Value,
    /// What it asks of a send.
    pub shape: Shape,
    /// `message_send_ttl_seconds`.
    pub time_to_live_s: Option<i64>,
    /// Why it was refused, and what is advised.
    pub reason: Option<(&'static str, &'static str)>,
    /// What it will be billed as, where that was announced.
    pub correct: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`.
    pub quality: String,
    /// How often it was paused.
    pub pauses: usize,
    edits: Vec<UnixMs>,
}

impl Template {
    /// Reads `source`, in the form of a creation; checks nothing but its form.
    fn read(source: &Value) -> Result<Self, Refusal> {
        let components = components(source, text(source, "category"), text(source, "language"))?;
        let is_named = text(source, "parameter_format").eq_ignore_ascii_case("NAMED");
        Ok(Self {
            id: text(source, "id").to_owned(),
            account: None,
            name: text(source, "name").to_owned(),
            language: text(source, "language").to_owned(),
            status: text(source, "status").to_owned(),
            category: text(source, "category").to_uppercase(),
            shape: Shape::read(&components, is_named)?,
            components,
            time_to_live_s: source["message_send_ttl_seconds"].as_i64(),
            reason: None,
            quality: "GREEN".to_owned(),
            correct: None,
            pauses: 0,
            edits: Vec::new(),
        })
    }

    /// As Graph lists it.
    pub fn listed(&self, now: UnixMs) -> Value {
        let mut listed = json!({
            "id": self.id, "name": self.name, "language": self.language, "status": self.status,
            "category": self.category, "components": self.components,
            "rejected_reason": self.reason.filter(|_| self.status == "REJECTED").map_or("NONE", |(reason, _)| reason),
            "parameter_format": if self.shape.is_named { "NAMED" } else { "POSITIONAL" },
            "quality_score": {"score": self.quality, "date": now.0.div_euclid(1000)},
        });
        if let Some(correct) = self.correct.as_ref().filter(|correct| **correct != self.category) {
            listed["correct_category"] = correct.clone().into();
        }
        if let Some(seconds) = self.time_to_live_s {
            listed["message_send_ttl_seconds"] = seconds.into();
        }
        listed
    }

    /// Whether it is for one-time codes.
    pub fn gives_a_code(&self) -> bool {
        self.category == "AUTHENTICATION"
    }

    /// Whether it may be sent now.
    pub fn check_sendable(&self) -> Result<(), Refusal> {
        match self.status.as_str() {
            "APPROVED" => Ok(()),
            "PAUSED" => Err(Refusal::new(132_015, "Template is paused because of low quality")),
            "DISABLED" => Err(Refusal::new(132_016, "Template was disabled for good because of low quality")),
            other => Err(Refusal::new(132_001, format!("template is not approved: {other}"))),
        }
    }
}

/// Time in which an approved template can be edited ten times.
const EDIT_PERIOD: Duration = Duration::from_hours(30 * 24);
const EDITS: usize = 10;
/// How long the name of a deleted template is taken.
const NAME_BLOCKED: Duration = Duration::from_hours(30 * 24);
/// Creations of an account in an hour, and templates it may have (cloud-api.md 4.3).
const CREATIONS: usize = 100;
const MOST: usize = 250;

/// All templates.
pub(super) struct Templates {
    all: Vec<Template>,
    /// Account, name and time of what was deleted.
    deleted: Vec<(String, String, UnixMs)>,
    /// Account and time of what was created.
    created: Vec<(String, UnixMs)>,
}

impl Templates {
    /// Those of the sample campaigns.
    pub fn samples() -> Self {
        let samples: Vec<Value> = serde_json::from_str(include_str!("templates.json")).expect("a test reads the file");
        let all = samples.iter().map(|s| Template::read(s).expect("a test reads the file")).collect();
        Self { all, deleted: Vec::new(), created: Vec::new() }
    }

    /// The template `name` in `language`.
    pub fn find(&self, name: &str, language: &str) -> Option<&Template> {
        self.all.iter().find(|t| t.name == name && t.language == language)
    }

    /// The template with `id`.
    pub fn by_id(&self, id: &str) -> Option<&Template> {
        self.all.iter().find(|t| t.id == id)
    }

    pub fn by_id_mut(&mut self, id: &str) -> Option<&mut Template> {
        self.all.iter_mut().find(|t| t.id == id)
    }

    /// Every one: sends at Gupshup name the app by another word than its templates' address does.
    pub fn all(&self) -> impl Iterator<Item = &Template> {
        self.all.iter()
    }

    /// Those `account` sees.
    pub fn of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Template> {
        self.all.iter().filter(move |t| t.account.as_ref().is_none_or(|owner| owner == account))
    }

    /// Deletes those of `account` named `name`, or only the one with `id`. One that is switched off for good stays.
    pub fn delete(&mut self, account: &str, name: &str, id: Option<&str>, now: UnixMs) -> Result<(), Refusal> {
        let is_meant = |t: &Template| {
            let is_its = t.account.as_ref().is_none_or(|owner| owner == account);
            is_its && t.name == name && id.is_none_or(|id| t.id == id)
        };
        let mut meant = self.all.iter().filter(|t| is_meant(t)).peekable();
        if meant.peek().is_none() {
            return Err(Refusal::new(100, "no template of this name").with_subcode(2_593_002));
        }
        if meant.any(|t| t.status == "DISABLED") {
            return Err(Refusal::new(100, "a disabled template cannot be deleted").with_subcode(2_388_039));
        }
        if self.all.iter().any(|t| is_meant(t) && t.status == "APPROVED") {
            self.deleted.push((account.to_owned(), name.to_owned(), now));
        }
        self.all.retain(|t| !is_meant(t));
        Ok(())
    }

    /// Whether `account` may make another one called `name`.
    fn check_room(&mut self, account: &str, name: &str, now: UnixMs) -> Result<(), Refusal> {
        let of = |(owner, called, at): &(String, String, UnixMs)| {
            owner == account && called == name && now.since(*at) < NAME_BLOCKED
        };
        if self.deleted.iter().any(of) {
            let details = "a template of this name was deleted within 30 days";
            return Err(Refusal::new(100, details).with_subcode(2_388_023));
        }
        if self.of(account).count() >= MOST {
            return Err(Refusal::new(100, "the account has as many templates as it may").with_subcode(2_388_019));
        }
        self.created.retain(|(_, at)| now.since(*at) < Duration::from_hours(1));
        if self.created.iter().filter(|(owner, _)| owner == account).count() >= CREATIONS {
            return Err(Refusal::new(80007, "100 templates an hour can be created"));
        }
        self.created.push((account.to_owned(), now));
        Ok(())
    }
}

impl World {
    /// A header of pictures, videos or documents is reviewed with a sample that came before.
    fn check_samples(&self, components: &Value) -> Result<(), Refusal> {
        for header in components.as_array().into_iter().flatten() {
            let is_media = ["image", "video", "document"].contains(&&*super::template_shape::word(header, "format"));
            let handle = header["example"]["header_handle"][0].as_str().unwrap_or_default();
            if is_media && !self.samples.has(handle) {
                return Err(Refusal::new(100, "header_handle names no uploaded sample").with_subcode(2_388_273));
            }
        }
        Ok(())
    }

    /// Takes a new template of `account`, which goes into review.
    pub fn create_template(&mut self, account: &str, source: &Value, now: UnixMs) -> Result<Value, Refusal> {
        let mut template = Template::read(source)?;
        if !is_word(&template.name) || template.name.len() > 512 {
            return Err(Refusal::new(100, "name is 1 to 512 of a-z, 0-9 and _"));
        }
        if !["MARKETING", "UTILITY", "AUTHENTICATION"].contains(&template.category.as_str()) {
            return Err(Refusal::new(100, "category is MARKETING, UTILITY or AUTHENTICATION"));
        }
        if template.language.is_empty() {
            return Err(Refusal::new(100, "language is required"));
        }
        if !template.gives_a_code() {
            template.shape.check()?;
        }
        self.check_samples(&template.components)?;
        if self.templates.find(&template.name, &template.language).is_some() {
            return Err(Refusal::new(100, "there is already content in this language").with_subcode(2_388_024));
        }
        check_texts(&template.components)?;
        self.templates.check_room(account, &template.name, now)?;
        let number = fingerprint(&format!("{account} {} {} {}", template.name, template.language, now.0));
        template.id = (1_000_000_000_000_000 + number % 9_000_000_000_000_000).to_string();
        "PENDING".clone_into(&mut template.status);
        template.account = Some(account.to_owned());
        let answer = json!({"id": template.id, "status": template.status, "category": template.category});
        self.begin_review(&template.id, now);
        self.templates.all.push(template);
        Ok(answer)
    }

    /// Edits the template with `id`. An approved one stays approved; a rejected or paused one is reviewed again.
    pub fn edit_template(&mut self, id: &str, source: &Value, now: UnixMs) -> Result<Value, Refusal> {
        let template = self.templates.by_id_mut(id).ok_or_else(|| Refusal::no_such_node(id))?;
        let is_approved = template.status == "APPROVED";
        if !is_approved && !["REJECTED", "PAUSED"].contains(&template.status.as_str()) {
            return Err(
                Refusal::new(100, "only approved, rejected and paused templates can be edited").with_subcode(2_388_039)
            );
        }
        template.edits.retain(|at| now.since(*at) < EDIT_PERIOD);
        let lately = template.edits.last().is_some_and(|at| now.since(*at) < EDIT_SPACING);
        if is_approved && (lately || template.edits.len() >= EDITS) {
            let details = "an approved template can be edited once in 24 hours and ten times in 30 days";
            return Err(Refusal::new(100, details).with_subcode(2_388_039));
        }
        if is_approved && source["category"].as_str().is_some_and(|c| !c.eq_ignore_ascii_case(&template.category)) {
            return Err(Refusal::new(100, "the category of an approved template cannot be changed"));
        }
        let is_named = match source["parameter_format"].as_str() {
            Some(format) => format.eq_ignore_ascii_case("NAMED"),
            None => template.shape.is_named,
        };
        if !source["components"].is_null() {
            let components = components(source, &template.category, &template.language)?;
            let shape = Shape::read(&components, is_named)?;
            if !template.gives_a_code() {
                shape.check()?;
            }
            check_texts(&components)?;
            template.shape = shape;
            template.components = components;
        }
        template.time_to_live_s = source["message_send_ttl_seconds"].as_i64().or(template.time_to_live_s);
        if let Some(category) = source["category"].as_str() {
            template.category = category.to_uppercase();
        }
        if is_approved {
            template.edits.push(now);
        }
        let answer = json!({"success": true, "id": template.id, "name": template.name, "category": template.category});
        if !is_approved {
            "PENDING".clone_into(&mut template.status);
            self.begin_review(id, now);
        }
        self.tell_edited(id, Instant::now());
        Ok(answer)
    }
}

/// The components of a creation or an edit, as they are kept: those of one-time codes get WhatsApp's texts.
fn components(source: &Value, category: &str, language: &str) -> Result<Value, Refusal> {
    if category.eq_ignore_ascii_case("AUTHENTICATION") {
        return template_code::listed(&source["components"], language);
    }
    Ok(source["components"].clone())
}

/// Footer and header: lines of 60 characters, the footer without variables.
fn check_texts(components: &Value) -> Result<(), Refusal> {
    for component in components.as_array().into_iter().flatten() {
        let line = text(component, "text");
        match super::template_shape::word(component, "type").as_str() {
            "footer" if line.is_empty() || line.chars().count() > 60 || line.contains("{{") => {
                let details = "a footer has 1 to 60 characters and no variables";
                return Err(Refusal::new(100, details).with_subcode(2_388_073));
            }
            "header" | "footer" if line.contains('\n') => {
                return Err(Refusal::new(100, "headers and footers are one line").with_subcode(2_388_047));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Templates;

    #[test]
    fn the_sample_templates_meet_the_rules_of_creation() {
        let samples = Templates::samples();
        for (name, language) in
            [("appointment_reminder", "es_AR"), ("resume_contact", "es_AR"), ("promo_verao", "pt_BR")]
        {
            let template = samples.find(name, language).expect(name);
            assert!(template.shape.check().is_ok(), "{name}");
            assert!(template.check_sendable().is_ok(), "{name}");
        }
    }
}
