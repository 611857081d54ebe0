//! What a template must be before a provider is asked to approve it (cloud-api.md 1.7, 4.3). Everything that is wrong is
//! told at once, each with the field that it is about.

mod special;
mod text;
pub mod words;

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::draft::{Draft, DraftButton, DraftHeader};
use super::parts::LONGEST_OFFER_BODY;
use super::{Category, language, parameters};
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

/// In place of seconds: a message waits for 30 days, longer than the range of its category (cloud-api.md 1.7).
pub const MONTH: i64 = -1;

/// Seconds a message of the category may wait for its phone: from, to.
pub const fn time_to_live(category: Category) -> (i64, i64) {
    match category {
        Category::Authentication => (30, 900),
        Category::Utility | Category::Service => (30, 43_200),
        Category::Marketing => (43_200, 2_592_000),
    }
}

/// Whether a template of the category may say [`MONTH`].
pub const fn takes_month(category: Category) -> bool {
    matches!(category, Category::Authentication | Category::Utility)
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
            Some(terms) => {
                self.0.extend(terms.check());
                self.control("code.label", ("template_field.code_label", &[]), &terms.label);
            }
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
                self.filled((("template_field.header", &[]), ""), (text, LONGEST_LINE), &draft.examples);
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

    fn body(&mut self, draft: &Draft) {
        let body = &draft.body;
        if body.trim().is_empty() {
            self.add("template_rule_empty", "body", &[("part_key", "template_field.body")]);
            return;
        }
        let longest = if draft.offer.is_some() { LONGEST_OFFER_BODY } else { LONGEST_BODY };
        self.length("body", body, longest);
        self.filled((("template_field.body", &[]), ""), (body, longest), &draft.examples);
        self.control("body", ("template_field.body", &[]), body);
        self.text(("body", draft.format), body);
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
        if needs_label && (label.trim().is_empty() || length > LONGEST_LABEL || label.contains('{')) {
            self.add("template_rule_label", field, &[("no", no)]);
        }
        let part = |word: &str| format!("template_field.{word}");
        if label.contains(['\n', '\r', '\t']) {
            self.add("template_rule_one_line", field, &[("part_key", &part("button_label")), ("no", no)]);
        }
        self.control(field, (&part("button_label"), &[("no", no)]), label);
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
                    (1..=LONGEST_CODE).contains(&example.chars().count()) && !example.contains(char::is_whitespace);
                if !fits {
                    self.add("template_rule_code", field, &[("no", no)]);
                }
                self.control(field, (&part("button_code"), &[("no", no)]), example);
            }
        }
    }

    fn url(&mut self, field: &str, no: &str, (url, example): (&str, &str)) {
        self.address(field, no, ("button_url", url));
        if !url.contains("{{") {
            return;
        }
        if parameters(url) != ["1"] || !url.ends_with("{{1}}") || url.matches("{{").count() > 1 {
            self.add("template_rule_url_variable", field, &[("no", no)]);
        }
        let start = url.split("{{").next().unwrap_or_default();
        if example.trim().is_empty() {
            self.add("template_rule_url_example", field, &[("no", no)]);
        } else if !example.starts_with(start) {
            self.add("template_rule_url_example_other", field, &[("no", no), ("start", start), ("example", example)]);
        } else if example.len() == start.len() {
            self.add("template_rule_url_example_short", field, &[("no", no), ("example", example)]);
        } else {
            self.address(field, no, ("button_example", example));
        }
    }

    /// The address of a button, or its example: `word` is that of what people call it.
    fn address(&mut self, field: &str, no: &str, (word, text): (&str, &str)) {
        let key = format!("template_field.{word}");
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let n = text.chars().count();
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('{')) {
            self.add("template_rule_url", field, &[("no", no)]);
        } else if text.contains(char::is_whitespace) {
            self.add("template_rule_url_space", field, &[("part_key", &key), ("no", no)]);
        }
        if n > LONGEST_URL {
            let (length, limit) = (n.to_string(), LONGEST_URL.to_string());
            let more = [("part_key", key.as_str()), ("no", no), ("length", &length), ("limit", &limit)];
            self.add("template_rule_long", field, &more);
        }
        self.control(field, (&key, &[("no", no)]), text);
    }

    /// `of` is where they stand: nothing, or a card with a point behind it.
    fn examples(&mut self, of: &str, (variables, examples): (&[String], &BTreeMap<String, String>)) {
        for name in variables {
            let example = examples.get(name).map(|e| e.trim()).unwrap_or_default();
            if example.is_empty() {
                self.add("template_rule_example", &format!("{of}examples.{name}"), &[("name", name)]);
            } else if example.contains(['\n', '\r', '\t']) || example.contains("{{") {
                self.add("template_rule_example_line", &format!("{of}examples.{name}"), &[("name", name)]);
            }
            self.control(&format!("{of}examples.{name}"), ("template_field.example", &[("name", name)]), example);
        }
    }

    fn life(&mut self, draft: &Draft) {
        let (from, to) = time_to_live(draft.category);
        let takes_month = takes_month(draft.category);
        let fits = |s: i64| (from..=to).contains(&s) || (takes_month && s == MONTH);
        if draft.time_to_live_s.is_some_and(|s| !fits(s)) {
            let category = format!("category.{}", draft.category.as_str());
            let (from, to, month) = (from.to_string(), to.to_string(), MONTH.to_string());
            let more = [("category_key", category.as_str()), ("from", &from), ("to", &to), ("month", &month)];
            let code = if takes_month { "template_rule_life_month" } else { "template_rule_life" };
            self.add(code, "time_to_live_s", &more);
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
