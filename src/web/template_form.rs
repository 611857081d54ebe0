//! The form that a template is written in: new, or the new text of one that is there.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::template::draft::{Draft, DraftButton, DraftHeader};
use crate::domain::template::{Category, ParameterFormat};

/// Buttons that the form has room for beyond those that are there.
const SPARE_BUTTONS: usize = 3;

/// Meta allows ten.
const MOST_BUTTONS: usize = 10;

/// What the form holds.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct TemplateForm {
    /// The account it is for.
    pub account: String,
    name: String,
    language: String,
    category: String,
    format: String,
    header_kind: String,
    header_text: String,
    header_sample: String,
    body: String,
    footer: String,
    hours: String,
    button_kind: Vec<String>,
    button_text: Vec<String>,
    button_target: Vec<String>,
    button_example: Vec<String>,
    variable: Vec<String>,
    example: Vec<String>,
}

/// One row of buttons.
pub struct ButtonRow {
    /// Its number, from 1.
    pub no: usize,
    /// Word of its kind; empty: none.
    pub kind: String,
    /// Label.
    pub text: String,
    /// URL or number.
    pub target: String,
    /// Example of the URL, or of the code.
    pub example: String,
}

/// The form's fields, as they are shown.
pub struct Fields {
    /// The draft.
    pub draft: Draft,
    /// Word of the header's kind; empty: none.
    pub header_kind: &'static str,
    /// Its text.
    pub header_text: String,
    /// Its sample.
    pub header_sample: String,
    /// Hours a message may wait; empty: the provider's default.
    pub hours: String,
    /// Buttons, with room for more.
    pub buttons: Vec<ButtonRow>,
    /// Variables with their examples.
    pub examples: Vec<(String, String)>,
}

impl TemplateForm {
    /// The draft it says.
    pub fn draft(&self) -> Draft {
        let text = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        let named = self.format == "named";
        let examples = self.variable.iter().cloned().zip(self.example.iter().map(|e| text(e)));
        Draft {
            name: text(&self.name),
            language: text(&self.language),
            category: Category::of_template(&self.category).unwrap_or(Category::Service),
            format: if named { ParameterFormat::Named } else { ParameterFormat::Positional },
            header: self.header(),
            body: text(&self.body),
            footer: Some(text(&self.footer)).filter(|f| !f.is_empty()),
            buttons: self.buttons(),
            examples: examples.filter(|(_, example)| !example.is_empty()).collect::<BTreeMap<_, _>>(),
            time_to_live_s: self.life(),
        }
    }

    fn header(&self) -> Option<DraftHeader> {
        let sample = self.header_sample.trim().to_owned();
        match self.header_kind.as_str() {
            "text" => Some(DraftHeader::Text { text: self.header_text.trim().to_owned() }),
            "image" => Some(DraftHeader::Image { sample }),
            "video" => Some(DraftHeader::Video { sample }),
            "document" => Some(DraftHeader::Document { sample }),
            "location" => Some(DraftHeader::Location),
            _ => None,
        }
    }

    fn buttons(&self) -> Vec<DraftButton> {
        let of = |all: &[String], i: usize| all.get(i).map(|t| t.trim().to_owned()).unwrap_or_default();
        let button = |(i, kind): (usize, &String)| {
            let text = of(&self.button_text, i);
            let (target, example) = (of(&self.button_target, i), of(&self.button_example, i));
            match kind.as_str() {
                "quick_reply" => Some(DraftButton::QuickReply { text }),
                "url" => Some(DraftButton::Url { text, url: target, example }),
                "phone_number" => Some(DraftButton::PhoneNumber { text, phone_number: target }),
                "copy_code" => Some(DraftButton::CopyCode { example }),
                _ => None,
            }
        };
        self.button_kind.iter().enumerate().filter_map(button).collect()
    }

    /// Whole hours, or what no rule takes.
    fn life(&self) -> Option<i64> {
        let hours = self.hours.trim().replace(',', ".");
        let seconds = |hours: f64| (hours * 3_600.0).round() as i64;
        (!hours.is_empty()).then(|| hours.parse::<f64>().map_or(-1, seconds))
    }
}

impl Fields {
    /// The fields of `draft`.
    pub fn of(draft: Draft) -> Self {
        let (header_kind, header_text, header_sample) = match &draft.header {
            None => ("", String::new(), String::new()),
            Some(DraftHeader::Text { text }) => ("text", text.clone(), String::new()),
            Some(DraftHeader::Image { sample }) => ("image", String::new(), sample.clone()),
            Some(DraftHeader::Video { sample }) => ("video", String::new(), sample.clone()),
            Some(DraftHeader::Document { sample }) => ("document", String::new(), sample.clone()),
            Some(DraftHeader::Location) => ("location", String::new(), String::new()),
        };
        let example = |name: String| (draft.examples.get(&name).cloned().unwrap_or_default(), name);
        let examples = draft.variables().into_iter().map(example).map(|(example, name)| (name, example)).collect();
        let hours = draft.time_to_live_s.map(|s| s as f64 / 3_600.0).map(|hours| hours.to_string());
        let rows = (draft.buttons.len() + SPARE_BUTTONS).min(MOST_BUTTONS);
        let buttons = (0..rows).map(|i| row(i + 1, draft.buttons.get(i))).collect();
        Self { header_kind, header_text, header_sample, hours: hours.unwrap_or_default(), buttons, examples, draft }
    }

    /// Whether numbers or names are used.
    pub fn named(&self) -> bool {
        self.draft.format == ParameterFormat::Named
    }
}

fn row(no: usize, button: Option<&DraftButton>) -> ButtonRow {
    let mut row = ButtonRow {
        no,
        kind: button.map(|b| b.kind().to_owned()).unwrap_or_default(),
        text: button.map(|b| b.text().to_owned()).unwrap_or_default(),
        target: String::new(),
        example: String::new(),
    };
    match button {
        Some(DraftButton::Url { url, example, .. }) => {
            row.target.clone_from(url);
            row.example.clone_from(example);
        }
        Some(DraftButton::PhoneNumber { phone_number, .. }) => row.target.clone_from(phone_number),
        Some(DraftButton::CopyCode { example }) => row.example.clone_from(example),
        Some(DraftButton::QuickReply { .. }) | None => {}
    }
    row
}
