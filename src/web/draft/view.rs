//! From the campaign file to the form's fields.

use std::collections::BTreeSet;

use super::choices::Form;
use crate::domain::template::parts::Takes;
use crate::domain::template::slot::{CardSlot, Slot};
use crate::domain::template::{Button, Header, Template};
use crate::intake::audience::FileFacts;
use crate::intake::definition::Definition;
use crate::web::file_facts;
use crate::web::page::Page;

/// What there is to choose from.
pub struct Known {
    /// Senders of the configuration.
    pub senders: Vec<String>,
    /// Teams of the configuration.
    pub teams: Vec<String>,
    /// Lists of holidays of the configuration.
    pub holidays: Vec<String>,
    /// Who can sign in.
    pub users: BTreeSet<String>,
    /// Of the sender's account.
    pub currency: String,
    /// Templates that can be sent.
    pub templates: Vec<Template>,
    /// The one that is chosen, whatever its state.
    pub template: Option<Template>,
    /// What was found out about the audience.
    pub facts: Option<FileFacts>,
    /// Sheets of the workbook.
    pub sheets: Vec<String>,
    /// The cells of the row that is looked at.
    pub cells: Vec<String>,
}

/// A place of a template that may show a file.
pub struct FilePlace {
    /// What follows the form's address: which place it is.
    pub query: String,
    /// What it is, in words.
    pub label: String,
    /// The file that is named there now; empty: none, or a link.
    pub name: String,
}

