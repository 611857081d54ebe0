//! The file of a run's results: every row that became a message and every row left out.

use std::convert::Infallible;

use async_stream::stream;
use futures::Stream;

use crate::domain::failure::known;
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState as S;
use crate::domain::time::UnixMs;
use crate::locale::{Language, failure, say, sentences};
use crate::store::exclusion::{self, Exclusion};
use crate::store::message::LEFT;
use crate::store::view::row::{self, RowFilter, RowQuery, RunRow};

use super::state::WebState;

/// Rows read at a time.
const BATCH: i64 = 1_000;

const HEADER: [&str; 18] = [
    "row",
    "id",
    "to",
    "name",
    "state",
    "reason",
    "reason_text",
    "outcome",
    "due_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "attempts",
    "resent_unsure",
    "cost_centre",
    "currency",
    "charged",
    "message",
];

/// The file's bytes as they are made. A database that fails in the middle ends the file with a line that says so.
pub fn lines(state: WebState, language: Language, run: RunId) -> impl Stream<Item = Result<Vec<u8>, Infallible>> {
    stream! {
        // The mark tells Excel that it is UTF-8.
        let mut first = "\u{feff}".as_bytes().to_vec();
        first.extend(line(&HEADER.map(str::to_owned)));
        yield Ok(first);
        let mut after = MessageId(0);
        loop {
            let query = RowQuery { filter: RowFilter::Any, search: String::new(), after, limit: BATCH };
            let Ok(rows) = row::page(state.store(), run, &query).await else {
                yield Ok(line(&["# incomplete".to_owned()]));
                return;
            };
            let Some(last) = rows.last() else { break };
            after = last.id;
            yield Ok(rows.iter().flat_map(|r| line(&message(language, r))).collect::<Vec<u8>>());
        }
        let mut after = 0;
        loop {
            let Ok(rows) = exclusion::list(state.store(), run, after, BATCH).await else {
                yield Ok(line(&["# incomplete".to_owned()]));
                return;
            };
            let Some(last) = rows.last() else { break };
            after = last.row_no;
            yield Ok(rows.iter().flat_map(|r| line(&left_out(language, r))).collect::<Vec<u8>>());
        }
    }
}

fn message(language: Language, r: &RunRow) -> [String; 18] {
    let reason = match (r.failure_code, r.end_reason.as_deref()) {
        (Some(code), _) if code > 0 => code.to_string(),
        (_, Some(reason)) => reason.to_owned(),
        _ => String::new(),
    };
    let words = match r.failure_code {
        _ if r.state == S::Cancelled && r.end_reason.as_deref() == Some(LEFT) => {
            say(language, "web.message.left_in_doubt", &[])
        }
        Some(code) if known(code).is_some() || r.state == S::Failed => failure(language, code),
        _ => reason_words(language, r.end_reason.as_deref().unwrap_or_default()),
    };
    [
        r.row_no.to_string(),
        safe(r.external_id.as_deref().unwrap_or_default()),
        // Nothing is left of who was erased.
        if r.recipient.is_empty() { String::new() } else { format!("+{}", r.recipient) },
        safe(&r.name),
        r.state.as_str().to_owned(),
        reason,
        words,
        safe(r.outcome.as_deref().unwrap_or_default()),
        r.due_at.to_string(),
        time(r.sent_at.or(r.accepted_at)),
        time(r.delivered_at),
        time(r.read_at),
        r.tries().to_string(),
        r.resent_unsure.to_string(),
        safe(&r.cost_centre),
        r.currency.clone(),
        r.charged.to_string(),
        r.id.to_string(),
    ]
}

fn left_out(language: Language, r: &Exclusion) -> [String; 18] {
    let mut cells = <[String; 18]>::default();
    cells[0] = r.row_no.to_string();
    cells[1] = safe(r.external_id.as_deref().unwrap_or_default());
    cells[2] = safe(&r.recipient);
    cells[3] = safe(&r.name);
    "excluded".clone_into(&mut cells[4]);
    r.reason.as_str().clone_into(&mut cells[5]);
    cells[6] = reason_words(language, r.reason.as_str());
    cells
}

fn reason_words(language: Language, word: &str) -> String {
    let key = format!("web.reason.{word}");
    if sentences(language).contains_key(&key) { say(language, &key, &[]) } else { String::new() }
}

fn time(at: Option<UnixMs>) -> String {
    at.map(|t| t.to_string()).unwrap_or_default()
}

/// A text from people that a spreadsheet would take for a formula gets an apostrophe before it. Phones, numbers, dates
/// and ids of digits are not touched: `+5491155550123` stays a number.
pub fn safe(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let number = text.strip_prefix(['+', '-']).is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b'-' | b'(' | b')'))
    });
    if formula && !number { format!("'{text}") } else { text.to_owned() }
}

/// One line of CSV.
pub fn line(cells: &[String]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\n', '\r', ';']) {
            out.push(b'"');
            out.extend(cell.replace('"', "\"\"").into_bytes());
            out.push(b'"');
        } else {
            out.extend(cell.as_bytes());
        }
    }
    out.extend(b"\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_disarmed_and_a_number_is_left_alone() {
        for (cell, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+5491155550123", "+5491155550123"),
            ("-12.50", "-12.50"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1+1", "'\t=1+1"),
            ("Ana", "Ana"),
            ("-", "'-"),
        ] {
            assert_eq!(safe(cell), expected);
        }
    }

    #[test]
    fn a_row_left_out_keeps_its_id_and_name_and_no_formula() {
        let left = Exclusion {
            run_id: RunId(1),
            row_no: 3,
            reason: crate::domain::exclusion::ExclusionReason::NoPhone,
            recipient: String::new(),
            external_id: Some("A7".to_owned()),
            name: "=1+1".to_owned(),
            detail: String::new(),
            revision: 0,
            cost_centre: String::new(),
            happens_at: None,
        };
        let cells = left_out(Language::En, &left);
        assert_eq!([&cells[0], &cells[1], &cells[3], &cells[5]], ["3", "A7", "'=1+1", "no_phone"]);
    }

    #[test]
    fn cells_with_separators_are_quoted() {
        let cells = ["a,b".to_owned(), "say \"hi\"".to_owned(), "plain".to_owned()];
        assert_eq!(String::from_utf8(line(&cells)).unwrap(), "\"a,b\",\"say \"\"hi\"\"\",plain\r\n");
    }
}
