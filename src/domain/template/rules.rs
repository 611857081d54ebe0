//! What a template must be before a provider is asked to approve it (cloud-api.md 1.7, 4.3). Everything that is wrong is
//! told at once, each with the field that it is about.

mod special;

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::draft::{Draft, DraftButton, DraftHeader};
use super::parts::LONGEST_OFFER_BODY;
use super::{Category, ParameterFormat, language, parameters};
use crate::domain::problem::Problem;

const LONGEST_NAME: usize = 512;
const LONGEST_BODY: usize = 1024;
/// Header and footer.
const LONGEST_LINE: usize = 60;
const LONGEST_LABEL: usize = 25;
const LONGEST_PHONE: usize = 20;
const LONGEST_URL: usize = 2000;
const LONGEST_CODE: usize = 20;
const MOST_BUTTONS: usize = 10;
const MOST_URLS: usize = 2;

/// Seconds a message of the category may wait for its phone: from, to.
pub const fn time_to_live(category: Category) -> (i64, i64) {
    match category {
        Category::Authentication => (30, 900),
        Category::Utility | Category::Service => (30, 43_200),
        Category::Marketing => (43_200, 2_592_000),
    }
}

/// Everything that is wrong with `draft`; empty when it may be submitted.
pub fn check(draft: &Draft) -> Vec<Problem> {
    let mut problems = Problems(Vec::new());
    problems.identity(draft);
    if draft.category == Category::Authentication {
        problems.code(draft);
        problems.life(draft);
        return problems.0;
    }
    if draft.code.is_some() {
        problems.add("template_rule_code_category", "category", &[]);
    }
    problems.header(draft);
    problems.body(draft);
    problems.footer(draft);
    problems.buttons("buttons", &draft.buttons);
    problems.examples("", (&draft.variables(), &draft.examples));
    problems.special(draft);
    problems.life(draft);
    problems.0
}

