//! The report as a table for a terminal.

use super::report::{CostReport, ReportLine};
use crate::locale::{Language, say};
use crate::store::cost::CostKey;

/// Columns of figures, after the keys: the currency, then these.
const FIGURES: [&str; 4] = ["messages", "open", "reserved", "charged"];

/// The report as an aligned table with a total per currency.
pub fn text(report: &CostReport, language: Language) -> String {
    if report.lines.is_empty() {
        return say(language, "costs.empty", &[("month", &report.month)]) + "\n";
    }
    let mut rows = vec![header(report, language)];
    rows.extend(report.lines.iter().map(|line| row(report, line, language)));
    let body_ends = rows.len();
    let keys = report.by.len();
    rows.extend(report.totals.iter().map(|total| {
        let label = (0..keys).map(|i| if i == 0 { say(language, "costs.total", &[]) } else { String::new() });
        label.chain(figures(total)).collect()
    }));
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|r: &Vec<String>| r[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (columns - 1)) + "\n";
    let mut out = say(language, "costs.title", &[("month", &report.month)]) + "\n\n";
    for (i, row) in rows.iter().enumerate() {
        if i == 1 || i == body_ends {
            out.push_str(&rule);
        }
        out.push_str(&aligned(row, &widths, keys));
    }
    out
}

fn aligned(row: &[String], widths: &[usize], keys: usize) -> String {
    let cell = |(i, text): (usize, &String)| {
        let room = widths[i];
        // Keys and the currency from the left, figures from the right.
        if i <= keys { format!("{text:<room$}") } else { format!("{text:>room$}") }
    };
    let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
    cells.join("  ").trim_end().to_owned() + "\n"
}

fn header(report: &CostReport, language: Language) -> Vec<String> {
    let column = |word: &str| say(language, &format!("costs.column.{word}"), &[]);
    let keys = report.by.iter().map(|key| column(key.as_str()));
    keys.chain([String::new()]).chain(FIGURES.map(column)).collect()
}

fn row(report: &CostReport, line: &ReportLine, language: Language) -> Vec<String> {
    let keys = report.by.iter().map(|key| key_text(*key, line, language));
    keys.chain(figures(line)).collect()
}

fn key_text(key: CostKey, line: &ReportLine, language: Language) -> String {
    let word = line.keys.get(key.as_str()).map(String::as_str).unwrap_or_default();
    match (key, word) {
        (CostKey::Campaign, "") => say(language, "costs.by_hand", &[]),
        (_, "") => say(language, "costs.none", &[]),
        (CostKey::Market, word) => say(language, &format!("market.{word}"), &[]),
        (CostKey::Campaign, word) if !line.title.is_empty() => format!("{} ({word})", line.title),
        (_, word) => word.to_owned(),
    }
}

fn figures(line: &ReportLine) -> Vec<String> {
    let sums = &line.sums;
    let open = if sums.open == 0 { String::new() } else { sums.open.to_string() };
    let reserved = if sums.open == 0 { String::new() } else { sums.reserved.clone() };
    vec![sums.currency.clone(), sums.messages.to_string(), open, reserved, sums.charged.clone()]
}
