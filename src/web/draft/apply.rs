//! From the form's fields to the campaign file.

use std::collections::BTreeMap;

use super::choices::{OFFERED_DAYS, OWN};
use super::view::{Known, language, slot_path, takes};
use crate::domain::template::slot::Slot;
use crate::domain::template::{Button, Header, ParameterFormat, Template};
use crate::intake::definition::Definition;
use crate::intake::variable::Variable;
use crate::web::file_questions;

/// Keys of `[reading]` that fields say, but for the header's row.
const READING: [&str; 10] = [
    "encoding",
    "delimiter",
    "quote",
    "hidden_rows",
    "total_rows",
    "merged_cells",
    "identity_numbers",
    "unlike_example",
    "dates",
    "sheet",
];

/// What a form says, by the fields' names.
pub struct Fields(pub BTreeMap<String, String>);

impl Fields {
    /// What a field says, without blanks around it; empty where it is not there.
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    /// Whether a field says that.
    pub fn is(&self, name: &str, word: &str) -> bool {
        self.text(name) == word
    }

    /// A field's number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Writes what the form says into the file. A form that lacks a part leaves that part as it is.
    pub fn apply(&self, file: &mut Definition, known: &Known) {
        self.general(file);
        self.template(file);
        let named = (file.text(&["template", "name"]), language(file));
        let is_it = |t: &&Template| (t.name.as_str(), t.language.as_str()) == (&named.0, &named.1);
        let template = known.templates.iter().find(is_it).or(known.template.as_ref().filter(is_it));
        if let Some(template) = template {
            self.message(file, template);
            self.replies(file, template);
        }
        self.columns(file);
        self.reading(file);
        if self.has("send") {
            self.schedule(file);
        }
        if self.has("route") {
            self.route(file);
        }
        if self.has("budget") {
            self.limits(file, &known.currency);
        }
    }

    fn general(&self, file: &mut Definition) {
        for key in ["title", "kind", "sender", "timezone", "area_code"] {
            if self.has(key) {
                file.set(&[key], self.text(key));
            }
        }
        if self.has("country") {
            file.set(&["country"], &self.text("country").to_uppercase());
        }
        if self.has("cost_centre") {
            match self.text("cost_centre_column") {
                "" => file.set(&["cost_centre"], self.text("cost_centre")),
                column => file.set_column(&["cost_centre"], column),
            }
        }
    }

    fn template(&self, file: &mut Definition) {
        if let Some((name, language)) = self.text("template").split_once('|') {
            file.set(&["template", "name"], name);
            let column = self.text("language_column");
            let keeps_column = !self.has("language_column") && !file.column(&["template", "language"]).is_empty();
            if keeps_column || !column.is_empty() {
                file.set(&["template", "language", "otherwise"], language);
                if !column.is_empty() {
                    file.set(&["template", "language", "column"], column);
                }
            } else {
                file.set(&["template", "language"], language);
            }
        }
    }

    fn columns(&self, file: &mut Definition) {
        for role in ["phone", "id", "name", "timezone", "consent", "refusal", "only"] {
            let field = format!("col.{role}");
            if self.has(&field) && !self.is(&field, OWN) {
                file.set(&["columns", role], self.text(&field));
            }
        }
        if self.has("col.when") {
            let parts = [self.text("col.when"), self.text("col.when2")];
            let joined: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            file.set(&["columns", "when"], &joined.join(" + "));
        }
    }

    /// How the file is read.
    fn reading(&self, file: &mut Definition) {
        for key in READING {
            let field = format!("read.{key}");
            if self.has(&field) {
                file.set(&["reading", key], self.text(&field));
            }
        }
        if self.has("read.header_row") {
            file.set_whole(&["reading", "header_row"], self.number("read.header_row"));
        }
        // A question that was answered by its button.
        file_questions::answer(file, self.text("answer"));
    }

