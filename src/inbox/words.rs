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
    ("ya no quiero mensajes", Some(Language::Es)),
    ("ya no quiero mas mensajes", Some(Language::Es)),
    ("no molestar", Some(Language::Es)),
    ("salir", Some(Language::Es)),
    ("cancelar suscripcion", Some(Language::Es)),
    ("desuscribir", Some(Language::Es)),
    ("desuscribirme", Some(Language::Es)),
    ("sair", Some(Language::Pt)),
    ("remover", Some(Language::Pt)),
    ("me remova", Some(Language::Pt)),
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

/// Sentences that mean "no more" wherever they stand in a message, folded, with their language.
const PHRASES: &[(&str, Language)] = &[
    ("quiero darme de baja", Language::Es),
    ("quisiera darme de baja", Language::Es),
    ("quisiera dar de baja mi numero", Language::Es),
    ("me quiero dar de baja", Language::Es),
    ("me doy de baja", Language::Es),
    ("no quiero recibir mas", Language::Es),
    ("no quiero mas mensajes", Language::Es),
    ("no quiero mas promociones", Language::Es),
    ("no quiero recibir promociones", Language::Es),
    ("no quiero sus mensajes", Language::Es),
    ("no quiero mas sus mensajes", Language::Es),
    ("no quiero sus promociones", Language::Es),
    ("no quiero mas publicidad", Language::Es),
    ("no quiero publicidad", Language::Es),
    ("no molesten mas", Language::Es),
    ("no moleste mas", Language::Es),
    ("no me molesten mas", Language::Es),
    ("no me moleste mas", Language::Es),
    ("dejen de molestar", Language::Es),
    ("dejen de molestarme", Language::Es),
    ("basta de mensajes", Language::Es),
    ("basta de promociones", Language::Es),
    ("no me escriba mas", Language::Es),
    ("no me envie mas", Language::Es),
    ("no manden mas", Language::Es),
    ("no envien mas", Language::Es),
    ("no quiero recibir sus mensajes", Language::Es),
    ("ya no me escriban", Language::Es),
    ("ya no me manden", Language::Es),
    ("no me manden mas", Language::Es),
    ("no me mande mas", Language::Es),
    ("no me escriban mas", Language::Es),
    ("no me envien mas", Language::Es),
    ("dejen de escribirme", Language::Es),
    ("dejen de mandarme", Language::Es),
    ("dejen de enviarme", Language::Es),
    ("saquenme de la lista", Language::Es),
    ("quitenme de la lista", Language::Es),
    ("borrenme de la lista", Language::Es),
    ("quero sair da lista", Language::Pt),
    ("me tire da lista", Language::Pt),
    ("me tirem da lista", Language::Pt),
    ("me remova da lista", Language::Pt),
    ("me removam da lista", Language::Pt),
    ("quero me descadastrar", Language::Pt),
    ("nao quero receber mais", Language::Pt),
    ("nao quero mais receber", Language::Pt),
    ("nao quero mais mensagens", Language::Pt),
    ("nao quero suas mensagens", Language::Pt),
    ("nao quero mais promocoes", Language::Pt),
    ("nao quero mais propaganda", Language::Pt),
    ("nao quero mais propagandas", Language::Pt),
    ("nao quero propaganda", Language::Pt),
    ("nao quero promocoes", Language::Pt),
    ("nao quero suas promocoes", Language::Pt),
    ("chega de mensagens", Language::Pt),
    ("chega de promocoes", Language::Pt),
    ("nao me incomodem mais", Language::Pt),
    ("nao me incomode mais", Language::Pt),
    ("nao incomodem mais", Language::Pt),
    ("nao me perturbem mais", Language::Pt),
    ("nao me perturbe mais", Language::Pt),
    ("nao me enviem mais", Language::Pt),
    ("nao me envie mais", Language::Pt),
    ("nao mandem mais", Language::Pt),
    ("nao enviem mais", Language::Pt),
    ("pare de me enviar", Language::Pt),
    ("parem de me enviar", Language::Pt),
    ("parem de enviar", Language::Pt),
    ("nao quero mais suas mensagens", Language::Pt),
    ("nao quero receber promocoes", Language::Pt),
    ("nao me mande mais", Language::Pt),
    ("nao me mandem mais", Language::Pt),
    ("pare de me mandar", Language::Pt),
    ("parem de me mandar", Language::Pt),
    ("parem de mandar", Language::Pt),
    ("i want to unsubscribe", Language::En),
    ("please unsubscribe", Language::En),
    ("unsubscribe me", Language::En),
    ("take me off your list", Language::En),
    ("take me off the list", Language::En),
    ("remove me from your list", Language::En),
    ("remove me from the list", Language::En),
    ("stop sending me", Language::En),
    ("stop messaging me", Language::En),
    ("stop texting me", Language::En),
    ("stop bothering me", Language::En),
    ("do not message me", Language::En),
    ("don t message me", Language::En),
    ("no more promotions", Language::En),
    ("no more messages please", Language::En),
    ("do not send me any more", Language::En),
    ("don t send me any more", Language::En),
];

