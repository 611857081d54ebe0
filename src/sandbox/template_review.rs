//! What becomes of templates by themselves: the review with its verdict, pauses that end, and what the webhook tells.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::agenda::Due;
use super::hook::{News, Update};
use super::template::Template;
use super::template_shape::{placeholders, text, word};
use super::world::{Event, World};
use crate::domain::time::UnixMs;

/// Time of the sandbox's clock a review takes.
pub(super) const REVIEW: Duration = Duration::from_mins(10);
/// How long the first and the second pause last; the third is for good.
const PAUSES: [Duration; 2] = [Duration::from_hours(3), Duration::from_hours(6)];

/// Reasons that a name may ask for, as `reject_scam`, with what is advised then.
const REASONS: [(&str, &str); 6] = [
    ("ABUSIVE_CONTENT", "Remove what threatens or insults people."),
    ("INCORRECT_CATEGORY", "Choose the category that fits the text."),
    ("INVALID_FORMAT", "Write each variable as {{1}} and give an example for it."),
    ("PROMOTIONAL", "Remove what promotes something, or choose marketing."),
    ("SCAM", "Do not ask for money or secrets."),
    ("TAG_CONTENT_MISMATCH", "Write the text in the language that the template is in."),
];

/// Words by which a utility template is taken for marketing.
const MARKETING: [&str; 12] = [
    "oferta",
    "descuento",
    "promo",
    "rebaja",
    "cupón",
    "desconto",
    "promoção",
    "cupom",
    "discount",
    "sale",
    "coupon",
    "% off",
];

/// Whether a body says what marketing says.
pub(super) fn promotes(body: &str) -> bool {
    let body = body.to_lowercase();
    MARKETING.iter().any(|word| body.contains(word))
}

/// What a review finds.
enum Verdict {
    Approved,
    /// Reason and advice.
    Rejected(&'static str, &'static str),
}

impl Template {
    /// Whether its body says what marketing says.
    fn is_marketing(&self) -> bool {
        promotes(&self.shape.body)
    }

    fn verdict(&self) -> Verdict {
        let rejected = |wanted: &str| {
            let found = REASONS.iter().find(|(reason, _)| *reason == wanted);
            found.map_or(Verdict::Approved, |(reason, advice)| Verdict::Rejected(reason, advice))
        };
        if self.name.contains("reject") {
            let asked = REASONS.iter().find(|(reason, _)| self.name.contains(&reason.to_lowercase()));
            return rejected(asked.map_or("TAG_CONTENT_MISMATCH", |(reason, _)| reason));
        }
        if lacks_examples(&self.components) { rejected("INVALID_FORMAT") } else { Verdict::Approved }
    }
}

/// Whether a variable has no example (cloud-api.md 4.2).
fn lacks_examples(components: &Value) -> bool {
    let lacks = |component: &Value| {
        let wants = placeholders(text(component, "text")).len();
        let example = &component["example"];
        let given = match word(component, "type").as_str() {
            "body" => example["body_text"][0].as_array().or(example["body_text_named_params"].as_array()),
            "header" if text(component, "format").eq_ignore_ascii_case("text") => {
                example["header_text"].as_array().or(example["header_text_named_params"].as_array())
            }
            _ => return false,
        };
        given.map_or(0, Vec::len) < wants
    };
    components.as_array().is_some_and(|list| list.iter().any(lacks))
}

impl World {
    /// Puts the end of a review down.
    pub fn begin_review(&mut self, id: &str, now: UnixMs) {
        self.agenda.add(Due::Clock(now.plus(REVIEW)), Event::Reviewed(id.to_owned()));
    }

    /// The review of the template with `id` ends. A utility template that promotes something is approved as marketing.
    pub fn end_review(&mut self, id: &str, real: Instant) {
        let Some(template) = self.templates.by_id_mut(id).filter(|t| t.status == "PENDING") else { return };
        match template.verdict() {
            Verdict::Rejected(reason, advice) => {
                template.reason = Some((reason, advice));
                self.set_status(id, "REJECTED", real);
            }
            Verdict::Approved => {
                template.reason = None;
                let is_marketing = template.category == "UTILITY" && template.is_marketing();
                if is_marketing {
                    self.set_category(id, "MARKETING", real);
                }
                self.set_status(id, "APPROVED", real);
            }
        }
    }

