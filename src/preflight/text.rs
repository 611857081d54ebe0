//! The sheet in words.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::SerializeSeq;
use serde_json::{Value, json};

use super::listing::Listed;
use super::sheet::{Sheet, SheetRow};
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::template::TemplateStatus;
use crate::intake::audience::{EncodingEvidence, FileFacts, HeaderEvidence, Repair};
use crate::intake::rows::explain;
use crate::locale::{self, Language, say};

mod layout;
mod times;

use layout::Page;
pub use times::repeat_words;
use times::times;

/// `USD 18.54`: rounded to cents, and below one unit to a hundredth of a cent.
pub(super) fn money(currency: &str, amount: Micros) -> String {
    let (step, decimals) = if amount.0.abs() < 1_000_000 { (100, 4) } else { (10_000, 2) };
    let steps = (amount.0 + amount.0.signum() * step / 2) / step;
    let (sign, whole) = (if steps < 0 { "-" } else { "" }, steps.unsigned_abs());
    let per_unit = 10_u64.pow(decimals);
    format!("{currency} {sign}{}.{:0width$}", whole / per_unit, whole % per_unit, width = decimals as usize)
}

/// The same with the mark that people of that language put before the cents.
fn money_in(language: Language, currency: &str, amount: Micros) -> String {
    let said = money(currency, amount);
    if language == Language::En { said } else { said.replace('.', ",") }
}

#[derive(Serialize)]
struct Spoken<'a> {
    code: &'a str,
    message: String,
}

/// Problems as `{"code","message"}`, in English.
pub(super) fn spoken<S: serde::Serializer>(problems: &[Problem], to: S) -> Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(problems.len()))?;
    for problem in problems {
        list.serialize_element(&Spoken { code: &problem.code, message: locale::problem(Language::En, problem) })?;
    }
    list.end()
}

/// The sheet as JSON, its blockers and warnings in `language`.
pub fn json(sheet: &Sheet, language: Language) -> Value {
    let mut value = serde_json::to_value(sheet).unwrap_or_default();
    for (key, problems) in [("blockers", &sheet.blockers), ("warnings", &sheet.warnings)] {
        let spoken = problems.iter().map(|p| json!({"code": p.code, "message": locale::problem(language, p)}));
        value[key] = spoken.collect();
    }
    value
}

/// The sheet for people, in a terminal.
pub fn text(sheet: &Sheet, language: Language) -> String {
    let mut page = Page::new(language);
    above_rows(&mut page, sheet);
    problems(&mut page, sheet);
    page.finish()
}

/// The same with every row, written as it is made.
///
/// # Errors
/// When it cannot be written, or the rows cannot be read back.
pub fn write_text(to: &mut dyn Write, sheet: &Sheet, language: Language, rows: &mut Listed) -> io::Result<()> {
    let mut page = Page::new(language);
    above_rows(&mut page, sheet);
    page.section("preflight.rows", rows.count());
    for row in rows.rows()? {
        every_row(&mut page, &row?);
        page.write_to(to)?;
    }
    problems(&mut page, sheet);
    page.write_to(to)
}

fn above_rows(page: &mut Page, sheet: &Sheet) {
    head(page, sheet);
    rows(page, sheet);
    changes(page, sheet);
    cost(page, sheet);
    funds(page, sheet);
    times(page, sheet);
    samples(page, sheet);
}