/// Before a phrase they turn it round: "no quiero darme de baja".
const NOT: [&str; 6] = ["no", "nao", "not", "never", "nunca", "tampoco"];

/// Words that may mean "no more" inside another sentence: a person of ours reads it.
const PERHAPS: &[&str] = &[
    "baja",
    "salir",
    "desuscribir",
    "desuscribirme",
    "sair",
    "parar",
    "descadastrar",
    "descadastre",
    "stop",
    "unsubscribe",
];

/// Whole messages that mean "again, please", folded, with the language they tell.
const AGAIN: &[(&str, Option<Language>)] = &[
    ("alta", Some(Language::Es)),
    ("dar de alta", Some(Language::Es)),
    ("darme de alta", Some(Language::Es)),
    ("quiero darme de alta", Some(Language::Es)),
    ("volver", Some(Language::Es)),
    ("quiero recibir promociones", Some(Language::Es)),
    ("voltar", Some(Language::Pt)),
    ("quero voltar", Some(Language::Pt)),
    ("quero receber promocoes", Some(Language::Pt)),
    ("start", None),
    ("subscribe", Some(Language::En)),
    ("unstop", Some(Language::En)),
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

/// Whether `text` asks for no more messages: as a whole by the built-in words or the campaign's `own`, or by a clear
/// sentence in it.
pub fn opt_out<'a>(text: &str, own: impl IntoIterator<Item = &'a str>) -> Option<OptOut> {
    let folded = fold(text);
    if let Some((_, language)) = OPT_OUT.iter().find(|(words, _)| *words == folded) {
        return Some(OptOut { language: *language });
    }
    if own.into_iter().any(|word| same(word, text)) {
        return Some(OptOut { language: None });
    }
    let said = PHRASES.iter().find(|(phrase, _)| says(&folded, phrase));
    said.map(|(_, language)| OptOut { language: Some(*language) })
}

/// Whether a sentence that is no opt-out holds a word that may mean one.
pub fn may_opt_out<'a>(text: &str, own: impl IntoIterator<Item = &'a str>) -> bool {
    let folded = fold(text);
    let has = |word: &str| !word.is_empty() && places(&folded, word).next().is_some();
    PERHAPS.iter().any(|word| has(word)) || own.into_iter().any(|word| has(&fold(word)))
}

/// Whether the whole of `text` asks for promotions again.
pub fn opt_in(text: &str) -> Option<OptOut> {
    let folded = fold(text);
    AGAIN.iter().find(|(words, _)| *words == folded).map(|(_, language)| OptOut { language: *language })
}

/// Whether `folded` says `phrase`, and does not deny it.
fn says(folded: &str, phrase: &str) -> bool {
    places(folded, phrase).any(|at| {
        let before = folded[..at].split_whitespace().next_back().unwrap_or_default();
        !NOT.contains(&before)
    })
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
    fn a_whole_message_or_a_clear_sentence_opts_out() {
        for text in ["BAJA", "¡No más!", "Cancelar suscripción", "Sair.", "PARAR", "stop", "Unsubscribe", "🛑 STOP 🛑"]
        {
            assert!(opt_out(text, []).is_some(), "{text}");
        }
        for text in ["no más turnos los lunes", "la baja de mi obra social", "stop by tomorrow?", "Cancelar", "", "no"]
        {
            assert!(opt_out(text, []).is_none(), "{text}");
        }
        assert!(opt_out("chega!", ["Chega"]).is_some());
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
        ] {
            assert!(opt_out(text, []).is_some(), "{text}");
        }
        for text in ["no quiero darme de baja, al contrario", "nunca me doy de baja", "quiero darme de bajada"] {
            assert!(opt_out(text, []).is_none(), "{text}");
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