    /// Pauses a template for its quality: three hours, then six, then it is switched off.
    pub fn pause_template(&mut self, id: &str, now: UnixMs, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        let before = template.pauses;
        template.pauses += 1;
        let Some(pause) = PAUSES.get(before) else { return self.set_status(id, "DISABLED", real) };
        self.agenda.add(Due::Clock(now.plus(*pause)), Event::Unpaused(id.to_owned()));
        self.set_status(id, "PAUSED", real)
    }

    /// A pause has lasted its time.
    pub fn end_pause(&mut self, id: &str, real: Instant) {
        if self.templates.by_id(id).is_some_and(|t| t.status == "PAUSED") {
            self.set_status(id, "APPROVED", real);
        }
    }

    /// How people like a template, and tells the webhook; RED pauses it. Whether there is such a template.
    pub fn set_quality(&mut self, id: &str, quality: &str, now: UnixMs, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        let before = std::mem::replace(&mut template.quality, quality.to_owned());
        let mut value = named(template);
        value["previous_quality_score"] = before.into();
        value["new_quality_score"] = quality.into();
        let owner = template.account.clone();
        self.tell_owners(owner, "message_template_quality_update", &value, real);
        if quality == "RED" { self.pause_template(id, now, real) } else { true }
    }

    /// Says that a template will be billed as something else tomorrow.
    pub fn announce_category(&mut self, id: &str, category: &str, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        template.correct = Some(category.to_owned());
        let mut value = named(template);
        value["new_category"] = template.category.clone().into();
        value["correct_category"] = category.into();
        let owner = template.account.clone();
        self.tell_owners(owner, "template_category_update", &value, real);
        true
    }

    /// Bills the template with `id` as something else, and tells the webhook; whether there is such a template.
    pub fn set_category(&mut self, id: &str, category: &str, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        let before = std::mem::replace(&mut template.category, category.to_owned());
        let mut value = named(template);
        value["previous_category"] = before.into();
        value["new_category"] = category.into();
        let owner = template.account.clone();
        self.tell_owners(owner, "template_category_update", &value, real);
        true
    }

    /// Tells the webhook that a template's components are others now.
    pub fn tell_edited(&mut self, id: &str, real: Instant) {
        let Some(template) = self.templates.by_id(id) else { return };
        let (value, owner) = (named(template), template.account.clone());
        self.tell_owners(owner, "message_template_components_update", &value, real);
    }

    /// Gives the template with `id` another status, and tells the webhook; whether there is such a template.
    pub fn set_status(&mut self, id: &str, status: &str, real: Instant) -> bool {
        let Some(template) = self.templates.by_id_mut(id) else { return false };
        let was_paused = template.status == "PAUSED" && status == "APPROVED";
        status.clone_into(&mut template.status);
        let mut value = named(template);
        value["event"] = status.into();
        value["message_template_category"] = template.category.clone().into();
        let rejected = (status == "REJECTED").then(|| template.reason.unwrap_or(REASONS[5]));
        value["reason"] = rejected.map_or("NONE", |(reason, _)| reason).into();
        if let Some((reason, advice)) = rejected {
            template.reason = Some((reason, advice));
            value["rejection_info"] = json!({"reason": reason, "recommendation": advice});
        }
        let title = match (status, template.pauses) {
            ("PAUSED", 2..) => Some("SECOND_PAUSE"),
            ("PAUSED", _) => Some("FIRST_PAUSE"),
            ("DISABLED", _) => Some("DISABLED"),
            _ if was_paused => Some("UNPAUSE"),
            _ => None,
        };
        if let Some(title) = title {
            value["other_info"] = json!({"title": title, "description": "The quality of the template has changed"});
        }
        let owner = template.account.clone();
        self.tell_owners(owner, "message_template_status_update", &value, real);
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
}

/// The template as updates name it.
fn named(template: &Template) -> Value {
    json!({
        "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
        "message_template_name": template.name, "message_template_language": template.language,
    })
}