/// Whether `name` is what templates are called.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, code: &str, field: &str, more: &[(&str, &str)]) {
        let mut args = vec![("field", field)];
        args.extend_from_slice(more);
        self.0.push(Problem::new(code, &args));
    }

    fn identity(&mut self, draft: &Draft) {
        if !is_name(&draft.name) {
            let meant = suggested(&draft.name);
            if draft.name.get(..LONGEST_NAME) == Some(meant.as_str()) {
                // Nothing but its length is wrong with it.
                self.length("name", &draft.name, LONGEST_NAME);
            } else if meant.is_empty() {
                self.add("template_rule_name", "name", &[]);
            } else {
                self.add("template_rule_name_meant", "name", &[("name", &draft.name), ("meant", &meant)]);
            }
        }
        if !language::is_code(&draft.language) {
            match language::meant(&draft.language) {
                Some(meant) => {
                    let args = [("language", draft.language.as_str()), ("meant", meant)];
                    self.add("template_rule_language_meant", "language", &args);
                }
                None => self.add("template_rule_language", "language", &[("language", &draft.language)]),
            }
        }
        match draft.category {
            Category::Marketing | Category::Utility | Category::Authentication => {}
            Category::Service => self.add("template_rule_category", "category", &[]),
        }
    }

    /// The text of a one-time code is WhatsApp's own: nothing of it is written here.
    fn code(&mut self, draft: &Draft) {
        let writes = draft.header.is_some() || draft.footer.is_some() || !draft.buttons.is_empty();
        if writes || !draft.body.trim().is_empty() || !draft.examples.is_empty() {
            self.add("template_rule_code_text", "body", &[]);
        }
        match &draft.code {
            Some(terms) => self.0.extend(terms.check()),
            None => self.add("template_rule_code_missing", "code", &[]),
        }
    }

    fn header(&mut self, draft: &Draft) {
        match &draft.header {
            Some(DraftHeader::Text { text }) => {
                self.line("header", text);
                self.braces("header", text);
                if parameters(text).len() > 1 {
                    self.add("template_rule_header_variables", "header", &[]);
                }
                self.names(draft.format, "header", text);
            }
            Some(DraftHeader::Image { sample } | DraftHeader::Video { sample } | DraftHeader::Document { sample })
                if sample.trim().is_empty() =>
            {
                self.add("template_rule_sample", "header", &[]);
            }
            _ => {}
        }
    }

    fn footer(&mut self, draft: &Draft) {
        let Some(footer) = &draft.footer else { return };
        self.line("footer", footer);
        if footer.contains("{{") {
            self.add("template_rule_footer_variables", "footer", &[]);
        }
    }

    /// One line of text: header and footer.
    fn line(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add("template_rule_empty", field, &[("field_key", &format!("template_field.{field}"))]);
        }
        self.length(field, text, LONGEST_LINE);
        if text.contains(['\n', '\r', '\t', '\0']) {
            self.add("template_rule_one_line", field, &[("field_key", &format!("template_field.{field}"))]);
        }
    }

    fn length(&mut self, field: &str, text: &str, limit: usize) {
        let n = text.chars().count();
        if n > limit {
            let (n, limit, key) = (n.to_string(), limit.to_string(), format!("template_field.{field}"));
            self.add("template_rule_long", field, &[("field_key", &key), ("length", &n), ("limit", &limit)]);
        }
    }

    fn body(&mut self, draft: &Draft) {
        let body = &draft.body;
        if body.trim().is_empty() {
            self.add("template_rule_empty", "body", &[("field_key", "template_field.body")]);
            return;
        }
        let longest = if draft.offer.is_some() { LONGEST_OFFER_BODY } else { LONGEST_BODY };
        self.length("body", body, longest);
        self.text(("body", draft.format), body);
    }

    /// The text of a template or of a card: its variables and its shape.
    fn text(&mut self, (field, format): (&str, ParameterFormat), body: &str) {
        if body.contains('\0') {
            self.add("template_rule_braces", field, &[("field_key", "template_field.body")]);
        }
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
    fn braces(&mut self, field: &str, text: &str) {
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
            self.add("template_rule_braces", field, &[("field_key", &format!("template_field.{part}"))]);
        }
    }

    /// Numbers run from 1 without a gap; names are lower-case words.
    fn names(&mut self, format: ParameterFormat, field: &str, text: &str) {
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

    fn buttons(&mut self, field: &str, buttons: &[DraftButton]) {
        let count = |kind: &str| buttons.iter().filter(|b| b.kind() == kind).count();
        for (code, n, limit) in [
            ("template_rule_buttons", buttons.len(), MOST_BUTTONS),
            ("template_rule_urls", count("url"), MOST_URLS),
            ("template_rule_phones", count("phone_number"), 1),
            ("template_rule_codes", count("copy_code"), 1),
        ] {
            if n > limit {
                self.add(code, field, &[("given", &n.to_string())]);
            }
        }
        let groups = buttons.chunk_by(|a, b| (a.kind() == "quick_reply") == (b.kind() == "quick_reply"));
        if groups.filter(|group| group[0].kind() == "quick_reply").count() > 1 {
            self.add("template_rule_apart", field, &[]);
        }
        for (i, button) in buttons.iter().enumerate() {
            let label = button.text().trim();
            if !label.is_empty() && buttons[..i].iter().any(|before| before.text().trim() == label) {
                self.add("template_rule_same_label", &format!("{field}.{i}"), &[("label", label)]);
            }
            self.button(&format!("{field}.{i}"), &(i + 1).to_string(), button);
        }
    }

    fn button(&mut self, field: &str, no: &str, button: &DraftButton) {
        let label = button.text();
        let length = label.chars().count();
        let needs_label =
            !matches!(button, DraftButton::CopyCode { .. } | DraftButton::Catalog | DraftButton::Products);
        if needs_label && (label.trim().is_empty() || length > LONGEST_LABEL || label.contains(['\n', '{', '\0'])) {
            self.add("template_rule_label", field, &[("no", no)]);
        }
        match button {
            DraftButton::QuickReply { .. } | DraftButton::Catalog | DraftButton::Products => {}
            DraftButton::Url { url, example, .. } => self.url(field, no, (url, example)),
            DraftButton::PhoneNumber { phone_number, .. } => {
                let digits = phone_number.bytes().filter(u8::is_ascii_digit).count();
                let fits = phone_number.starts_with('+')
                    && (7..=LONGEST_PHONE).contains(&digits)
                    && phone_number.bytes().all(|b| b.is_ascii_digit() || b"+- ()".contains(&b));
                if !fits {
                    self.add("template_rule_phone", field, &[("no", no)]);
                }
            }
            DraftButton::CopyCode { example } => {
                let fits =
                    (1..=LONGEST_CODE).contains(&example.chars().count()) && !example.contains([' ', '\n', '\0']);
                if !fits {
                    self.add("template_rule_code", field, &[("no", no)]);
                }
            }
        }
    }

    fn url(&mut self, field: &str, no: &str, (url, example): (&str, &str)) {
        let is_web = |text: &str| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('{'))
                && text.len() <= LONGEST_URL
                && !text.contains([' ', '\n', '\0'])
        };
        if !is_web(url) {
            self.add("template_rule_url", field, &[("no", no)]);
        }
        if !url.contains("{{") {
            return;
        }
        if parameters(url) != ["1"] || !url.ends_with("{{1}}") || url.matches("{{").count() > 1 {
            self.add("template_rule_url_variable", field, &[("no", no)]);
        }
        let start = url.split("{{").next().unwrap_or_default();
        if !is_web(example) || !example.starts_with(start) || example.len() == start.len() {
            self.add("template_rule_url_example", field, &[("no", no)]);
        }
    }

    /// `of` is where they stand: nothing, or a card with a point behind it.
    fn examples(&mut self, of: &str, (variables, examples): (&[String], &BTreeMap<String, String>)) {
        for name in variables {
            let example = examples.get(name).map(|e| e.trim()).unwrap_or_default();
            if example.is_empty() {
                self.add("template_rule_example", &format!("{of}examples.{name}"), &[("name", name)]);
            } else if example.contains(['\n', '\r', '\t', '\0']) || example.contains("{{") {
                self.add("template_rule_example_line", &format!("{of}examples.{name}"), &[("name", name)]);
            }
        }
    }

    fn life(&mut self, draft: &Draft) {
        let (from, to) = time_to_live(draft.category);
        if draft.time_to_live_s.is_some_and(|s| !(from..=to).contains(&s)) {
            let category = format!("category.{}", draft.category.as_str());
            let (from, to) = (from.to_string(), to.to_string());
            let more = [("category_key", category.as_str()), ("from", &from), ("to", &to)];
            self.add("template_rule_life", "time_to_live_s", &more);
        }
    }
}

/// What a name was meant to be: `Promo Niños` is `promo_ninos`.
fn suggested(name: &str) -> String {
    let mut out = String::new();
    let letters = name.trim().nfd().filter(|c| !is_combining_mark(*c));
    for c in letters.flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(LONGEST_NAME);
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
