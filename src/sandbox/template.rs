//! The templates of the sandbox: the sample campaigns' own, and those made over the wire.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::agenda::Due;
use super::dice::fingerprint;
use super::hook::{News, Update};
use super::refusal::Refusal;
use super::template_shape::{Shape, is_word, text};
use super::world::{Event, World};
use crate::domain::time::UnixMs;

/// Time of the sandbox's clock a review takes.
const REVIEW: Duration = Duration::from_mins(10);
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
    edited_at: Option<UnixMs>,
}

impl Template {
    /// Reads `source`, in the form of a creation; checks nothing but its form.
    fn read(source: &Value) -> Result<Self, Refusal> {
        let is_named = text(source, "parameter_format").eq_ignore_ascii_case("NAMED");
        Ok(Self {
            id: text(source, "id").to_owned(),
            account: None,
            name: text(source, "name").to_owned(),
            language: text(source, "language").to_owned(),
            status: text(source, "status").to_owned(),
            category: text(source, "category").to_uppercase(),
            components: source["components"].clone(),
            shape: Shape::read(&source["components"], is_named)?,
            time_to_live_s: source["message_send_ttl_seconds"].as_i64(),
            edited_at: None,
        })
    }

    /// As Graph lists it.
    pub fn listed(&self, now: UnixMs) -> Value {
        let mut listed = json!({
            "id": self.id, "name": self.name, "language": self.language, "status": self.status,
            "category": self.category, "components": self.components, "rejected_reason": "NONE",
            "parameter_format": if self.shape.is_named { "NAMED" } else { "POSITIONAL" },
            "quality_score": {"score": "GREEN", "date": now.0.div_euclid(1000)},
        });
        if let Some(seconds) = self.time_to_live_s {
            listed["message_send_ttl_seconds"] = seconds.into();
        }
        listed
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

/// All templates.
pub(super) struct Templates(Vec<Template>);

impl Templates {
    /// Those of the sample campaigns.
    pub fn samples() -> Self {
        let samples: Vec<Value> = serde_json::from_str(include_str!("templates.json")).expect("a test reads the file");
        Self(samples.iter().map(|s| Template::read(s).expect("a test reads the file")).collect())
    }

    /// The template `name` in `language`.
    pub fn find(&self, name: &str, language: &str) -> Option<&Template> {
        self.0.iter().find(|t| t.name == name && t.language == language)
    }

    /// The template with `id`.
    pub fn by_id(&self, id: &str) -> Option<&Template> {
        self.0.iter().find(|t| t.id == id)
    }

    fn by_id_mut(&mut self, id: &str) -> Option<&mut Template> {
        self.0.iter_mut().find(|t| t.id == id)
    }

    /// Those `account` sees.
    pub fn of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Template> {
        self.0.iter().filter(move |t| t.account.as_ref().is_none_or(|owner| owner == account))
    }

    /// Deletes those of `account` named `name`, or only the one with `id`; how many.
    pub fn delete(&mut self, account: &str, name: &str, id: Option<&str>) -> usize {
        let before = self.0.len();
        self.0.retain(|t| {
            let is_its = t.account.as_ref().is_none_or(|owner| owner == account);
            !(is_its && t.name == name && id.is_none_or(|id| t.id == id))
        });
        before - self.0.len()
    }
}

impl World {
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
        template.shape.check()?;
        if self.templates.find(&template.name, &template.language).is_some() {
            return Err(Refusal::new(100, "there is already content in this language").with_subcode(2_388_024));
        }
        let number = fingerprint(&format!("{account} {} {} {}", template.name, template.language, now.0));
        template.id = (1_000_000_000_000_000 + number % 9_000_000_000_000_000).to_string();
        "PENDING".clone_into(&mut template.status);
        template.account = Some(account.to_owned());
        let answer = json!({"id": template.id, "status": template.status, "category": template.category});
        self.agenda.add(Due::Clock(now.plus(REVIEW)), Event::Reviewed(template.id.clone()));
        self.templates.0.push(template);
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
        if is_approved && template.edited_at.is_some_and(|at| now.since(at) < EDIT_SPACING) {
            return Err(
                Refusal::new(100, "an approved template can be edited once in 24 hours").with_subcode(2_388_039)
            );
        }
        if is_approved && source["category"].as_str().is_some_and(|c| !c.eq_ignore_ascii_case(&template.category)) {
            return Err(Refusal::new(100, "the category of an approved template cannot be changed"));
        }
        let is_named = match source["parameter_format"].as_str() {
            Some(format) => format.eq_ignore_ascii_case("NAMED"),
            None => template.shape.is_named,
        };
        if !source["components"].is_null() {
            let shape = Shape::read(&source["components"], is_named)?;
            shape.check()?;
            template.shape = shape;
            template.components = source["components"].clone();
        }
        template.time_to_live_s = source["message_send_ttl_seconds"].as_i64().or(template.time_to_live_s);
        template.edited_at = Some(now);
        let answer = json!({"success": true, "id": template.id, "name": template.name, "category": template.category});
        if !is_approved {
            "PENDING".clone_into(&mut template.status);
            self.agenda.add(Due::Clock(now.plus(REVIEW)), Event::Reviewed(id.to_owned()));
        }
        Ok(answer)
    }

    /// The review of the template with `id` ends well, unless its text asks for a refusal.
    pub fn end_review(&mut self, id: &str, real: Instant) {
        let Some(template) = self.templates.by_id(id).filter(|t| t.status == "PENDING") else { return };
        let is_refused = template.name.contains("reject");
        let verdict = if is_refused { "REJECTED" } else { "APPROVED" };
        self.set_status(id, verdict, real);
    }

    /// Bills the template with `id` as something else, and tells the webhook; whether there is such a template.
    pub fn set_category(&mut self, id: &str, category: &str, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        let before = std::mem::replace(&mut template.category, category.to_owned());
        let value = json!({
            "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
            "message_template_name": template.name, "message_template_language": template.language,
            "previous_category": before, "new_category": category,
        });
        let owner = template.account.clone();
        self.tell_owners(owner, "template_category_update", &value, real);
        true
    }

    /// A template without an owner is every account's.
    fn tell_owners(&mut self, owner: Option<String>, field: &'static str, value: &Value, real: Instant) {
        let accounts = owner.map_or_else(|| self.registry.accounts(), |account| vec![account]);
        for account in accounts {
            let news = News::Field { field, value: value.clone() };
            self.emit(Update { account, news }, real);
        }
    }

    /// Gives the template with `id` another status, and tells the webhook; whether there is such a template.
    pub fn set_status(&mut self, id: &str, status: &str, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        status.clone_into(&mut template.status);
        let value = json!({
            "event": status, "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
            "message_template_name": template.name, "message_template_language": template.language,
            "reason": if status == "REJECTED" { "TAG_CONTENT_MISMATCH" } else { "NONE" },
            "message_template_category": template.category,
        });
        let owner = template.account.clone();
        self.tell_owners(owner, "message_template_status_update", &value, real);
        true
    }
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
