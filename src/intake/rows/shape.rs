//! What values look like, for comparing those of a file with the examples that a template was approved with.

use std::collections::BTreeMap;

use super::super::audience::DateOrder;
use super::super::campaign_file::CampaignFile;
use super::super::columns::{Columns, fold};
use super::super::expression::WHEN;
use super::when::{self, MONTHS, WEEKDAYS};

/// Where a parameter's value comes from, as far as its expression tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// A column, as it stands or with other capitals.
    Column(usize),
    /// Whatever the cell, it comes out so: a date, an amount.
    Always(Shape),
}

/// What a value looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A few words of letters alone that speak of no time: whose name it is, or of which place.
    Name,
    /// Other words.
    Words,
    /// A date in words: `viernes 27 de noviembre, 09:00`.
    Dated,
    /// A date or a time of day in numbers.
    Moment,
    /// Six digits or more: a phone, a document, an order.
    LongNumber,
    /// A number.
    Number,
    /// A number with a currency or with cents.
    Amount,
    /// A web or mail address.
    Address,
}

/// Words of time beside days and months, folded, and words by which an example says what is meant rather than how it looks.
const TIMES: &[&str] = &[
    "monto",
    "importe",
    "saldo",
    "total",
    "valor",
    "precio",
    "preco",
    "amount",
    "price",
    "numero",
    "number",
    "codigo",
    "code",
    "texto",
    "text",
    "ejemplo",
    "exemplo",
    "example",
    "variable",
    "parametro",
    "manana",
    "amanha",
    "hoy",
    "hoje",
    "today",
    "tomorrow",
    "tarde",
    "noche",
    "noite",
    "mediodia",
    "morning",
    "afternoon",
    "fecha",
    "hora",
    "horario",
    "dia",
    "data",
    "date",
    "time",
    "day",
    "turno",
    "cita",
    "consulta",
    "vencimiento",
    "vencimento",
    "mes",
    "month",
    "ano",
    "year",
    "appointment",
    "hs",
    "ene",
    "dic",
];

/// Words of a name at most.
const LONGEST_NAME: usize = 5;

/// What a value looks like; `None`: it is empty.
pub(super) fn shape(text: &str) -> Option<Shape> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    Some(if text.contains("://") || text.starts_with("www.") || (text.contains('@') && text.contains('.')) {
        Shape::Address
    } else if is_amount(text, digits) {
        Shape::Amount
    } else if letters > digits || letters > 12 || (letters > 0 && digits == 0) {
        words(text, digits)
    } else if when::read(&[text], DateOrder::DayFirst).is_ok() || (text.contains(':') && digits <= 6) {
        Shape::Moment
    } else if digits >= 6 && text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c)) {
        Shape::LongNumber
    } else {
        Shape::Number
    })
}

fn is_amount(text: &str, digits: usize) -> bool {
    let has_sign = text.contains(['$', '€', '£']) && text.chars().filter(|c| c.is_alphabetic()).count() <= 3;
    let has_cents = text.len() > 3 && text.is_char_boundary(text.len() - 3) && {
        let end = &text.as_bytes()[text.len() - 3..];
        end[0] == b',' && end[1..].iter().all(u8::is_ascii_digit)
    };
    digits > 0
        && (has_sign || (has_cents && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b' '))))
}

fn words(text: &str, digits: usize) -> Shape {
    let folded = fold(text);
    let all: Vec<&str> = folded.split('_').filter(|word| !word.is_empty()).collect();
    let of_time =
        all.iter().any(|word| TIMES.contains(word) || WEEKDAYS.contains(word) || MONTHS.as_flattened().contains(word));
    match digits {
        0 if !of_time && all.len() <= LONGEST_NAME => Shape::Name,
        0 => Shape::Words,
        _ if of_time => Shape::Dated,
        _ => Shape::Words,
    }
}

/// Whether nobody would put the one in the other's place: a phone in place of a name, a name in place of an amount.
pub(super) fn are_unlike(found: Shape, example: Shape) -> bool {
    use Shape::{Address, Amount, Dated, LongNumber, Moment, Name, Number, Words};
    let is_like = match found {
        // A template's number may be a code, which has letters.
        Name => matches!(example, Name | Words | Number | LongNumber),
        Words => example != Address,
        // Dates are written in words and in numbers.
        Dated | Moment => matches!(example, Dated | Moment | Words),
        // Numbers of any length count things.
        LongNumber | Number | Amount => matches!(example, LongNumber | Number | Amount | Words),
        Address => example == Address,
    };
    !is_like
}

/// The sources of a campaign's parameters, by name; those of which nothing can be told are not among them.
pub(super) fn sources(campaign: &CampaignFile, columns: &Columns) -> BTreeMap<String, Source> {
    let known = campaign.variables.iter().filter_map(|(name, text)| Some((name.clone(), source(text, columns)?)));
    known.collect()
}

/// Of `{{ turno }}`, `{{ nombre | first_name }}`, `{{ monto | money }}`: one expression, and nothing beside it.
fn source(text: &str, columns: &Columns) -> Option<Source> {
    let code = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let mut parts = code.split('|').map(str::trim);
    let base = parts.next()?;
    let mut always = (base == WHEN).then_some(Shape::Dated);
    for filter in parts {
        let end = filter.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(filter.len());
        always = match &filter[..end] {
            "money" | "number" => Some(Shape::Amount),
            "date" | "time" => Some(Shape::Moment),
            "day" => Some(Shape::Dated),
            "first_name" | "title" | "upper" | "lower" | "trim" | "default" => always,
            _ => return None,
        };
    }
    match always {
        Some(shape) => Some(Source::Always(shape)),
        None => columns.names.get(base).or_else(|| columns.names.get(&fold(base))).copied().map(Source::Column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_by_their_looks() {
        for (text, expected) in [
            ("Ana", Shape::Name),
            ("MARÍA JOSÉ PEÑA", Shape::Name),
            ("mañana", Shape::Words),
            ("Fecha", Shape::Words),
            ("viernes 27 de noviembre, 09:00", Shape::Dated),
            ("27/11/2026", Shape::Moment),
            ("09:00", Shape::Moment),
            ("$ 1.234,50", Shape::Amount),
            ("1234,50", Shape::Amount),
            ("1155550101", Shape::LongNumber),
            ("12", Shape::Number),
            ("https://x.org", Shape::Address),
        ] {
            assert_eq!(shape(text), Some(expected), "{text}");
        }
        assert_eq!(shape("  "), None);
    }
}
