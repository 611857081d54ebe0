//! Canned answers: a text with places that the agent fills, `[day of the visit]`, among expressions, `{{ name }}`.

/// Longest label of a place to fill, in characters. Longer words in brackets are words in brackets.
const LONGEST_LABEL: usize = 60;

/// Longest code, in characters.
pub const LONGEST_CODE: usize = 30;

/// WhatsApp's limit of a text, in characters.
pub const LONGEST_TEXT: usize = 4_096;

/// A piece of a canned answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// Words, with expressions in them.
    Text(&'a str),
    /// A place that the agent fills, by its label.
    Blank(&'a str),
}

/// The pieces of a text in order. What stands in `{{ … }}` is never a place to fill.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut begun, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = text[at..].find(['[', '{']).map(|found| at + found) {
        if text[next..].starts_with("{{") {
            at = text[next..].find("}}").map_or(text.len(), |close| next + close + 2);
            continue;
        }
        match label(&text[next..]) {
            Some(label) => {
                if begun < next {
                    pieces.push(Piece::Text(&text[begun..next]));
                }
                pieces.push(Piece::Blank(label));
                at = next + label.len() + 2;
                begun = at;
            }
            None => at = next + 1,
        }
    }
    if begun < text.len() {
        pieces.push(Piece::Text(&text[begun..]));
    }
    pieces
}

/// The label of the place that `text` begins with.
fn label(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']', '\n', '{'])?;
    let label = &inside[..end];
    let fits = !label.trim().is_empty() && label.chars().count() <= LONGEST_LABEL;
    (fits && inside[end..].starts_with(']')).then_some(label)
}

/// The words after the first `[` that no `]` of its line follows: a place that somebody began.
pub fn unclosed(text: &str) -> Option<&str> {
    let pieces = pieces(text);
    pieces.iter().enumerate().find_map(|(at, piece)| match piece {
        // What opens right before a place is that place's, written twice.
        Piece::Text(words) if at + 1 < pieces.len() => unclosed_in(words.trim_end_matches('[')),
        Piece::Text(words) => unclosed_in(words),
        Piece::Blank(_) => None,
    })
}

fn unclosed_in(words: &str) -> Option<&str> {
    let mut at = 0;
    while let Some(next) = words[at..].find(['[', '{']).map(|found| at + found) {
        if words[next..].starts_with("{{") {
            at = words[next..].find("}}").map_or(words.len(), |close| next + close + 2);
            continue;
        }
        at = next + 1;
        let line = words[at..].split('\n').next().unwrap_or_default();
        if words[next..].starts_with('[') && !line.contains(']') {
            return Some(line);
        }
    }
    None
}

/// The labels of the places to fill, each once, in order.
pub fn blanks(text: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    for piece in pieces(text) {
        if let Piece::Blank(label) = piece
            && !labels.contains(&label)
        {
            labels.push(label);
        }
    }
    labels
}

/// Fills the places of a text for which `value` has something.
pub fn fill_blanks(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(words) => out.push_str(words),
            Piece::Blank(label) => out.push_str(&value(label).unwrap_or_else(|| format!("[{label}]"))),
        }
    }
    out
}

/// A code as it is kept: small letters of any language, digits, `-` and `_`; `None`: it is none.
pub fn code(typed: &str) -> Option<String> {
    let code = typed.trim().trim_start_matches('/').to_lowercase();
    let fits = code.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (fits && !code.is_empty() && code.chars().count() <= LONGEST_CODE).then_some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_to_fill_stand_in_brackets_and_expressions_are_left_alone() {
        for (text, labels) in [
            ("Su turno es el [día] a las [hora].", vec!["día", "hora"]),
            ("[día] y otra vez [día]", vec!["día"]),
            ("Hola {{ name }}, {{ partes[0] }}", vec![]),
            ("[] [ ] [sin fin", vec![]),
            ("[dos\nlíneas]", vec![]),
            ("[[doble]]", vec!["doble"]),
            ("{ [suelta] } {{ abierta [x]", vec!["suelta"]),
        ] {
            assert_eq!(blanks(text), labels, "{text}");
        }
        let filled = fill_blanks("El [día] a las [hora]", |l| (l == "día").then(|| "martes".to_owned()));
        assert_eq!(filled, "El martes a las [hora]");
    }

    #[test]
    fn a_place_that_was_begun_and_not_closed_is_found() {
        for (text, open) in [
            ("Su turno es el [día a las [hora].", Some("día a las ")),
            ("Hola [", Some("")),
            ("[dos\nlíneas]", Some("dos")),
            ("Su turno es el [día] a las [hora].", None),
            ("{{ partes[0] }} [] [[doble]] { y }", None),
            (&format!("[{}]", "x".repeat(LONGEST_LABEL + 1)), None),
        ] {
            assert_eq!(unclosed(text), open, "{text}");
        }
    }

    #[test]
    fn a_code_is_one_small_word() {
        for (typed, kept) in [
            ("/Saludo", Some("saludo")),
            (" días-hábiles_2 ", Some("días-hábiles_2")),
            ("", None),
            ("dos palabras", None),
            ("a/b", None),
        ] {
            assert_eq!(code(typed).as_deref(), kept, "{typed}");
        }
        assert_eq!(code(&"x".repeat(LONGEST_CODE + 1)), None);
    }

    proptest! {
        #[test]
        fn what_is_not_filled_stays_letter_by_letter(text in "[\\[\\]{}a-z\\n áñ]{0,60}") {
            prop_assert_eq!(fill_blanks(&text, |_| None), text);
        }

        #[test]
        fn filled_texts_have_none_of_the_filled_places_left(text in "([a-z ]|\\[[a-z]{1,5}\\]|\\{\\{ n \\}\\}){0,12}") {
            let filled = fill_blanks(&text, |_| Some(String::new()));
            prop_assert!(blanks(&filled).is_empty(), "{}", filled);
        }
    }
}