    /// What fills a place of the template; `None`: the form does not say.
    fn source(&self, field: &str) -> Option<String> {
        let part = |part: &str| self.text(&format!("{field}.{part}")).to_owned();
        self.has(&format!("{field}.column")).then(|| {
            let chosen =
                Variable { column: part("column"), form: part("form"), otherwise: part("otherwise"), own: part("own") };
            // `=` stands for a text of one's own.
            let chosen = if chosen.column == OWN { Variable { column: String::new(), ..chosen } } else { chosen };
            let is_nothing = chosen.column.is_empty() && part("column") != OWN;
            if is_nothing { String::new() } else { chosen.source() }
        })
    }

    /// Variables, header and buttons: those of the template, and no others.
    fn message(&self, file: &mut Definition, template: &Template) {
        let (mut wanted, in_header) = (template.body_parameters(), template.header_parameters());
        // A header's number counts anew: its value has a key of its own.
        let header_counts = template.format == ParameterFormat::Positional && !in_header.is_empty();
        if header_counts {
            if let Some(source) = self.source("head.text") {
                file.set(&["template", "header"], &source);
            }
        } else {
            file.remove(&["template", "header"]);
            wanted.extend(in_header);
        }
        for name in file.keys(&["variables"]).iter().filter(|name| !wanted.contains(name)) {
            file.remove(&["variables", name]);
        }
        for name in &wanted {
            if let Some(source) = self.source(&format!("var.{name}")) {
                file.set(&["variables", name], &source);
            }
        }
        let kind = match &template.header {
            Some(Header::Image) => "image",
            Some(Header::Video) => "video",
            Some(Header::Document) => "document",
            Some(Header::Gif) => "gif",
            Some(Header::Text { .. } | Header::Location | Header::Product) | None => "",
        };
        for other in ["image", "video", "document", "gif"].into_iter().filter(|other| *other != kind) {
            file.remove(&["template", other]);
        }
        if !kind.is_empty() && self.has("head") {
            match self.text("head.column") {
                "" => file.set(&["template", kind], self.text("head")),
                column => file.set_column(&["template", kind], column),
            }
        }
        self.buttons(file, template);
        self.slots(file, template);
    }

    /// What buttons take: those of the template, and no others.
    fn buttons(&self, file: &mut Definition, template: &Template) {
        for key in file.keys(&["template", "buttons"]) {
            let button = key.parse().ok().and_then(|i: usize| template.buttons.get(i));
            if !button.is_some_and(takes) {
                file.remove(&["template", "buttons", &key]);
            }
        }
        for (i, button) in template.buttons.iter().enumerate().filter(|(_, button)| takes(button)) {
            let (place, key) = (i.to_string(), button.takes().key());
            match self.source(&format!("btn.{i}")) {
                Some(source) if button.takes().is_needed() => {
                    file.set_entry(&["template", "buttons", &place], key, &source);
                }
                // What belongs to such a button stands beside it.
                Some(source) => file.set(&["template", "buttons", &place, key], &source),
                None => {}
            }
        }
    }

    /// Places, offers, products and cards: those of the template, and no others.
    fn slots(&self, file: &mut Definition, template: &Template) {
        let slots = template.slots();
        let has = |of: &dyn Fn(&Slot) -> bool| slots.iter().any(of);
        if !has(&|slot| *slot == Slot::Latitude) {
            file.remove(&["template", "location"]);
        }
        if !has(&|slot| *slot == Slot::Product) {
            file.remove(&["template", "product"]);
        }
        if !has(&|slot| *slot == Slot::OfferEnds) {
            file.remove(&["template", "offer_ends"]);
        }
        for key in file.keys(&["template", "cards"]) {
            if key.parse::<usize>().ok().is_none_or(|no| no >= template.cards.len()) {
                file.remove(&["template", "cards", &key]);
            }
        }
        for slot in &slots {
            if let Some(source) = self.source(&format!("slot.{slot}")) {
                let path = slot_path(template, slot);
                file.set(&path.iter().map(String::as_str).collect::<Vec<_>>(), &source);
            }
        }
    }

