//! What was found out about an audience file, in words: each guess with what tells it.

use crate::intake::audience::{FileFacts, HeaderEvidence};
use crate::intake::columns::listed;
use crate::preflight;

use super::page::Page;

/// One sentence for each thing.
pub fn told(p: &Page, facts: &FileFacts) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(sheet) = &facts.sheet {
        said.push(p.say("draft.reading.sheet_read", &[("sheet", sheet)]));
        if facts.sheets.len() > 1 {
            said.push(p.say("draft.reading.sheets", &[("sheets", &facts.sheets.join(", "))]));
        }
    } else {
        let evidence = preflight::evidence_words(p.language, facts.encoding_evidence);
        said.push(format!("{}: {evidence}", facts.encoding.name()));
        let (rows, of) = (facts.rows_agreeing.to_string(), facts.rows_looked_at.to_string());
        let delimiter = delimiter(p, facts);
        said.push(p.say("draft.reading.cells", &[("delimiter", &delimiter), ("rows", &rows), ("of", &of)]));
    }
    let row = facts.header_row.to_string();
    let header = p.say("draft.reading.header", &[("row", &row), ("names", &listed(&facts.header))]);
    said.push(format!("{header} ({})", why(p, facts.header_evidence)));
    if !facts.title_lines.is_empty() {
        said.push(p.say("preflight.audience_titles", &[("titles", &facts.title_lines.join(" / "))]));
    }
    let role = |role: &str| p.word(&format!("preflight.column.{role}"), role);
    let columns = facts.columns.iter().filter(|(_, header)| !header.is_empty());
    let columns: Vec<String> = columns.map(|(column, header)| format!("{}: {header}", role(column))).collect();
    if !columns.is_empty() {
        said.push(columns.join(" · "));
    }
    said
}

/// Why that row was taken for the header.
fn why(p: &Page, evidence: HeaderEvidence) -> String {
    preflight::header_words(p.language, evidence)
}

fn delimiter(p: &Page, facts: &FileFacts) -> String {
    let word = serde_json::to_value(facts.delimiter).ok().and_then(|v| v.as_str().map(str::to_owned));
    let word = word.unwrap_or_default();
    p.word(&format!("preflight.delimiter.{word}"), &word)
}
