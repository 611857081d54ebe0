//! Letters as texts are compared by them: without accents and capitals.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The characters of `text`, lower case and without accents: `ñ` is `n`, `É` is `e`.
pub fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)
}
