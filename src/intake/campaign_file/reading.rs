//! `[reading]`: how the audience is read.

use crate::config::toml_file::{Table, Value};

use super::super::audience::{DateOrder, Delimiter, Encoding, Merged, Quote, Rules, Take};
use super::super::columns::fold;
use super::ColumnNames;

/// Lines in which a header is looked for.
const LAST_HEADER_ROW: i64 = 300;

/// What the section says, and the columns that the campaign speaks of.
pub(super) fn read(root: &mut Table<'_, '_>, columns: &ColumnNames) -> Rules {
    let mut rules = root.table("reading", section).unwrap_or_default();
    rules.phone = columns.phones.iter().flat_map(|name| parts(name)).collect();
    let others = [&columns.id, &columns.when, &columns.name, &columns.timezone].into_iter().flatten();
    rules.wanted = others.chain(&columns.consents).chain(&columns.refusals).flat_map(|name| parts(name)).collect();
    rules.wanted.extend(rules.phone.iter().cloned());
    rules
}

/// The columns of `Fecha + Hora`, folded.
fn parts(name: &str) -> impl Iterator<Item = String> {
    name.split('+').map(fold).filter(|name| !name.is_empty())
}

fn section(table: &mut Table<'_, '_>) -> Rules {
    const TAKE: [(&str, Take); 2] = [("take", Take::Take), ("leave out", Take::LeaveOut)];
    const MERGED: [(&str, Merged); 2] = [("fill", Merged::Fill), ("leave", Merged::Leave)];
    const DATES: [(&str, DateOrder); 3] = [
        ("day first", DateOrder::DayFirst),
        ("month first", DateOrder::MonthFirst),
        ("year first", DateOrder::YearFirst),
    ];
    let mut is_taken = |key| table.get(key).and_then(|v| v.choice(&[("take", ())])).is_some();
    let (takes_identity_numbers, takes_unlike_example) = (is_taken("identity_numbers"), is_taken("unlike_example"));
    Rules {
        takes_identity_numbers,
        takes_unlike_example,
        encoding: table.get("encoding").and_then(|v| v.choice(&Encoding::NAMED)),
        // A tab is a blank to whoever reads texts.
        delimiter: table.get("delimiter").and_then(|v| delimiter(&v)),
        quote: table.get("quote").and_then(|v| v.choice(&Quote::NAMED)),
        header_row: table.get("header_row").and_then(|v| header_row(&v)),
        sheet: table.get("sheet").and_then(|v| v.text()).map(|name| name.trim().to_owned()),
        hidden_rows: table.get("hidden_rows").and_then(|v| v.choice(&TAKE)),
        total_rows: table.get("total_rows").and_then(|v| v.choice(&TAKE)),
        merged_cells: table.get("merged_cells").and_then(|v| v.choice(&MERGED)),
        dates: table.get("dates").and_then(|v| v.choice(&DATES)),
        ..Rules::default()
    }
}

fn delimiter(value: &Value<'_, '_>) -> Option<Delimiter> {
    let given = value.raw_text()?;
    let found = Delimiter::NAMED.iter().find(|(word, _)| *word == given).map(|(_, delimiter)| *delimiter);
    if found.is_none() {
        value.refuse("must be \",\", \";\", \"|\" or \"tab\"");
    }
    found
}

fn header_row(value: &Value<'_, '_>) -> Option<u64> {
    let row = value.integer()?;
    if (1..=LAST_HEADER_ROW).contains(&row) {
        return u64::try_from(row).ok();
    }
    value.refuse("must be the line or row of the header, from 1 to 300");
    None
}
