//! How many words stand around the variables of a text. WhatsApp turns down what has too many variables for its length (its
//! error 2388293, cloud-api.md 4.3) and says nowhere how many words it wants: what people have observed is twice as many as
//! variables, and one. So it is a warning, and how many words a variable wants is the operator's to say.

use super::super::draft::Draft;
use crate::domain::problem::Problem;
use crate::domain::template::{fill_in, parameters};

/// Words around each variable that WhatsApp wants, as far as people have observed (unconfirmed).
pub const USUAL: u32 = 2;

/// What may be turned down in `draft` for having too few words; none where a variable wants none (0).
pub fn warn(draft: &Draft, for_each: u32) -> Vec<Problem> {
    let body = ("body", "template_field.body", String::new(), &draft.body);
    let cards = draft
        .cards
        .iter()
        .zip(1..)
        .map(|(card, no): (_, usize)| ("cards", "template_field.card", no.to_string(), &card.body));
    std::iter::once(body).chain(cards).filter_map(|part| few(part, for_each)).collect()
}

fn few((field, key, no, text): (&str, &str, String, &String), for_each: u32) -> Option<Problem> {
    let variables = parameters(text).len();
    let words = fill_in(text, |_| Some(" ".to_owned()));
    let words = words.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let wanted = variables.saturating_mul(usize::try_from(for_each).unwrap_or(usize::MAX)).saturating_add(1);
    if variables == 0 || for_each == 0 || words >= wanted {
        return None;
    }
    let (variables, words, wanted) = (variables.to_string(), words.to_string(), wanted.to_string());
    let counts = [("variables", variables.as_str()), ("words", &words), ("wanted", &wanted)];
    Some(Problem::new(
        "template_few_words",
        &[&[("field", field), ("part_key", key), ("no", &no)], &counts[..]].concat(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::rules::tests::good;

    #[test]
    fn what_has_few_words_for_its_variables_is_warned_of_and_not_refused() {
        for (body, for_each, wanted) in [
            ("a {{1}} b {{2}} c {{3}} d", 2, Some("7")),
            ("Su turno {{1}} es a las {{2}} hs.", 2, None),
            ("Su turno {{1}} es a {{2}} hs.", 2, None),
            ("Su turno {{1}} es {{2}} hs.", 2, Some("5")),
            ("Su turno {{1}} es {{2}} hs.", 1, None),
            ("Su turno {{1}} es {{2}} hs.", 0, None),
            ("Hola {{1}} - {{1}}, hasta mañana.", 2, None),
            ("Hola {{1}} - chau.", 2, Some("3")),
            ("Hola, hasta mañana.", 9, None),
            ("👍", 2, None),
            ("Hola {{1}}!", u32::MAX, Some("4294967296")),
        ] {
            let draft = Draft { body: body.to_owned(), header: None, ..good() };
            let found = warn(&draft, for_each);
            let told = found.first().map(|p| p.args.iter().find(|(name, _)| name == "wanted").unwrap().1.as_str());
            assert_eq!(told, wanted, "{body}");
            assert!(super::super::check(&draft).iter().all(|p| p.code != "template_few_words"));
        }
    }
}
