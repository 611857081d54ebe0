//! People's names: which word to greet with, and how to write a name typed in capitals.

use super::super::columns::fold;

/// Words that stay small inside a name.
const PARTICLES: [&str; 20] = [
    "de", "da", "do", "das", "dos", "del", "la", "las", "los", "el", "y", "e", "van", "von", "der", "den", "di", "du",
    "le", "ter",
];

/// What comes before a name and is none.
const TITLES: [&str; 31] = [
    "sr", "sra", "srta", "sres", "dr", "dra", "don", "doña", "dona", "lic", "ing", "prof", "profa", "mr", "mrs", "ms",
    "miss", "arq", "abg", "cr", "cra", "señor", "señora", "senhor", "senhora", "seu", "dña", "dn", "dª", "srª", "drª",
];

/// Titles that are somebody's name where they stand alone.
const NAMES_TOO: [&str; 6] = ["don", "dona", "ing", "seu", "cr", "miss"];

/// What stands in place of a name that nobody knows, folded.
const NOBODY: [&str; 19] = [
    "null",
    "none",
    "n_a",
    "n_d",
    "s_n",
    "s_d",
    "nn",
    "n_n",
    "undefined",
    "unknown",
    "no_name",
    "sin_nombre",
    "sem_nome",
    "desconocido",
    "desconocida",
    "desconhecido",
    "desconhecida",
    "anonimo",
    "anonymous",
];

/// Letters of the longest abbreviation: `Fco.`
const SHORT: usize = 4;

/// `MARIA JOSE DE LA CRUZ` is `Maria`; `García, Dra. Ana` is `Ana`; `M. José Paz` is `M. José`, as an initial is no name. Of what
/// is no name (`N/A`, `Sra.` alone) nothing is left.
pub fn first_name(full: &str) -> String {
    if NOBODY.contains(&fold(full).as_str()) {
        return String::new();
    }
    // "Last, First" is how registers write people.
    let given = match full.split_once(',') {
        Some((_, given)) if given.chars().any(char::is_alphabetic) => given,
        _ => full,
    };
    let mut words: &[&str] =
        &given.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).collect::<Vec<_>>();
    while let [word, behind @ ..] = words
        && is_title(word, behind)
    {
        words = behind;
    }
    match words {
        [] => String::new(),
        [word, next, ..] if is_short(word) => format!("{} {}", capitalise(word), capitalise(bare(next))),
        [word, ..] => capitalise(bare(word)),
    }
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a word is what somebody is addressed by; `behind`: the words after it.
fn is_title(word: &str, behind: &[&str]) -> bool {
    let title = bare(word).to_lowercase();
    // Don, in Spain: `D. Juan Paz`; with one word behind it, it may be an initial.
    let is_don = title == "d" && word.ends_with('.') && behind.len() > 1;
    is_don || TITLES.contains(&title.as_str()) && !(behind.is_empty() && NAMES_TOO.contains(&title.as_str()))
}

/// An initial or an abbreviation: `M.`, `J`, `Mª`, `Fco.`
fn is_short(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters == 1 || (letters <= SHORT && (word.ends_with('.') || word.ends_with('ª')))
}

/// Each word with a capital, particles small but for the first: `Maria Jose de la Cruz`.
pub fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, word) in text.split_whitespace().enumerate() {
        let lower = word.to_lowercase();
        if i > 0 {
            out.push(' ');
        }
        if i > 0 && PARTICLES.contains(&lower.as_str()) {
            out.push_str(&lower);
        } else {
            out.push_str(&capitalise(word));
        }
    }
    out
}

/// A word typed in one case gets its capitals; `McDonald` was typed with care and stays.
fn capitalise(word: &str) -> String {
    let mixed = word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    if mixed {
        return word.to_owned();
    }
    let mut starts = true;
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if starts {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        starts = matches!(c, '-' | '\'' | '’' | '(' | '.');
    }
    out
}
