//! Comparing what people type: without case, accents, punctuation and decoration.

use std::borrow::Cow;

use crate::domain::folded::folded;
use crate::locale::Language;

mod lists;

use lists::{AGAIN, LEAVING, NEVER, NOT, OF_OTHERS, OPT_OUT, PERHAPS, PHRASES, POLITE, US};

/// Words behind “from” among which what is left is named.
const REACH: usize = 4;

/// `text` as it is compared: lower case, accents off, only letters and digits with single spaces between. A text
/// without any, as `👍🏽👍`, is its emoji, each once in a row and without skin tone.
pub fn fold(text: &str) -> String {
    let plain: String = folded(text).map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
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

/// Whether `text` asks for no more messages: as a whole by the built-in words or the campaign's `own`, or by a clear
/// sentence in it.
pub fn opt_out<'a>(text: &str, own: impl IntoIterator<Item = &'a str>) -> Option<OptOut> {
    let folded = fold(text);
    let (whole, bare) = (spelled(&folded), bare(&folded));
    if let Some((_, language)) = OPT_OUT.iter().find(|(words, _)| *words == whole || *words == bare) {
        return Some(OptOut { language: *language });
    }
    if own.into_iter().any(|word| same(word, text)) {
        return Some(OptOut { language: None });
    }
    if OF_OTHERS.iter().any(|words| has(&folded, words)) {
        return None;
    }
    let said = PHRASES.iter().find(|(phrase, language)| says(&folded, phrase, *language));
    said.map(|(_, language)| OptOut { language: Some(*language) })
}

/// Whether a sentence that is no opt-out holds a word, or a denied sentence, that may mean one.
pub fn may_opt_out<'a>(text: &str, own: impl IntoIterator<Item = &'a str>) -> bool {
    let folded = fold(text);
    let said = PHRASES.iter().map(|(phrase, _)| phrase).chain(PERHAPS);
    said.into_iter().any(|word| has(&folded, word)) || own.into_iter().any(|word| has(&folded, &fold(word)))
}

/// Whether the whole of `text` asks for promotions again.
pub fn opt_in(text: &str) -> Option<OptOut> {
    let folded = fold(text);
    AGAIN.iter().find(|(words, _)| *words == folded).map(|(_, language)| OptOut { language: *language })
}

/// Whether `folded` says `phrase` of us, and does not deny it.
fn says(folded: &str, phrase: &str, language: Language) -> bool {
    let is_denial = phrase.split(' ').next().is_some_and(|first| NOT.contains(&first));
    places(folded, phrase).any(|at| {
        let before = folded[..at].split_whitespace().next_back().unwrap_or_default();
        let after = folded[at + phrase.len()..].trim_start();
        !NOT.contains(&before) && (is_denial || !NEVER.contains(&after)) && is_of_us(phrase, after, language)
    })
}

/// Whether what somebody wants to leave is us, where `after` says what: “quiero darme de baja del gimnasio” is about another.
fn is_of_us(phrase: &str, after: &str, language: Language) -> bool {
    if !LEAVING.iter().any(|word| phrase.ends_with(word)) {
        return true;
    }
    let mut after = after.split(' ').skip_while(|word| *word == "me");
    !after.next().is_some_and(|word| lists::from(language).contains(&word))
        || after.take(REACH).any(|word| US.contains(&word))
}

/// Whether `phrase` stands somewhere in `folded`.
fn has(folded: &str, phrase: &str) -> bool {
    !phrase.is_empty() && places(folded, phrase).next().is_some()
}

/// A word spelled letter by letter, as `b a j a`, as that word.
fn spelled(folded: &str) -> Cow<'_, str> {
    let letters = folded.split(' ');
    let is_spelled = letters.clone().count() > 2 && letters.clone().all(|letter| letter.chars().nth(1).is_none());
    if is_spelled { Cow::Owned(letters.collect()) } else { Cow::Borrowed(folded) }
}

/// What is said without the politeness around it, a word said several times once.
fn bare(folded: &str) -> String {
    let mut words: Vec<&str> = folded.split(' ').skip_while(|word| POLITE.contains(word)).collect();
    while words.last().is_some_and(|word| POLITE.contains(word)) {
        words.pop();
    }
    words.dedup();
    words.join(" ")
}

/// Where `phrase` stands in `folded` as whole words.
fn places<'a>(folded: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    let whole = |at: usize| {
        let ends = at + phrase.len();
        (at == 0 || folded[..at].ends_with(' ')) && (ends == folded.len() || folded[ends..].starts_with(' '))
    };
    folded.match_indices(phrase).map(|(at, _)| at).filter(move |at| whole(*at))
}