fn head(page: &mut Page, sheet: &Sheet) {
    let kind = page.say(&format!("preflight.kind.{}", sheet.kind.as_str()), &[]);
    let title = if sheet.title.is_empty() { kind.clone() } else { sheet.title.clone() };
    page.title(&title);
    let category = page.say(&format!("preflight.category.{}", sheet.template.category.as_str()), &[]);
    page.fact("preflight.kind", &kind);
    let (name, language) = (&sheet.template.name, &sheet.template.language);
    let key = if sheet.template.known { "preflight.template_known" } else { "preflight.template_guess" };
    let template = page.say(key, &[("name", name), ("language", language), ("category", &category)]);
    page.fact("preflight.template", &template);
    template_facts(page, sheet);
    page.fact("preflight.sender", &sheet.sender);
    let Some(facts) = &sheet.facts else { return page.fact("preflight.audience", &sheet.audience) };
    file(page, &sheet.audience, facts);
    let role = |role: &str| page.say(&format!("preflight.column.{role}"), &[]);
    let columns = facts.columns.iter().map(|(column, header)| format!("{}: {header}", role(column)));
    let dates = facts.dates.map(|order| page.say(&format!("preflight.dates.{}", word(&order)), &[]));
    let columns: Vec<String> = columns.chain(dates).collect();
    page.long_fact("preflight.columns", &columns.join(" · "));
    let said = |repair: &Repair| page.say(&format!("preflight.repair.{}", word(repair)), &[]);
    let repairs: Vec<String> = facts.repairs.iter().map(|(repair, n)| format!("{}: {n}", said(repair))).collect();
    if !repairs.is_empty() {
        page.long_fact("preflight.repaired", &repairs.join(" · "));
    }
}

/// What kind of file it was taken for, and where its header stands.
fn file(page: &mut Page, name: &str, facts: &FileFacts) {
    let mut read = if let Some(sheet) = &facts.sheet {
        page.say("preflight.audience_sheet", &[("file", name), ("sheet", sheet)])
    } else {
        let delimiter = page.say(&format!("preflight.delimiter.{}", word(&facts.delimiter)), &[]);
        let encoding =
            format!("{} ({})", word(&facts.encoding), evidence_words(page.language(), facts.encoding_evidence));
        let args = [("file", name), ("encoding", &encoding), ("delimiter", &delimiter)];
        page.say("preflight.audience_read", &args)
    };
    if facts.header_row > 1 {
        let header = page.say("preflight.audience_header", &[("row", &facts.header_row.to_string())]);
        read = format!("{read} · {header} ({})", header_words(page.language(), facts.header_evidence));
    }
    if !facts.title_lines.is_empty() {
        let titles = page.say("preflight.audience_titles", &[("titles", &facts.title_lines.join(" / "))]);
        read = format!("{read} · {titles}");
    }
    page.long_fact("preflight.audience", &read);
}

/// Status, quality and life of the template.
fn template_facts(page: &mut Page, sheet: &Sheet) {
    let (template, mut facts) = (&sheet.template, Vec::new());
    if let Some(status) = &template.status {
        facts.push(status_words(page.language(), status));
    }
    facts.extend(template.quality.map(|q| page.say(&format!("preflight.quality.{}", q.as_str()), &[])));
    facts.extend(template.time_to_live_s.map(|seconds| life_words(page.language(), seconds)));
    if !facts.is_empty() {
        page.note(&facts.join(" · "));
    }
}

/// What a template's status is called; the provider's word where it has no other.
pub fn status_words(language: Language, status: &str) -> String {
    let key = format!("preflight.status.{status}");
    let known = locale::sentences(language).contains_key(&key);
    let other = TemplateStatus::Other(status.to_owned());
    match other.unknown().filter(|_| !known) {
        Some(word) => say(language, "template_status.unknown", &[("status", word)]),
        None if known => say(language, &key, &[]),
        None => status.to_owned(),
    }
}

/// What tells an encoding.
pub fn evidence_words(language: Language, evidence: EncodingEvidence) -> String {
    match evidence {
        EncodingEvidence::Named => say(language, "preflight.evidence.named", &[]),
        EncodingEvidence::Mark => say(language, "preflight.evidence.mark", &[]),
        EncodingEvidence::Ascii => say(language, "preflight.evidence.ascii", &[]),
        EncodingEvidence::Valid { characters } => {
            say(language, "preflight.evidence.valid", &[("n", &characters.to_string())])
        }
        EncodingEvidence::Zeros => say(language, "preflight.evidence.zeros", &[]),
        EncodingEvidence::Letters { fitting, of } => {
            let (fitting, of) = (fitting.to_string(), of.to_string());
            say(language, "preflight.evidence.letters", &[("fitting", &fitting), ("of", &of)])
        }
    }
}

