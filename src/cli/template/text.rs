//! A template as the terminal shows it.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::table::cell;
use crate::domain::template::{Button, TemplateStatus};
use crate::locale::{Language, say};

/// As a person would see it: usual values, else the examples that the provider approved, in place of its variables; below
/// that the text with its placeholders, where it has any.
pub(super) fn seen(t: &Value) -> String {
    let mut lines = title(t);
    lines.extend(body(&t["sample"]));
    let raw = body(t);
    if raw.iter().any(|line| line.contains("{{")) {
        lines.extend([String::new(), "  As it was written:".to_owned()]);
        lines.extend(raw.into_iter().map(|line| if line.is_empty() { line } else { format!("  {line}") }));
    }
    lines.join("\n") + "\n"
}

fn title(t: &Value) -> Vec<String> {
    let named = [cell(&t["account"]), cell(&t["category"]), status(&t["status"])];
    let told = named.iter().filter(|word| !word.is_empty()).fold(String::new(), |told, word| told + " · " + word);
    let mut lines = vec![format!("{} ({}){told}", cell(&t["name"]), cell(&t["language"]))];
    let told = ["reason", "advice"].map(|key| cell(&t[key]));
    lines.extend(told.into_iter().filter(|word| !word.is_empty()).map(|word| format!("  {word}")));
    lines.push(String::new());
    lines
}

/// The word of a status; the provider's own says whose it is.
pub(super) fn status(of: &Value) -> String {
    match TemplateStatus::deserialize(of) {
        Ok(status) => match status.unknown() {
            Some(word) => say(Language::En, "template_status.unknown", &[("status", word)]),
            None => status.word().to_owned(),
        },
        Err(_) => cell(of),
    }
}

/// Header to buttons, of a template or of what is seen of one.
fn body(t: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(text) = header(&t["header"]) {
        lines.extend([format!("  {text}"), String::new()]);
    }
    if let Some(text) = t["offer"]["text"].as_str() {
        lines.extend([format!("  {text}"), String::new()]);
    }
    lines.extend(cell(&t["body"]).lines().map(|line| format!("  {line}")));
    if let Some(footer) = t["footer"].as_str() {
        lines.extend([String::new(), format!("  {footer}")]);
    }
    lines.extend(buttons(t, "  "));
    for (card, no) in t["cards"].as_array().into_iter().flatten().zip(1..) {
        let kind = header(&card["header"]).map_or_else(String::new, |kind| format!("[{kind}] "));
        lines.push(format!("  ({no}) {kind}{}", cell(&card["body"])));
        lines.extend(buttons(card, "      "));
    }
    lines
}

/// A text, what is shown of another kind of header, or the word of its kind.
fn header(of: &Value) -> Option<&str> {
    of.as_str().or_else(|| of["text"].as_str()).or_else(|| of["kind"].as_str())
}

fn buttons(of: &Value, indent: &str) -> Vec<String> {
    let line = |button: &Value| {
        let target = button["url"].as_str().or_else(|| button["target"].as_str());
        let target = target.map_or_else(String::new, |target| format!(" → {target}"));
        // A template's button may have a label that nobody chose; what is seen of one has its label.
        let label = Button::deserialize(button).map_or_else(|_| cell(&button["text"]), |b| b.text().to_owned());
        format!("{indent}[{label}]{target}")
    };
    of["buttons"].as_array().into_iter().flatten().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{buttons, status};

    #[test]
    fn a_button_whose_label_nobody_chose_has_whatsapps() {
        let of = json!({"buttons": [{"kind": "copy_code", "text": ""}, {"kind": "catalog", "text": ""},
            {"kind": "products", "text": ""}, {"kind": "url", "text": "Ver", "url": "https://x.example/{{1}}"},
            {"text": "Copy offer code", "target": "SAVE20"}]});
        assert_eq!(
            buttons(&of, ""),
            [
                "[Copy offer code]",
                "[View catalog]",
                "[View items]",
                "[Ver] → https://x.example/{{1}}",
                "[Copy offer code] → SAVE20"
            ]
        );
    }

    #[test]
    fn a_status_that_nobody_knows_is_told_in_words_with_the_providers() {
        for (told, said) in [
            (json!("approved"), "approved"),
            (json!({"other": "archived"}), "archived"),
            (json!({"other": "shiny_new"}), "A status that Recado does not know: “shiny_new”"),
            (json!({"other": "not available yet: cards"}), "not available yet: cards"),
        ] {
            assert_eq!(status(&told), said);
        }
    }
}
