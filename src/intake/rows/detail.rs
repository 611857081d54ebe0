//! The words of an exclusion's detail, and the sentences for them.

use crate::domain::id::RunId;
use crate::locale::{self, Language};

/// The detail of a row that an earlier run has sent.
pub fn sent_in(run: RunId) -> String {
    format!("sent_in_run: {run}")
}

/// The detail of a row whose person was told another time, which the campaign leaves so.
pub fn moved_and_left() -> String {
    "moved_and_left".to_owned()
}

/// The detail of a row whose id somebody cancelled who was erased since: nobody can know whether it was the row's person.
pub fn declined_by_somebody() -> String {
    "declined_by_somebody".to_owned()
}

/// The detail of a row whose message went to the number that it had before, and is not sent to the one it has now.
pub fn sent_elsewhere() -> String {
    SENT_ELSEWHERE.to_owned()
}

/// See [`sent_elsewhere`].
const SENT_ELSEWHERE: &str = "sent_to_number_before";

/// The detail of a row of which the condition on rows cannot say whether it is to be taken; `refused` is the word of what is wrong
/// with which value.
pub(super) fn of_only(refused: Option<(String, String)>) -> String {
    refused.map_or_else(|| "expression: columns.only".to_owned(), |(word, value)| format!("{word}_in: only: {value}"))
}

/// The word of a cell with several numbers, none of them good; behind it each, a blank and the word of what is wrong.
const SEVERAL_NONE: &str = "several_none";

/// Between two of them.
const BETWEEN: &str = " | ";

/// The detail of a cell with several numbers, none of them good: each with its word.
pub(super) fn several_none<'a>(each: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let each: Vec<String> = each.map(|(number, word)| format!("{} {word}", number.replace('|', " "))).collect();
    format!("{SEVERAL_NONE}: {}", each.join(BETWEEN))
}

fn one_of_several(language: Language, one: &str) -> String {
    let (number, word) = one.rsplit_once(' ').unwrap_or((one, ""));
    let why = locale::say(language, &format!("detail.{word}"), &[]);
    locale::say(language, "detail.one_of_several", &[("fact", number.trim()), ("why", &why)])
}

/// The sentence of an exclusion's detail; a detail that has none, or an empty one, as it is. Of a word that ends in `_in`
/// a column comes before the fact: `unreadable_date_in: Fecha: mañana`.
pub fn explain(language: Language, detail: &str) -> String {
    let (word, rest) = detail.split_once(": ").unwrap_or((detail, ""));
    if word == SEVERAL_NONE {
        let fact = rest.split(BETWEEN).map(|one| one_of_several(language, one)).collect::<Vec<_>>().join(" ");
        return locale::say(language, "detail.several_none", &[("fact", &fact)]);
    }
    let (column, fact) = rest.split_once(": ").filter(|_| word.ends_with("_in")).unwrap_or(("", rest));
    let key = match (word, fact) {
        // What is told by the keys of a campaign file is said by what people see.
        ("value" | "expression", "template.header") => format!("detail.{word}_of_header"),
        ("value" | "expression", fact) if fact.starts_with("template.buttons.") => format!("detail.{word}_of_button"),
        ("expression", "columns.only") => format!("detail.{word}_of_only"),
        _ => format!("detail.{word}"),
    };
    // Buttons are counted from 0 in a campaign file and from 1 by people.
    let button = fact.rsplit('.').next().and_then(|no| no.parse::<u32>().ok()).map(|no| (no + 1).to_string());
    let button = button.unwrap_or_default();
    let sentence = locale::say(language, &key, &[("fact", fact), ("column", column), ("button", &button)]);
    if sentence == key { detail.to_owned() } else { sentence }
}