/// One thing to choose.
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What it says.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A field to choose from.
pub struct Select {
    /// Its name in the form.
    pub name: String,
    /// What it asks.
    pub label: String,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// A place of the template to be filled.
pub struct Place {
    /// Its name in the form, as `var.1`.
    pub field: String,
    /// The words around it in the template.
    pub around: (String, String),
    /// Its name in the template, in braces.
    pub name: String,
    /// Where its value comes from.
    pub columns: Vec<Choice>,
    /// How it is written.
    pub forms: Vec<Choice>,
    /// What stands where it is empty.
    pub otherwise: String,
    /// A text of one's own.
    pub own: String,
    /// Whether nothing is chosen yet.
    pub open: bool,
}

/// A button that can be tapped.
pub struct Reply {
    /// Its place among those that can be.
    pub no: usize,
    /// What it says.
    pub label: String,
    /// What it decides.
    pub outcomes: Vec<Choice>,
    /// What is answered.
    pub answer: String,
    /// Whether the exchange ends there.
    pub close: bool,
}

/// The form.
pub struct View {
    pub title: String,
    pub kinds: Vec<Choice>,
    pub senders: Vec<Choice>,
    pub templates: Vec<Choice>,
    pub template: Option<Template>,
    /// What was found out about the file.
    pub file: Vec<String>,
    /// How it is read.
    pub reading: Vec<Select>,
    pub header_row: String,
    /// The sheets to choose from; empty where there is one, or none.
    pub sheets: Option<Select>,
    /// Whether somebody has said how it is read.
    pub is_told: bool,
    pub roles: Vec<Select>,
    pub only: String,
    pub country: String,
    pub area_code: String,
    pub timezone: String,
    pub cost_centre: String,
    pub cost_centre_column: Select,
    pub language_column: Select,
    pub places: Vec<Place>,
    pub head: Option<(String, Select)>,
    /// Where files may be brought.
    pub files: Vec<FilePlace>,
    pub send: Vec<Choice>,
    pub at: String,
    pub distance: String,
    pub latest: String,
    pub latest_after: bool,
    pub until: String,
    pub hours: Vec<(String, String, String)>,
    pub holidays: Select,
    pub outside: Select,
    pub routes: Select,
    pub close_after: String,
    pub replies: Vec<Reply>,
    pub budget: String,
    pub monthly: bool,
    pub currency: String,
    pub canary: String,
    pub at_most: Select,
    pub sent_elsewhere: Select,
}

/// The language that a campaign file names; where it comes from a column, what a row gets that names none.
pub fn language(file: &Definition) -> String {
    let one = file.text(&["template", "language"]);
    if one.is_empty() { file.text(&["template", "language", "otherwise"]) } else { one }
}

/// Whether a button takes a value.
pub fn takes(button: &Button) -> bool {
    button.takes() != Takes::Nothing
}

/// Where the campaign file has the value of a place.
pub fn slot_path(template: &Template, slot: &Slot) -> Vec<String> {
    let of = |path: &[&str]| path.iter().map(|&part| part.to_owned()).collect::<Vec<String>>();
    match slot {
        Slot::Products | Slot::FlowData(_) => {
            let is_it = |button: &Button| match slot {
                Slot::Products => button.takes() == Takes::Products,
                _ => button.takes() == Takes::Flow,
            };
            let index = template.buttons.iter().position(is_it).unwrap_or_default().to_string();
            let name = slot.to_string();
            [of(&["template", "buttons", &index]), name.split('.').map(str::to_owned).collect()].concat()
        }
        Slot::Card(no, CardSlot::Header) => {
            let is_video = template.cards.get(*no).is_some_and(|card| card.header == Some(Header::Video));
            of(&["template", "cards", &no.to_string(), if is_video { "video" } else { "image" }])
        }
        Slot::Card(no, CardSlot::Button(index)) => {
            of(&["template", "cards", &no.to_string(), "buttons", &index.to_string(), "url"])
        }
        plain => {
            std::iter::once("template".to_owned()).chain(plain.to_string().split('.').map(str::to_owned)).collect()
        }
    }
}

impl View {
    /// The form of a campaign file.
    pub fn of(p: &Page, file: &Definition, known: &Known) -> Self {
        let form = Form { p, file, known, header: known.facts.as_ref().map_or(&[][..], |facts| &facts.header) };
        let distance = file.text(&["schedule", "send"]);
        let latest = file.text(&["schedule", "latest"]);
        let budget = file.text(&["limits", "budget"]);
        Self {
            title: file.text(&["title"]),
            kinds: form.kinds(),
            senders: form.named(&["sender"], &known.senders),
            templates: form.templates(),
            template: known.template.clone(),
            file: known.facts.as_ref().map(|facts| file_facts::told(p, facts)).unwrap_or_default(),
            reading: form.reading(),
            header_row: file.whole(&["reading", "header_row"]).map_or_else(String::new, |row| row.to_string()),
            sheets: form.sheets(),
            is_told: file.has(&["reading"]),
            roles: form.roles(),
            only: file.text(&["columns", "only"]),
            country: file.text(&["country"]),
            area_code: file.text(&["area_code"]),
            timezone: file.text(&["timezone"]),
            cost_centre: file.text(&["cost_centre"]),
            cost_centre_column: form.column("cost_centre_column", "draft.from_column", &file.column(&["cost_centre"])),
            language_column: form.column(
                "language_column",
                "draft.language_column",
                &file.column(&["template", "language"]),
            ),
            places: form.places(),
            head: form.head(),
            files: form.files(),
            send: form.send(),
            at: local(&file.text(&["schedule", "at"])),
            distance: length(&distance).to_owned(),
            latest: length(&latest).to_owned(),
            latest_after: latest.ends_with("after"),
            until: local(&file.text(&["schedule", "until"])),
            hours: form.hours(),
            holidays: form.holidays(),
            outside: form.outside(),
            routes: form.routes(),
            close_after: file.text(&["replies", "close_after"]),
            replies: form.replies(),
            monthly: budget.ends_with("per month"),
            budget: budget.split_whitespace().next().unwrap_or_default().to_owned(),
            currency: known.currency.clone(),
            canary: file.text(&["limits", "canary"]),
            at_most: form.at_most(),
            sent_elsewhere: form.sent_elsewhere(),
        }
    }

    /// Whether something that the template needs is not chosen yet.
    pub fn is_open(&self) -> bool {
        self.template.is_none() || self.places.iter().any(|place| place.open)
    }
}

/// `24h` of `24h before`.
fn length(offset: &str) -> &str {
    offset.rsplit_once(' ').map_or("", |(length, _)| length)
}

/// `2026-12-01T10:00`, as browsers write it.
fn local(instant: &str) -> String {
    instant.replacen(' ', "T", 1)
}
