//! How the file of a draft is read: what was guessed with its evidence, and the questions that only a person can answer.

use super::choices::{Form, choice};
use super::view::Select;
use crate::intake::audience::FileFacts;
use crate::preflight;

/// Encodings as a campaign file names them.
const ENCODINGS: [&str; 5] = ["UTF-8", "UTF-16", "Windows-1252", "Latin-1", "Mac Roman"];
/// Delimiters likewise, with the words of their sentences.
const DELIMITERS: [(&str, &str); 4] = [(",", "comma"), (";", "semicolon"), ("tab", "tab"), ("|", "pipe")];
/// Quotes likewise.
const QUOTES: [(&str, &str); 4] = [("\"", "double"), ("\\\"", "backslash"), ("'", "single"), ("none", "none")];

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
        let dates = named(&[("day first", "day_first"), ("month first", "month_first")], "preflight.dates");
        let asked = self.p.t("draft.reading.asked");
        vec![
            self.read_as("encoding", &encodings, &guessed("encoding")),
            self.read_as("delimiter", &named(&DELIMITERS, "preflight.delimiter"), &guessed("delimiter")),
            self.read_as("quote", &named(&QUOTES, "draft.reading.quotes"), &guessed("quote")),
            self.read_as("hidden_rows", &rows, &asked),
            self.read_as("total_rows", &rows, &asked),
            self.read_as("dates", &dates, &self.guessed_dates()),
        ]
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

    /// What was found out about the file, with its evidence.
    pub(super) fn facts(&self, facts: &FileFacts) -> Vec<String> {
        let p = self.p;
        let mut said = Vec::new();
        if let Some(sheet) = &facts.sheet {
            said.push(p.say("draft.reading.sheet_read", &[("sheet", sheet)]));
            if facts.sheets.len() > 1 {
                said.push(p.say("draft.reading.sheets", &[("sheets", &facts.sheets.join(", "))]));
            }
        } else {
            said.push(format!(
                "{}: {}",
                facts.encoding.name(),
                preflight::evidence_words(p.language, facts.encoding_evidence)
            ));
            let (rows, of) = (facts.rows_agreeing.to_string(), facts.rows_looked_at.to_string());
            let delimiter = self.guess_word(facts);
            said.push(p.say("draft.reading.cells", &[("delimiter", &delimiter), ("rows", &rows), ("of", &of)]));
        }
        let row = facts.header_row.to_string();
        said.push(p.say("draft.reading.header", &[("row", &row), ("names", &facts.header.join(", "))]));
        if !facts.title_lines.is_empty() {
            said.push(p.say("preflight.audience_titles", &[("titles", &facts.title_lines.join(" / "))]));
        }
        said
    }

    fn guess_word(&self, facts: &FileFacts) -> String {
        let word = serde_json::to_value(facts.delimiter).ok().and_then(|v| v.as_str().map(str::to_owned));
        let word = word.unwrap_or_default();
        self.p.word(&format!("preflight.delimiter.{word}"), &word)
    }
}
