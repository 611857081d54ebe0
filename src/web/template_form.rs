//! The form that a template is written in: new, or the new text of one that is there.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::template::code::{CodeApp, CodeTerms, CodeWay};
use crate::domain::template::draft::{Draft, DraftButton, DraftCard, DraftHeader};
use crate::domain::template::parts::Offer;
use crate::domain::template::{Category, ParameterFormat, rules};

/// Buttons that the form has room for beyond those that are there.
const SPARE_BUTTONS: usize = 3;

/// Meta allows ten.
const MOST_BUTTONS: usize = 10;

/// 30 days, in seconds.
const A_MONTH: i64 = 2_592_000;

/// What no rule takes, of hours that are none.
const NO_TIME: i64 = i64::MIN;

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
    code_way: String,
    code_label: String,
    code_advice: String,
    code_minutes: String,
    code_apps: String,
    offer: String,
    offer_ends: String,
    cards: String,
    /// Where the form goes, for a page that shows it again.
    pub action: String,
    /// The form's key.
    pub once: String,
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
    /// What is chosen of a one-time code.
    pub code: CodeTerms,
}

impl TemplateForm {
    /// The draft it says.
    pub fn draft(&self) -> Draft {
        let text = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        if let Some(code) = self.code() {
            return Draft {
                name: text(&self.name),
                language: text(&self.language),
                category: Category::Authentication,
                format: ParameterFormat::Positional,
                header: None,
                body: String::new(),
                footer: None,
                buttons: Vec::new(),
                examples: BTreeMap::new(),
                time_to_live_s: self.life(),
                code: Some(code),
                offer: None,
                cards: Vec::new(),
            };
        }
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
            code: None,
            offer: self.offer(),
            cards: self.cards(),
        }
    }

    fn offer(&self) -> Option<Offer> {
        let text = self.offer.trim().to_owned();
        Some(Offer { text, ends: !self.offer_ends.is_empty() }).filter(|offer| !offer.text.is_empty())
    }

    /// The cards as they are written. What is none makes one that breaks the rules, and is told so.
    fn cards(&self) -> Vec<DraftCard> {
        let text = self.cards.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let unread = || {
            vec![DraftCard {
                header: DraftHeader::Location,
                body: String::new(),
                buttons: Vec::new(),
                examples: BTreeMap::new(),
            }]
        };
        serde_json::from_str(text).unwrap_or_else(|_| unread())
    }

    /// What is chosen of a one-time code; the form's texts and buttons are none of it.
    fn code(&self) -> Option<CodeTerms> {
        if self.category != Category::Authentication.as_str() {
            return None;
        }
        let app = |line: &str| {
            let mut words = line.split_whitespace();
            let mut word = || words.next().unwrap_or_default().to_owned();
            CodeApp { package_name: word(), signature_hash: word() }
        };
        let minutes = self.code_minutes.trim();
        Some(CodeTerms {
            way: CodeWay::ALL.into_iter().find(|way| way.as_str() == self.code_way).unwrap_or_default(),
            label: self.code_label.trim().to_owned(),
            security_advice: !self.code_advice.is_empty(),
            // What is no number breaks the rule and is told so.
            good_for_minutes: (!minutes.is_empty()).then(|| minutes.parse().unwrap_or(-1)),
            apps: self.code_apps.lines().filter(|line| !line.trim().is_empty()).map(app).collect(),
        })
    }

    /// The same form with the header that a sample makes.
    pub fn with_sample(mut self, kind: &str, handle: &str) -> Self {
        kind.clone_into(&mut self.header_kind);
        handle.clone_into(&mut self.header_sample);
        self
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
                "catalog" => Some(DraftButton::Catalog),
                "products" => Some(DraftButton::Products),
                _ => None,
            }
        };
        self.button_kind.iter().enumerate().filter_map(button).collect()
    }

    /// Hours as seconds, or what no rule takes. The 30 days of a category whose range ends before them have a word.
    fn life(&self) -> Option<i64> {
        let hours = self.hours.trim().replace(',', ".");
        let category = Category::of_template(&self.category);
        let seconds = |hours: f64| match (hours * 3_600.0).round() as i64 {
            A_MONTH if category.is_some_and(rules::takes_month) => rules::MONTH,
            rules::MONTH => NO_TIME,
            seconds => seconds,
        };
        (!hours.is_empty()).then(|| hours.parse::<f64>().map_or(NO_TIME, seconds))
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
        let seconds = draft.time_to_live_s.map(|s| if s == rules::MONTH { A_MONTH } else { s });
        let hours = seconds.map(|s| s as f64 / 3_600.0).map(|hours| hours.to_string());
        let rows = (draft.buttons.len() + SPARE_BUTTONS).min(MOST_BUTTONS);
        let buttons = (0..rows).map(|i| row(i + 1, draft.buttons.get(i))).collect();
        let code = draft.code.clone().unwrap_or_else(|| CodeTerms { security_advice: true, ..CodeTerms::default() });
        let hours = hours.unwrap_or_default();
        Self { draft, header_kind, header_text, header_sample, hours, buttons, examples, code }
    }

    /// Apps of a one-time code, one a line.
    pub fn apps(&self) -> String {
        let line = |app: &CodeApp| format!("{} {}", app.package_name, app.signature_hash);
        self.code.apps.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Minutes that a one-time code is good for.
    pub fn minutes(&self) -> String {
        self.code.good_for_minutes.map(|minutes| minutes.to_string()).unwrap_or_default()
    }

    /// The cards as they are written; empty: there are none.
    pub fn cards(&self) -> String {
        if self.draft.cards.is_empty() {
            return String::new();
        }
        serde_json::to_string_pretty(&self.draft.cards).unwrap_or_default()
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
        Some(DraftButton::QuickReply { .. } | DraftButton::Catalog | DraftButton::Products) | None => {}
    }
    row
}
