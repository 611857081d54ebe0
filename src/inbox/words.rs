//! Comparing what people type: without case, accents, punctuation and decoration.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::locale::Language;

/// Whole messages that mean "no more", folded, with the language they tell, if one.
const OPT_OUT: &[(&str, Option<Language>)] = &[
    ("baja", Some(Language::Es)),
    ("dar de baja", Some(Language::Es)),
    ("darme de baja", Some(Language::Es)),
    ("deme de baja", Some(Language::Es)),
    ("quiero darme de baja", Some(Language::Es)),
    ("no mas", Some(Language::Es)),
    ("no mas mensajes", Some(Language::Es)),
    ("no mas promociones", Some(Language::Es)),
    ("no quiero mas", Some(Language::Es)),
    ("no quiero mas mensajes", Some(Language::Es)),
    ("no quiero recibir mas mensajes", Some(Language::Es)),
    ("no quiero promociones", Some(Language::Es)),
    ("no quiero recibir promociones", Some(Language::Es)),
    ("no me escriban mas", Some(Language::Es)),
    ("no molestar", Some(Language::Es)),
    ("salir", Some(Language::Es)),
    ("cancelar suscripcion", Some(Language::Es)),
    ("desuscribir", Some(Language::Es)),
    ("desuscribirme", Some(Language::Es)),
    ("sair", Some(Language::Pt)),
    ("parar", Some(Language::Pt)),
    ("parar mensagens", Some(Language::Pt)),
    ("pare", Some(Language::Pt)),
    ("descadastrar", Some(Language::Pt)),
    ("descadastre", Some(Language::Pt)),
    ("cancelar inscricao", Some(Language::Pt)),
    ("cancelar assinatura", Some(Language::Pt)),
    ("nao quero mais", Some(Language::Pt)),
    ("nao quero mais mensagens", Some(Language::Pt)),
    ("nao quero receber mais mensagens", Some(Language::Pt)),
    ("nao quero promocoes", Some(Language::Pt)),
    ("nao quero receber promocoes", Some(Language::Pt)),
    ("stop", None),
    ("stop all", Some(Language::En)),
    ("unsubscribe", Some(Language::En)),
    ("opt out", Some(Language::En)),
    ("optout", Some(Language::En)),
    ("remove me", Some(Language::En)),
    ("no more", Some(Language::En)),
    ("no more messages", Some(Language::En)),
];

/// `text` as it is compared: lower case, accents off, only letters and digits with single spaces between. A text
/// without any, as `👍🏽👍`, is its emoji, each once in a row and without skin tone.
pub fn fold(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    if words.is_empty() { fold_symbols(text) } else { words.join(" ") }
}

fn fold_symbols(text: &str) -> String {
    let mut symbols: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && !is_decoration(*c)).collect();
    symbols.dedup();
    symbols.into_iter().collect()
}

/// Variation selectors, joiners and skin tones: the same sign in another dress.
fn is_decoration(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether the two are the same to a reader. Nothing is the same as an empty text.
pub fn same(one: &str, other: &str) -> bool {
    let one = fold(one);
    !one.is_empty() && one == fold(other)
}

/// What an opt-out tells besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptOut {
    /// The language of its words, where they belong to one.
    pub language: Option<Language>,
}

/// Whether the whole of `text` asks for no more messages, by the built-in words or the campaign's `own`.
pub fn opt_out<'a>(text: &str, own: impl IntoIterator<Item = &'a str>) -> Option<OptOut> {
    let folded = fold(text);
    if let Some((_, language)) = OPT_OUT.iter().find(|(words, _)| *words == folded) {
        return Some(OptOut { language: *language });
    }
    own.into_iter().any(|word| same(word, text)).then_some(OptOut { language: None })
}

/// The language most people of a number's country write, for the one sentence sent to somebody of whom nothing else is
/// known.
pub fn language_of_number(digits: &str) -> Language {
    const PORTUGUESE: [&str; 5] = ["55", "351", "244", "258", "238"];
    const SPANISH: [&str; 19] = [
        "34", "51", "52", "53", "54", "56", "57", "58", "502", "503", "504", "505", "506", "507", "591", "593", "595",
        "598", "240",
    ];
    let starts = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
    if starts(&PORTUGUESE) {
        Language::Pt
    } else if starts(&SPANISH) {
        Language::Es
    } else {
        Language::En
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_punctuation_and_decoration_do_not_matter() {
        for (one, other) in [
            ("Confirmo", "confirmo"),
            ("Sí", "SI!!"),
            ("¡Sí, confirmo! ✅", "si confirmo"),
            ("Não  quero\npromoções.", "nao quero promocoes"),
            ("👍", "👍🏽"),
            ("👍👍👍", "👍"),
            ("❤️", "❤"),
            ("Ｏｋ", "ok"),
        ] {
            assert!(same(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn different_words_stay_different_and_nothing_equals_nothing() {
        for (one, other) in [("si", "no"), ("👍", "👎"), ("", ""), ("...", ""), ("no confirmo", "confirmo")] {
            assert!(!same(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn built_in_opt_out_words_are_written_folded() {
        for (words, _) in OPT_OUT {
            assert_eq!(&fold(words), words);
        }
    }

    #[test]
    fn only_a_whole_message_opts_out() {
        for text in ["BAJA", "¡No más!", "Cancelar suscripción", "Sair.", "PARAR", "stop", "Unsubscribe", "🛑 STOP 🛑"]
        {
            assert!(opt_out(text, []).is_some(), "{text}");
        }
        for text in ["no más turnos los lunes", "la baja de mi obra social", "stop by tomorrow?", "Cancelar", "", "no"]
        {
            assert!(opt_out(text, []).is_none(), "{text}");
        }
        assert!(opt_out("chega!", ["Chega"]).is_some());
    }
}
