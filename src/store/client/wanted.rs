//! Whom a search looks for: words without regard to case and accents, on databases that have no common way to fold both.
//! Each letter of a word becomes the class of the letters that it is the same as (the ones that `fold_words` of the schema
//! folds), so that the rows are compared as they are.

use super::MOST_WORDS;

/// Letters that are the same without accents, the plain one first.
const ACCENTS: [&str; 8] = ["aáàâãäå", "cç", "eéèêë", "iíìîï", "nñ", "oóòôõö", "uúùûü", "yý"];

/// Longest word, in characters.
const LONGEST_WORD: usize = 60;

/// What is looked for; nothing: everybody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    words: Vec<String>,
    pub(super) numbers: Vec<String>,
}

/// How a database writes a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// SQLite's GLOB.
    Glob,
    /// PostgreSQL's regular expressions.
    Expression,
}

impl Wanted {
    /// What was typed, and the digits of each way of writing it, where it can be a number.
    pub fn of(typed: &str, numbers: &[String]) -> Self {
        let words = typed.split_whitespace().take(MOST_WORDS).map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let word = if bare.is_empty() { word } else { bare };
            // No text of the store holds a NUL, and PostgreSQL refuses to be asked for one; accents may come apart from their letters.
            let is_seen = |c: &char| *c != '\0' && !('\u{300}'..='\u{36f}').contains(c);
            word.chars().filter(is_seen).take(LONGEST_WORD).collect::<String>()
        });
        Self { words: words.collect(), numbers: numbers.to_vec() }
    }

    /// A pattern for each word; those that are left over find everything.
    pub(super) fn patterns(&self, way: Way) -> [String; MOST_WORDS] {
        std::array::from_fn(|at| self.words.get(at).map_or_else(|| pattern("", way), |word| pattern(word, way)))
    }
}

/// The pattern that finds `word` anywhere.
fn pattern(word: &str, way: Way) -> String {
    let inner: String = word.chars().map(|c| one(c, way)).collect();
    match way {
        Way::Glob if inner.is_empty() => "*".to_owned(),
        Way::Glob => format!("*{inner}*"),
        Way::Expression => inner,
    }
}

fn one(c: char, way: Way) -> String {
    let small = c.to_lowercase().next().unwrap_or(c);
    let same =
        ACCENTS.iter().find(|letters| letters.contains(small)).map_or_else(|| small.to_string(), |s| (*s).to_owned());
    let mut class: Vec<char> = same.chars().flat_map(|c| [c].into_iter().chain(c.to_uppercase())).collect();
    class.dedup();
    match (class.as_slice(), way) {
        ([_, _, ..], _) => format!("[{}]", class.into_iter().collect::<String>()),
        (_, Way::Glob) if "*?[".contains(c) => format!("[{c}]"),
        (_, Way::Expression) if c.is_ascii_punctuation() => format!("\\{c}"),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_stands_for_itself_in_every_case_and_with_every_accent() {
        for typed in ["ñu", "NU", "n\u{303}ú"] {
            let wanted = Wanted::of(typed, &[]);
            let [glob, rest, ..] = wanted.patterns(Way::Glob);
            assert_eq!((glob.as_str(), rest.as_str()), ("*[nNñÑ][uUúÚùÙûÛüÜ]*", "*"), "{typed}");
            let [expression, rest, ..] = wanted.patterns(Way::Expression);
            assert_eq!((expression.as_str(), rest.as_str()), ("[nNñÑ][uUúÚùÙûÛüÜ]", ""), "{typed}");
        }
    }

    #[test]
    fn the_signs_of_patterns_are_only_signs() {
        let wanted = Wanted::of("1*[? 2.(x \0 %", &[]);
        assert_eq!(wanted.patterns(Way::Glob), ["*1*", "*2.([xX]*", "*", "*%*"]);
        assert_eq!(wanted.patterns(Way::Expression), ["1", "2\\.\\([xX]", "", "\\%"]);
        assert_eq!(Wanted::of("a*[?b", &[]).patterns(Way::Glob)[0], "*[aAáÁàÀâÂãÃäÄåÅ][*][[][?][bB]*");
    }
}