/// Why a row was taken for the header.
pub fn header_words(language: Language, evidence: HeaderEvidence) -> String {
    let word = serde_json::to_value(evidence).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    say(language, &format!("preflight.header.{word}"), &[])
}

/// For how long the provider tries to deliver a message.
pub fn life_words(language: Language, seconds: i64) -> String {
    let (unit, n) = match seconds {
        s if s >= 2 * 86_400 => ("days", s / 86_400),
        s if s >= 2 * 3_600 => ("hours", s / 3_600),
        s => ("minutes", (s / 60).max(1)),
    };
    say(language, &format!("preflight.life_{unit}"), &[("n", &n.to_string())])
}

/// What there is to send with.
fn funds(page: &mut Page, sheet: &Sheet) {
    if let Some(budget) = &sheet.budget {
        let [left, whole] = [budget.left, budget.amount].map(|a| money_in(page.language(), &budget.currency, a));
        let key = if budget.monthly { "preflight.budget_month" } else { "preflight.budget_whole" };
        let said = page.say(key, &[("left", &left), ("budget", &whole)]);
        page.fact("preflight.budget", &said);
    }
    if let Some(balance) = &sheet.balance {
        page.fact("preflight.balance", &money_in(page.language(), &balance.currency, balance.amount));
    }
    let Some(tier) = sheet.tier else { return };
    let said = match (tier.left, tier.limit) {
        (Some(left), Some(limit)) => {
            page.say("preflight.tier_left", &[("n", &left.to_string()), ("limit", &limit.to_string())])
        }
        _ => page.say("preflight.tier_free", &[]),
    };
    page.fact("preflight.tier", &said);
}

/// The word that stands for an enum in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rows(page: &mut Page, sheet: &Sheet) {
    page.gap();
    page.figure_if_known("preflight.rows_read", sheet.rows_read);
    page.figure_if_known("preflight.messages", sheet.messages);
    page.figure_if_known("preflight.left_out", sheet.left_out());
    for (reason, count) in &sheet.excluded {
        let named = sheet.excluded_rows.get(reason).map(Vec::as_slice).unwrap_or_default();
        let why = page.say(&format!("exclusion.{}", reason.as_str()), &[]);
        page.left_out(*count, &why, named);
        if let (Some(example), Some(row)) = (sheet.excluded_examples.get(reason), named.first()) {
            let said = explain(page.language(), example);
            page.under(&page.say("preflight.first_of_them", &[("row", &row.to_string()), ("why", &said)]));
        }
    }
    if sheet.rows_read.is_some_and(|rows| rows > 0) {
        let line = sheet.facts.as_ref().map_or(2, |facts| facts.header_row + 1).to_string();
        let first = page.say("preflight.row_one", &[("line", &line)]);
        page.note(&first);
    }
}

/// What the file does to a standing run.
fn changes(page: &mut Page, sheet: &Sheet) {
    let Some(changes) = &sheet.changes else { return };
    page.gap();
    page.plain_section("feed.title");
    let lead = page.say("feed.lead", &[("run", &changes.run.to_string())]);
    page.note(&lead);
    page.figure_noted("feed.planned", changes.planned, "");
    let named = |page: &Page, rows: &[i64], n: i64| {
        let more = if rows.len() as i64 == n { "" } else { ", …" };
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let rows = format!("{}{more}", rows.join(", "));
        if n == 0 { String::new() } else { page.say("feed.rows_named", &[("rows", &rows)]) }
    };
    let with_rows = [
        ("feed.added", changes.added, &changes.added_rows),
        ("feed.changed", changes.changed, &changes.changed_rows),
        ("feed.moved", changes.moved, &changes.moved_rows),
        ("feed.number", changes.number, &changes.number_rows),
        ("feed.elsewhere", changes.elsewhere, &changes.elsewhere_rows),
    ];
    // Numbers are seldom corrected.
    let is_told = |key: &str, n: i64| n > 0 || !["feed.number", "feed.elsewhere"].contains(&key);
    for (key, n, rows) in with_rows.into_iter().filter(|(key, n, _)| is_told(key, *n)) {
        let rows = named(page, rows, n);
        page.figure_noted(key, n, &rows);
    }
    let because = changes.removed_because.iter();
    let because = because.map(|(why, n)| format!("{}: {n}", page.say(&format!("feed.because.{}", why.as_str()), &[])));
    let ids = changes.removed_ids.join(", ");
    let ids = (!ids.is_empty()).then(|| page.say("feed.ids_named", &[("ids", &ids)]));
    let why: Vec<String> = because.chain(ids).collect();
    page.figure_noted("feed.removed", changes.removed, &why.join(" · "));
    page.figure_noted("feed.same", changes.same, "");
    page.figure_noted("feed.already_sent", changes.already_sent, "");
}

