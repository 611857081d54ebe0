//! Which translation a row gets, by what its language column says: `pt_BR`, `pt-br`, `Português`, `es`.

use super::super::columns::fold;

/// Names of languages in the three languages of the screens, folded.
const NAMES: [(&str, &[&str]); 6] = [
    ("es", &["espanol", "spanish", "espanhol", "castellano", "castelhano", "esp", "spa"]),
    ("pt", &["portugues", "portuguese", "portugues_brasil", "brasileiro", "por", "ptbr"]),
    ("en", &["ingles", "english", "eng"]),
    ("fr", &["frances", "french", "francais", "fra"]),
    ("it", &["italiano", "italian", "ita"]),
    ("de", &["aleman", "german", "alemao", "deutsch", "deu"]),
];

/// The place in `languages` of the one that `cell` names; the first of them is preferred where a cell names no country.
/// A country that there is no translation for gets the language's translation without a country, and no other country's.
pub(super) fn pick(cell: &str, languages: &[&str]) -> Option<usize> {
    let wanted = fold(cell);
    let place = |is_it: &dyn Fn(&str) -> bool| languages.iter().position(|language| is_it(&language.to_lowercase()));
    if let Some(exact) = place(&|language| language == wanted) {
        return Some(exact);
    }
    let named = NAMES.iter().find(|(_, names)| names.contains(&wanted.as_str())).map(|(code, _)| *code);
    let code = named.or_else(|| wanted.split('_').next()).filter(|code| (2..=3).contains(&code.len()))?;
    let says_country = named.is_none() && wanted.contains('_');
    let plain = place(&|language| language == code);
    plain.or_else(|| if says_country { None } else { place(&|language| language.split('_').next() == Some(code)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_names_a_translation_by_code_or_by_name() {
        let all = ["es_AR", "pt_BR", "en", "pt_PT"];
        for (cell, expected) in [
            ("es_AR", Some("es_AR")),
            ("ES-ar", Some("es_AR")),
            ("es", Some("es_AR")),
            ("Español", Some("es_AR")),
            ("es_MX", None),
            ("pt-BR", Some("pt_BR")),
            ("pt_PT", Some("pt_PT")),
            ("Português", Some("pt_BR")),
            ("portugues", Some("pt_BR")),
            ("inglés", Some("en")),
            ("en_US", Some("en")),
            ("fr", None),
            ("Klingon", None),
            ("x", None),
        ] {
            assert_eq!(pick(cell, &all).map(|place| all[place]), expected, "{cell}");
        }
    }
}
