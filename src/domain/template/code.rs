//! Templates for one-time codes (authentication): their text is WhatsApp's own, in each language; what can be chosen is
//! how the code gets into an app, what its button says, and for how long the code is good (cloud-api.md 4.2).

use serde::{Deserialize, Serialize};

use crate::domain::problem::Problem;

/// Longest label of the button.
const LONGEST_LABEL: usize = 25;

/// Minutes that WhatsApp may say a code is good for (gupshup-zenvia.md 2.6; Meta's are the same).
const MINUTES: std::ops::RangeInclusive<i64> = 1..=90;

/// Characters of an app's signature hash.
const HASH: usize = 11;

/// Apps that a template may name.
const MOST_APPS: usize = 5;

/// Longest code that WhatsApp takes (cloud-api.md 1.3).
pub const LONGEST_CODE: usize = 15;

/// How a one-time code gets where it is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeWay {
    /// The person copies it.
    #[default]
    CopyCode,
    /// A tap fills it into the app.
    OneTap,
    /// It is filled into the app without a tap.
    ZeroTap,
}

impl CodeWay {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::CopyCode, Self::OneTap, Self::ZeroTap];

    /// The word in API and forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CopyCode => "copy_code",
            Self::OneTap => "one_tap",
            Self::ZeroTap => "zero_tap",
        }
    }

    /// The provider's word.
    pub const fn on_the_wire(self) -> &'static str {
        match self {
            Self::CopyCode => "COPY_CODE",
            Self::OneTap => "ONE_TAP",
            Self::ZeroTap => "ZERO_TAP",
        }
    }
}

/// An Android app that a code may be filled into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeApp {
    /// Its package, as `com.example.app`.
    pub package_name: String,
    /// The hash of its signing key, 11 characters.
    pub signature_hash: String,
}

/// What can be chosen of a template for one-time codes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeTerms {
    /// How the code gets where it is needed.
    #[serde(default)]
    pub way: CodeWay,
    /// What the button says; empty: WhatsApp's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Whether the text adds that the code is for nobody else.
    #[serde(default)]
    pub security_advice: bool,
    /// Minutes that the footer says the code is good for; left out: it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_for_minutes: Option<i64>,
    /// Apps it may be filled into, where it is not copied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<CodeApp>,
}

impl CodeTerms {
    /// What is wrong with it; empty: nothing.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |code: &str, field: &str| problems.push(Problem::new(code, &[("field", field)]));
        if self.label.chars().count() > LONGEST_LABEL || self.label.contains(['\n', '{']) {
            add("template_rule_code_label", "code.label");
        }
        if self.good_for_minutes.is_some_and(|minutes| !MINUTES.contains(&minutes)) {
            add("template_rule_code_minutes", "code.good_for_minutes");
        }
        let needs_app = self.way != CodeWay::CopyCode;
        if needs_app == self.apps.is_empty() || self.apps.len() > MOST_APPS {
            add("template_rule_code_apps", "code.apps");
        } else if !self.apps.iter().all(CodeApp::is_whole) {
            add("template_rule_code_app", "code.apps");
        }
        problems
    }

    /// The text as a person may expect it, which the provider words itself once it is approved.
    pub fn text(&self, language: &str) -> (String, Option<String>, String) {
        let (text, advice, good, label) = match language.split('_').next() {
            Some("es") => (
                "Su código de verificación es {{1}}.",
                " Por su seguridad, no lo comparta.",
                "Este código vence en {n} minutos.",
                "Copiar código",
            ),
            Some("pt") => (
                "Seu código de verificação é {{1}}.",
                " Para sua segurança, não o compartilhe.",
                "Este código expira em {n} minutos.",
                "Copiar código",
            ),
            _ => (
                "{{1}} is your verification code.",
                " For your security, do not share this code.",
                "This code expires in {n} minutes.",
                "Copy code",
            ),
        };
        let body = if self.security_advice { format!("{text}{advice}") } else { text.to_owned() };
        let footer = self.good_for_minutes.map(|minutes| good.replace("{n}", &minutes.to_string()));
        let label = if self.label.is_empty() { label.to_owned() } else { self.label.clone() };
        (body, footer, label)
    }
}

impl CodeApp {
    /// `com.example.app`: at least two parts, each beginning with a letter; a hash of 11 characters of Base64.
    fn is_whole(&self) -> bool {
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        self.package_name.contains('.')
            && self.package_name.split('.').all(is_part)
            && self.signature_hash.len() == HASH
            && self.signature_hash.bytes().all(is_base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(package: &str, hash: &str) -> CodeApp {
        CodeApp { package_name: package.to_owned(), signature_hash: hash.to_owned() }
    }

    #[test]
    fn what_is_chosen_of_a_code_is_checked() {
        let good = app("com.example.app", "K8a/AINcGX7");
        let tap = CodeTerms { way: CodeWay::OneTap, apps: vec![good.clone()], ..CodeTerms::default() };
        for (terms, codes) in [
            (CodeTerms::default(), vec![]),
            (CodeTerms { good_for_minutes: Some(5), security_advice: true, ..CodeTerms::default() }, vec![]),
            (tap.clone(), vec![]),
            (CodeTerms { good_for_minutes: Some(91), ..CodeTerms::default() }, vec!["template_rule_code_minutes"]),
            (CodeTerms { label: "x".repeat(26), ..CodeTerms::default() }, vec!["template_rule_code_label"]),
            (CodeTerms { apps: Vec::new(), ..tap.clone() }, vec!["template_rule_code_apps"]),
            (CodeTerms { apps: vec![good], ..CodeTerms::default() }, vec!["template_rule_code_apps"]),
            (CodeTerms { apps: vec![app("example", "K8a/AINcGX7")], ..tap.clone() }, vec!["template_rule_code_app"]),
            (CodeTerms { apps: vec![app("com.example", "short")], ..tap }, vec!["template_rule_code_app"]),
        ] {
            let found: Vec<String> = terms.check().into_iter().map(|p| p.code).collect();
            assert_eq!(found, codes, "{terms:?}");
        }
    }

    #[test]
    fn every_language_has_the_code_in_its_text() {
        let terms = CodeTerms { good_for_minutes: Some(5), ..CodeTerms::default() };
        for language in ["es_AR", "pt_BR", "en_US", "de"] {
            let (body, footer, label) = terms.text(language);
            assert!(body.contains("{{1}}") && footer.is_some_and(|f| f.contains('5')) && !label.is_empty());
        }
    }
}