    /// What a tapped button decides; a button that the template has not is none to tap.
    fn replies(&self, file: &mut Definition, template: &Template) {
        let labels = template.buttons.iter().filter_map(|button| match button {
            Button::QuickReply { text } => Some(text.as_str()),
            _ => None,
        });
        let labels: Vec<&str> = labels.collect();
        for gone in file.keys(&["replies", "buttons"]).iter().filter(|label| !labels.contains(&label.as_str())) {
            file.remove(&["replies", "buttons", gone]);
        }
        for (i, label) in labels.iter().enumerate().filter(|(i, _)| self.has(&format!("reply.{i}.outcome"))) {
            let said = |part: &str| self.text(&format!("reply.{i}.{part}"));
            let place = |key| ["replies", "buttons", label, key];
            let (outcome, answer) = (said("outcome"), said("answer"));
            file.set(&place("outcome"), outcome);
            file.set(&place("answer"), &answer.replace('\r', ""));
            let decides = !(outcome.is_empty() && answer.is_empty());
            file.set_flag(&place("close"), decides && said("close") == "on");
        }
    }

    fn schedule(&self, file: &mut Definition) {
        let at = |text: &str| text.replace('T', " ");
        let (send, distance) = (self.text("send"), self.text("distance"));
        // A campaign that repeats goes on repeating until another time is chosen.
        if send != "every" {
            file.remove(&["schedule", "every"]);
            file.set(&["schedule", "at"], &if send == "at" { at(self.text("at")) } else { String::new() });
            let relative = matches!(send, "before" | "after") && !distance.is_empty();
            file.set(&["schedule", "send"], &if relative { format!("{distance} {send}") } else { String::new() });
        }
        let latest = self.text("latest");
        let side = if self.is("latest_side", "after") { "after" } else { "before" };
        file.set(&["schedule", "latest"], &if latest.is_empty() { String::new() } else { format!("{latest} {side}") });
        file.set(&["schedule", "until"], &at(self.text("until")));
        self.hours(file);
    }

    fn hours(&self, file: &mut Definition) {
        let section = ["schedule", "hours"];
        let kept = file.keys(&section).into_iter().filter(|key| !matches!(key.as_str(), "outside" | "holidays"));
        let days: Vec<String> = kept.chain(OFFERED_DAYS.map(str::to_owned)).collect();
        let mut opens = false;
        for day in &days {
            let field = format!("hours.{day}");
            if self.has(&field) {
                file.set(&["schedule", "hours", day], self.text(&field));
            }
            opens |= file.has(&["schedule", "hours", day]);
        }
        if !opens {
            // Without a day there are no hours that anything could be outside of.
            return file.remove(&section);
        }
        if self.has("holidays") && !self.is("holidays", OWN) {
            file.set(&["schedule", "hours", "holidays"], self.text("holidays"));
        }
        if self.has("outside") {
            file.set(&["schedule", "hours", "outside"], self.text("outside"));
        }
    }

    fn route(&self, file: &mut Definition) {
        match self.text("route").strip_prefix("column:") {
            Some(column) => file.set_column(&["replies", "route"], column),
            None => file.set(&["replies", "route"], self.text("route")),
        }
        if self.has("close_after") {
            file.set(&["replies", "close_after"], self.text("close_after"));
        }
    }

    fn limits(&self, file: &mut Definition, currency: &str) {
        let budget = self.text("budget").replace(',', ".");
        let monthly = if self.is("budget_monthly", "on") { " per month" } else { "" };
        let said = if budget.is_empty() { String::new() } else { format!("{budget} {currency}{monthly}") };
        file.set(&["limits", "budget"], &said);
        file.set(&["limits", "canary"], self.text("canary"));
        for key in ["at_most", "sent_elsewhere"] {
            if self.has(key) {
                file.set(&["limits", key], self.text(key));
            }
        }
    }
}