/// The language people of a country write in, by its ISO code.
pub fn language_of_country(country: &str) -> Language {
    const PORTUGUESE: [&str; 5] = ["BR", "PT", "AO", "MZ", "CV"];
    const SPANISH: [&str; 20] = [
        "ES", "PE", "MX", "CU", "AR", "CL", "CO", "VE", "GT", "SV", "HN", "NI", "CR", "PA", "BO", "EC", "PY", "UY",
        "GQ", "DO",
    ];
    if PORTUGUESE.contains(&country) {
        Language::Pt
    } else if SPANISH.contains(&country) {
        Language::Es
    } else {
        Language::En
    }
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
        let whole = OPT_OUT.iter().chain(AGAIN).map(|(words, _)| *words);
        for words in whole.chain(PHRASES.iter().map(|(words, _)| *words)).chain(PERHAPS.iter().copied()) {
            assert_eq!(fold(words), words);
        }
    }

    #[test]
    fn a_whole_message_opts_out() {
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

    #[test]
    fn a_clear_sentence_opts_out() {
        for text in [
            "Hola, quiero darme de baja por favor",
            "Por favor, NO ME MANDEN MÁS nada",
            "Olá! Não quero receber mais isso",
            "please unsubscribe me from this",
            "Ya no quiero sus mensajes",
            "não quero mais suas mensagens",
            "Remover",
            "nao quero mais promoçoes",
            "oi, não quero promoções, obrigado",
            "No molesten más",
            "por favor no me molesten más con esto",
            "Chega de promoções!",
            "Não me incomodem mais",
            "No more promotions, please",
            "Don't message me again",
            "I want to opt out",
            "do not text me again",
            "quero cancelar a inscrição",
            "B.A.J.A.",
            "s t o p",
            "no quiero recibir más mensajes, nunca",
            "Quiero darme de baja de esta lista",
            "me quiero dar de baja de sus mensajes de promociones",
            "quisiera darme de baja de inmediato",
            "quero cancelar minha inscrição das promoções",
            "quero me descadastrar daqui",
            "I'd like to opt out of these messages",
            "please unsubscribe me from your mailing list",
            "quiero darme de baja, no me interesa",
            "Deseo cancelar mi suscripción",
            "borrame de la lista",
            "Dame de baja por favor",
            "BAJA gracias",
            "Baja por favor",
            "baja baja",
            "STOP PROMOTIONS",
        ] {
            assert!(opt_out(text, []).is_some(), "{text}");
        }
    }

    #[test]
    fn whoever_asks_for_no_messages_is_taken_at_their_word() {
        for text in [
            "ya no quiero recibir mensajes",
            "no deseo recibir mensajes",
            "no quiero que me escriban",
            "dejen de mandar mensajes",
            "no me interesa, no escriban mas",
            "Bájenme de la lista",
            "bórrenme",
            "eliminar mi numero",
            "eliminen mi número de su lista",
            "não quero receber mensagens",
            "me tira da lista",
            "tira meu número",
            "remova meu número",
            "I don't want to receive messages",
            "do not contact me",
            "delete my number",
            "solicito la baja",
            "me descadastre",
        ] {
            assert!(opt_out(text, []).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_denied_or_of_something_else_does_not_opt_out() {
        for text in ["no quiero darme de baja, al contrario", "nunca me doy de baja", "quiero darme de bajada"] {
            assert!(opt_out(text, []).is_none(), "{text}");
        }
        for text in [
            "please don't stop sending me messages",
            "quiero darme de baja? nunca!",
            "I don't want to opt out",
            "Deseo cancelar la suscripción al diario, por favor",
            "por favor la baja de mi plan, gracias",
            "Me quiero dar de baja del servicio de internet, no de acá",
            "No quiero recibir más mensajes de otros, de ustedes sí",
            "Quiero darme de baja del servicio de internet",
            "hola, quisiera darme de baja de mi plan de salud",
            "quiero cancelar la suscripción al diario",
            "quero cancelar a inscrição no curso de inglês",
            "I want to opt out of the dental plan",
            "can you unsubscribe me from the gym?",
        ] {
            assert!(opt_out(text, []).is_none() && may_opt_out(text, []), "{text}");
        }
    }

    #[test]
    fn a_word_inside_another_sentence_may_be_one() {
        for text in
            ["¿me dan de BAJA del plan?", "no quiero darme de baja", "can you stop this?", "posso sair mais cedo?"]
        {
            assert!(may_opt_out(text, []), "{text}");
        }
        for text in ["bajan los precios", "stopped", "gracias", ""] {
            assert!(!may_opt_out(text, []), "{text}");
        }
        assert!(may_opt_out("ya chega disso", ["Chega"]) && !may_opt_out("chegada", ["Chega"]));
    }

    #[test]
    fn a_whole_message_asks_for_promotions_again() {
        for text in ["ALTA", "Voltar!", "start", "Quiero darme de alta"] {
            assert!(opt_in(text).is_some(), "{text}");
        }
        for text in ["alta presión", "voltar amanhã", "start at 9", ""] {
            assert!(opt_in(text).is_none(), "{text}");
        }
    }
}
