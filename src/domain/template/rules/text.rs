//! Texts of a template: their length, their characters, and how variables stand in them (cloud-api.md 4.3).

use std::collections::BTreeMap;

use super::{LONGEST_LINE, Problems};
use crate::domain::template::{ParameterFormat, fill_in, parameters};

impl Problems {
    /// One line of text: header and footer.
    pub(super) fn line(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add("template_rule_empty", field, &[("part_key", &format!("template_field.{field}"))]);
        }
        self.length(field, text, LONGEST_LINE);
        self.control(field, (&format!("template_field.{field}"), &[]), text);
        if text.contains(['\n', '\r', '\t']) {
            self.add("template_rule_one_line", field, &[("part_key", &format!("template_field.{field}"))]);
        }
    }

    pub(super) fn length(&mut self, field: &str, text: &str, limit: usize) {
        let n = text.chars().count();
        if n > limit {
            let (n, limit, key) = (n.to_string(), limit.to_string(), format!("template_field.{field}"));
            self.add("template_rule_long", field, &[("part_key", &key), ("length", &n), ("limit", &limit)]);
        }
    }

    /// With its examples a text is no longer than one may be; one that is too long by itself is told as that. `part` is
    /// what people call it, and `of` where its examples stand.
    pub(super) fn filled(
        &mut self,
        (part, of): ((&str, &[(&str, &str)]), &str),
        (text, limit): (&str, usize),
        examples: &BTreeMap<String, String>,
    ) {
        let example = |name: &str| examples.get(name).map(|example| example.trim().to_owned());
        let n = fill_in(text, example).chars().count();
        if n <= limit || text.chars().count() > limit {
            return;
        }
        let names = parameters(text).into_iter();
        let Some(longest) = names.max_by_key(|name| example(name).map_or(0, |example| example.chars().count())) else {
            return;
        };
        let (n, limit, (key, more)) = (n.to_string(), limit.to_string(), part);
        let args = [("part_key", key), ("length", &n), ("limit", &limit)];
        self.add("template_rule_filled", &format!("{of}examples.{longest}"), &[&args, more].concat());
    }

    /// Characters that nobody sees and no message carries. `key` is that of what people call the part, with what its words
    /// take. Breaks of lines and tabs have rules of their own.
    pub(super) fn control(&mut self, field: &str, (key, more): (&str, &[(&str, &str)]), text: &str) {
        let unseen = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        if let Some(unseen) = unseen {
            let code = format!("U+{:04X}", u32::from(unseen));
            self.add("template_rule_control", field, &[&[("part_key", key), ("character", &code)], more].concat());
        }
    }

    /// The text of a template or of a card: its variables and its shape.
    pub(super) fn text(&mut self, (field, format): (&str, ParameterFormat), body: &str) {
        self.braces_in(field, "body", body);
        // Long gaps are turned down in review (reported by users; not in Meta's documentation).
        if body.replace('\r', "").contains("\n\n\n\n\n") {
            self.add("template_rule_gaps", field, &[]);
        }
        let trimmed = body.trim();
        if trimmed.starts_with("{{") {
            self.add("template_rule_starts", field, &[]);
        }
        if trimmed.ends_with("}}") {
            self.add("template_rule_ends", field, &[]);
        }
        let beside = |piece: &str| piece.split_once("}}").is_some_and(|(_, between)| between.trim().is_empty());
        let pieces: Vec<&str> = body.split("{{").collect();
        if pieces.len() > 2 && pieces[1..pieces.len() - 1].iter().any(|piece| beside(piece)) {
            self.add("template_rule_adjacent", field, &[]);
        }
        self.names(format, field, body);
    }

    /// Each `{{` has its `}}`, with a name between.
    pub(super) fn braces(&mut self, field: &str, text: &str) {
        self.braces_in(field, field, text);
    }

    /// The same, of a part that people call `part`.
    fn braces_in(&mut self, field: &str, part: &str, text: &str) {
        let mut rest = text;
        let mut fits = true;
        while fits && let Some((before, after)) = rest.split_once("{{") {
            let name = after.split_once("}}");
            fits =
                !before.contains("}}") && name.is_some_and(|(name, _)| !name.trim().is_empty() && !name.contains('{'));
            rest = name.map_or("", |(_, tail)| tail);
        }
        if !fits || rest.contains("}}") {
            self.add("template_rule_braces", field, &[("part_key", &format!("template_field.{part}"))]);
        }
    }

    /// Numbers run from 1 without a gap; names are lower-case words.
    pub(super) fn names(&mut self, format: ParameterFormat, field: &str, text: &str) {
        let names = parameters(text);
        match format {
            ParameterFormat::Positional => {
                if let Some(name) = names.iter().find(|n| n.parse::<u32>().is_err()) {
                    self.add("template_rule_named", field, &[("name", name)]);
                } else if !(1..=names.len()).all(|no| names.contains(&no.to_string())) {
                    self.add("template_rule_gap", field, &[("variables", &names.join(", "))]);
                }
            }
            ParameterFormat::Named => {
                let is_word = |name: &str| {
                    name.starts_with(|c: char| c.is_ascii_lowercase())
                        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
                };
                if let Some(name) = names.iter().find(|name| !is_word(name)) {
                    self.add("template_rule_variable", field, &[("name", name)]);
                }
            }
        }
    }
}
