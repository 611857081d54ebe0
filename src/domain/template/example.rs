//! What a template was approved with, read out of a text that has the values in place of its variables: some providers keep
//! nothing else.

use super::fill_in;

/// The values that make `said` of `text`, by name; none where it cannot be made of it, or in several ways.
pub fn values(text: &str, said: &str) -> Vec<(String, String)> {
    let (text, said) = (text.trim(), said.trim());
    let found = read(text, said).unwrap_or_default();
    let of = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    if fill_in(text, of) == said { found } else { Vec::new() }
}

/// The value of a text with one variable, as the address of a button is; none where [`values`] finds none.
pub fn value(text: &str, said: &str) -> Option<String> {
    values(text, said).into_iter().next().map(|(_, value)| value)
}

/// Each variable as short as the words behind it let it be; the last goes up to the end.
fn read(text: &str, said: &str) -> Option<Vec<(String, String)>> {
    let mut pieces = text.split("{{");
    let mut rest = said.strip_prefix(pieces.next()?)?;
    let mut found: Vec<(String, String)> = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some((name, behind)) = pieces.next().and_then(|piece| piece.split_once("}}")) {
        let is_last = pieces.peek().is_none();
        let (value, after) = match (is_last, behind) {
            (true, "") => (rest, ""),
            (true, _) => (rest.strip_suffix(behind)?, ""),
            (false, "") => return None,
            (false, _) => rest.split_once(behind)?,
        };
        if value.trim().is_empty() || value.contains("{{") {
            return None;
        }
        let name = name.trim().to_owned();
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, value.to_owned()));
        }
        rest = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_where_a_text_leaves_no_doubt() {
        for (text, said, found) in [
            (
                "Hola {{1}}, su turno es el {{2}}.",
                "Hola Ana, su turno es el lunes.",
                vec![("1", "Ana"), ("2", "lunes")],
            ),
            ("Hola {{ name }}", " Hola Ana Paz ", vec![("name", "Ana Paz")]),
            ("{{1}} y {{1}}", "uno y uno", vec![("1", "uno")]),
            ("{{1}} y {{1}}", "uno y dos", vec![]),
            ("Hola {{1}}", "Hola {{1}}", vec![]),
            ("Hola {{1}}{{2}}", "Hola Ana", vec![]),
            ("Hola {{1}}.", "Chau Ana.", vec![]),
            ("Hola {{1}}.", "Hola .", vec![]),
            ("Sin nada", "Sin nada", vec![]),
            ("Hola {{1", "Hola Ana", vec![]),
        ] {
            let found: Vec<(String, String)> = found.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(values(text, said), found, "{text} / {said}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_makes_the_text_again(text in "[a-c{} 1]{0,20}", said in "[a-c 1]{0,20}") {
            let found = values(&text, &said);
            if !found.is_empty() {
                let of = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                prop_assert_eq!(fill_in(text.trim(), of), said.trim());
            }
        }
    }
}
