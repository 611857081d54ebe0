//! How the file of a draft is read: what was guessed with its evidence, and the questions that only a person can answer.

use super::choices::{Form, choice};
use super::view::Select;
use crate::intake::audience::FileFacts;

/// Encodings as a campaign file names them.
const ENCODINGS: [&str; 6] = ["UTF-8", "UTF-16", "Windows-1252", "Latin-1", "Mac Roman", "CP850"];
/// Delimiters likewise, with the words of their sentences.
const DELIMITERS: [(&str, &str); 4] = [(",", "comma"), (";", "semicolon"), ("tab", "tab"), ("|", "pipe")];
/// Quotes likewise.
const QUOTES: [(&str, &str); 4] = [("\"", "double"), ("\\\"", "backslash"), ("'", "single"), ("none", "none")];

/// Orders of dates likewise.
const DATES: [(&str, &str); 3] =
    [("day first", "day_first"), ("month first", "month_first"), ("year first", "year_first")];

impl Form<'_> {
    /// The fields of `[reading]`. What is left to itself says what was guessed.
    pub(super) fn reading(&self) -> Vec<Select> {
        let facts = self.known.facts.as_ref().filter(|facts| facts.sheet.is_none());
        let named = |words: &[(&str, &str)], of: &str| -> Vec<(String, String)> {
            words.iter().map(|(value, word)| ((*value).to_owned(), self.p.t(&format!("{of}.{word}")))).collect()
        };
        let guessed = |key: &str| facts.map(|facts| self.guess(key, facts)).unwrap_or_default();
        let encodings = ENCODINGS.map(|name| (name.to_owned(), name.to_owned())).to_vec();
        let rows = named(&[("leave out", "leave_out"), ("take", "take")], "draft.reading");
        let merged = named(&[("fill", "fill"), ("leave", "leave")], "draft.reading");
        let dates = named(&DATES, "preflight.dates");
        let asked = self.p.t("draft.reading.asked");
        let (phones, meant) = ([("take", "are_phones")], [("take", "is_meant")]);
        vec![
            self.read_as("encoding", &encodings, &guessed("encoding")),
            self.read_as("delimiter", &named(&DELIMITERS, "preflight.delimiter"), &guessed("delimiter")),
            self.read_as("quote", &named(&QUOTES, "draft.reading.quotes"), &guessed("quote")),
            self.read_as("hidden_rows", &rows, &asked),
            self.read_as("total_rows", &rows, &asked),
            self.read_as("merged_cells", &merged, &asked),
            self.read_as("identity_numbers", &named(&phones, "draft.reading"), &asked),
            self.read_as("unlike_example", &named(&meant, "draft.reading"), &asked),
            self.read_as("dates", &dates, &self.guessed_dates()),
        ]
    }

    /// The sheet to choose, of a workbook that has several.
    pub(super) fn sheets(&self) -> Option<Select> {
        let chosen = self.file.text(&["reading", "sheet"]);
        if self.known.sheets.len() < 2 && chosen.is_empty() {
            return None;
        }
        let read = self.known.facts.as_ref().and_then(|facts| facts.sheet.as_deref());
        let usual = match read {
            Some(sheet) => self.p.say("draft.reading.guessed", &[("guess", sheet)]),
            None => self.p.t("draft.reading.choose_sheet"),
        };
        let mut choices = vec![choice("", &usual, &chosen)];
        choices.extend(self.known.sheets.iter().map(|sheet| choice(sheet, sheet, &chosen)));
        if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(&chosen, &chosen, &chosen));
        }
        Some(Select { name: "read.sheet".to_owned(), label: self.p.t("draft.reading.sheet"), choices })
    }

    fn read_as(&self, key: &str, words: &[(String, String)], usual: &str) -> Select {
        let chosen = self.file.text(&["reading", key]);
        let usual = if usual.is_empty() { self.p.t("draft.reading.by_itself") } else { usual.to_owned() };
        let mut choices = vec![choice("", &usual, &chosen)];
        choices.extend(words.iter().map(|(value, label)| choice(value, label, &chosen)));
        if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(&chosen, &chosen, &chosen));
        }
        let label = self.p.t(&format!("draft.reading.{key}"));
        Select { name: format!("read.{key}"), label, choices }
    }

    fn guess(&self, key: &str, facts: &FileFacts) -> String {
        let told = |of: &str, word: serde_json::Result<serde_json::Value>| {
            let word = word.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            self.p.t(&format!("{of}.{word}"))
        };
        let guess = match key {
            "encoding" => facts.encoding.name().to_owned(),
            "delimiter" => told("preflight.delimiter", serde_json::to_value(facts.delimiter)),
            _ => told("draft.reading.quotes", serde_json::to_value(facts.quote)),
        };
        self.p.say("draft.reading.guessed", &[("guess", &guess)])
    }

    fn guessed_dates(&self) -> String {
        let dates = self.known.facts.as_ref().and_then(|facts| facts.dates);
        let word = dates.and_then(|d| serde_json::to_value(d).ok()).and_then(|v| v.as_str().map(str::to_owned));
        word.map_or_else(String::new, |word| {
            let guess = self.p.t(&format!("preflight.dates.{word}"));
            self.p.say("draft.reading.guessed", &[("guess", &guess)])
        })
    }
}