fn cost(page: &mut Page, sheet: &Sheet) {
    page.gap();
    let cost = &sheet.cost;
    if sheet.messages.is_none() {
        let unknown = page.say("preflight.not_known", &[]);
        return page.fact("preflight.cost", &unknown);
    }
    let Some((low, likely, high)) = cost.low.zip(cost.likely).zip(cost.high).map(|((l, m), h)| (l, m, h)) else {
        let unknown = page.say("preflight.cost_unknown", &[("currency", &cost.currency)]);
        page.fact("preflight.cost", &unknown);
        return;
    };
    let language = page.language();
    let amount = |a| money_in(language, &cost.currency, a);
    let means =
        |name: &str, percent: i64| page.say(&format!("preflight.cost_{name}"), &[("percent", &percent.to_string())]);
    let shares = cost.delivered_percent;
    let means = [means("low", shares.low), means("likely", shares.likely), means("high", 100)];
    page.range("preflight.cost_label", &[amount(low), amount(likely), amount(high)], &means);
    for market in cost.markets.iter().take(if cost.markets.len() > 1 { 8 } else { 0 }) {
        let name = page.say(&format!("market.{}", market.market), &[]);
        page.market(&name, market.messages, &market.likely.map(amount).unwrap_or_default());
    }
}

fn samples(page: &mut Page, sheet: &Sheet) {
    if sheet.samples.is_empty() {
        return;
    }
    page.section("preflight.samples", sheet.samples.len());
    for sample in &sheet.samples {
        page.sample(sample);
    }
}

fn every_row(page: &mut Page, row: &SheetRow) {
    let fate = match row.reason {
        None => page.say("preflight.becomes_message", &[]),
        Some(reason) => page.say(&format!("exclusion.{}", reason.as_str()), &[]),
    };
    let detail = explain(page.language(), &row.detail);
    page.row(row.row, &row.to, &fate, &detail);
}

fn problems(page: &mut Page, sheet: &Sheet) {
    if !sheet.blockers.is_empty() {
        page.section("preflight.blockers", sheet.blockers.len());
        page.bullets("✗", &sheet.blockers);
    }
    if !sheet.warnings.is_empty() {
        page.section("preflight.warnings", sheet.warnings.len());
        page.bullets("!", &sheet.warnings);
    }
    page.gap();
    let verdict = if sheet.can_start() { "preflight.can_start" } else { "preflight.cannot_start" };
    let count = sheet.blockers.len().to_string();
    let verdict = page.say(verdict, &[("n", &count)]);
    page.title_end(&verdict);
}

#[cfg(test)]
mod tests {
    use super::money;
    use crate::domain::money::Micros;

    #[test]
    fn money_is_rounded_to_what_people_read() {
        for (micros, expected) in [
            (18_544_999, "USD 18.54"),
            (18_545_000, "USD 18.55"),
            (49_980, "USD 0.0500"),
            (61_849, "USD 0.0618"),
            (0, "USD 0.0000"),
            (-1_250_000, "USD -1.25"),
            (1_000_000_000, "USD 1000.00"),
        ] {
            assert_eq!(money("USD", Micros(micros)), expected);
        }
    }
}
