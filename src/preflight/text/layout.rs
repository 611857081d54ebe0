//! Lines and columns of the sheet.

use std::io::{self, Write};

use crate::domain::problem::Problem;
use crate::locale::{self, Language, say};
use crate::preflight::sample::{Sample, SampleKind};

/// Room for labels.
const LABEL: usize = 18;
/// Lines are broken here.
const WIDTH: usize = 100;
/// Row numbers named per reason.
const ROWS_SHOWN: usize = 8;

/// A page being written.
pub(super) struct Page {
    language: Language,
    out: String,
}

impl Page {
    pub(super) fn new(language: Language) -> Self {
        Self { language, out: String::new() }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    pub(super) fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        say(self.language, key, args)
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Writes what is there so far; what follows begins anew.
    pub(super) fn write_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.out.as_bytes())?;
        self.out.clear();
        Ok(())
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub(super) fn gap(&mut self) {
        self.line("");
    }

    pub(super) fn title(&mut self, title: &str) {
        self.line(title);
        self.line(&"─".repeat(width(title)));
    }

    pub(super) fn title_end(&mut self, verdict: &str) {
        self.line(verdict);
    }

    fn labelled(&mut self, key: &str, value: &str) {
        let label = self.say(key, &[]);
        self.line(&format!("{}{value}", padded(&label, LABEL)));
    }

    pub(super) fn fact(&mut self, key: &str, value: &str) {
        self.labelled(&format!("{key}_label"), value);
    }

    pub(super) fn long_fact(&mut self, key: &str, value: &str) {
        let label = self.say(&format!("{key}_label"), &[]);
        self.wrapped_after(&padded(&label, LABEL), value, LABEL);
    }

    pub(super) fn figure(&mut self, key: &str, figure: i64) {
        self.labelled(&format!("{key}_label"), &format!("{:>9}", grouped(figure)));
    }

    /// A figure, or that it is not known.
    pub(super) fn figure_if_known(&mut self, key: &str, figure: Option<i64>) {
        let Some(figure) = figure else {
            let unknown = self.say("preflight.not_known", &[]);
            return self.labelled(&format!("{key}_label"), &unknown);
        };
        self.figure(key, figure);
    }

    /// More about the figure above.
    pub(super) fn under(&mut self, text: &str) {
        self.wrapped_after(&" ".repeat(LABEL + 11), text, LABEL + 11);
    }

    /// A figure whose label is the key's own sentence, with more about it below.
    pub(super) fn figure_noted(&mut self, key: &str, figure: i64, more: &str) {
        self.labelled(key, &format!("{:>9}", grouped(figure)));
        if !more.is_empty() {
            self.wrapped_after(&" ".repeat(LABEL + 11), more, LABEL + 11);
        }
    }

    pub(super) fn note(&mut self, text: &str) {
        self.wrapped_after(&" ".repeat(LABEL), text, LABEL);
    }

    /// Low, likely and high under one label, the likely first, each with what it means.
    pub(super) fn range(&mut self, label: &str, values: &[String; 3], means: &[String; 3]) {
        let room = values.iter().map(|v| width(v)).max().unwrap_or(0) + 2;
        let mut label = self.say(label, &[]);
        for place in [1, 0, 2] {
            self.line(&format!("{}{}{}", padded(&label, LABEL), padded(&values[place], room), means[place]));
            label.clear();
        }
    }

    pub(super) fn market(&mut self, name: &str, messages: i64, likely: &str) {
        let name = padded(name, 28);
        self.line(&format!("{}{name}{:>9}  {likely}", " ".repeat(LABEL), grouped(messages)));
    }

    /// `       5  The number is not possible: rows 3, 17, 22 and 2 more`
    pub(super) fn left_out(&mut self, count: i64, why: &str, rows: &[i64]) {
        let shown = &rows[..rows.len().min(ROWS_SHOWN)];
        let list = shown.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let more = grouped(count - shown.len() as i64);
        let all = count == shown.len() as i64;
        let key = if all { "preflight.in_rows" } else { "preflight.in_rows_and_more" };
        let rows = self.say(key, &[("n", &count.to_string()), ("rows", &list), ("more", &more)]);
        let indent = LABEL + 11;
        let lead = format!("{}{:>9}  ", " ".repeat(LABEL), grouped(count));
        self.wrapped_after(&lead, &format!("{why} ({rows})"), indent);
    }

    pub(super) fn section(&mut self, key: &str, count: usize) {
        self.gap();
        let title = self.say(&format!("{key}_title"), &[("n", &count.to_string())]);
        self.line(&title);
    }

    /// A title without a count, whose sentence is the key's own.
    pub(super) fn plain_section(&mut self, key: &str) {
        let title = self.say(key, &[]);
        self.line(&title);
    }

    pub(super) fn sample(&mut self, sample: &Sample) {
        let kind = match sample.kind {
            SampleKind::Longest => format!(" · {}", self.say("preflight.longest", &[])),
            SampleKind::Oddest => format!(" · {}", self.say("preflight.oddest", &[])),
            SampleKind::Spread => String::new(),
        };
        let row = sample.row.to_string();
        let head = self.say("preflight.sample", &[("row", &row), ("to", &sample.to)]);
        self.line(&format!("  {head}{kind}"));
        for line in sample.text.lines() {
            self.wrapped_after("    │ ", line, 6);
        }
    }

    pub(super) fn row(&mut self, row: i64, to: &str, fate: &str, detail: &str) {
        let detail = if detail.is_empty() { String::new() } else { format!(" · {detail}") };
        self.wrapped_after(&format!("{row:>9}  {}", padded(to, 22)), &format!("{fate}{detail}"), 33);
    }

    pub(super) fn bullets(&mut self, mark: &str, problems: &[Problem]) {
        for problem in problems {
            let sentence = locale::problem(self.language, problem);
            self.wrapped_after(&format!("  {mark} "), &sentence, 4);
        }
    }

    /// `text` after `lead`, broken between words, further lines under the first.
    fn wrapped_after(&mut self, lead: &str, text: &str, indent: usize) {
        // Lines of a sample keep their bar.
        let next_lead = if lead.contains('│') { lead.to_owned() } else { " ".repeat(indent) };
        let mut line = lead.to_owned();
        let mut is_empty = true;
        for word in text.split(' ') {
            if !is_empty && width(&line) + 1 + width(word) > WIDTH {
                self.line(&line);
                line.clone_from(&next_lead);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.line(&line);
    }
}

/// Columns a text takes; good for Latin scripts, which labels and amounts are in.
fn width(text: &str) -> usize {
    text.chars().count()
}

fn padded(text: &str, to: usize) -> String {
    let missing = to.saturating_sub(width(text)).max(usize::from(width(text) >= to));
    format!("{text}{}", " ".repeat(missing))
}

/// `12 345`: a thin separator that means the same in every language.
fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push(' ');
        }
        out.push(digit);
    }
    if n < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn figures_of_five_digits_and_more_are_grouped() {
        for (n, expected) in
            [(7, "7"), (4821, "4821"), (12_345, "12 345"), (1_234_567, "1 234 567"), (-12_345, "-12 345")]
        {
            assert_eq!(grouped(n), expected);
        }
    }
}
