//! People's names: which word to greet with, and how to write a name typed in capitals.

/// Words that stay small inside a name.
const PARTICLES: [&str; 20] = [
    "de", "da", "do", "das", "dos", "del", "la", "las", "los", "el", "y", "e", "van", "von", "der", "den", "di", "du",
    "le", "ter",
];

/// What comes before a name and is none.
const TITLES: [&str; 26] = [
    "sr", "sra", "srta", "sres", "dr", "dra", "don", "doña", "dona", "lic", "ing", "prof", "profa", "mr", "mrs", "ms",
    "miss", "arq", "abg", "cr", "cra", "señor", "señora", "senhor", "senhora", "seu",
];

/// `MARIA JOSE DE LA CRUZ` is `Maria`; `García, Dra. Ana` is `Ana`. Empty stays empty.
pub fn first_name(full: &str) -> String {
    // "Last, First" is how registers write people.
    let given = match full.split_once(',') {
        Some((_, given)) if given.chars().any(char::is_alphabetic) => given,
        _ => full,
    };
    let mut words = given.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).peekable();
    while let Some(word) = words.next() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if words.peek().is_some() && TITLES.contains(&bare.to_lowercase().as_str()) {
            continue;
        }
        return capitalise(bare);
    }
    String::new()
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
