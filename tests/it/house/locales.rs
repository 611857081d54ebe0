//! Three languages with the same keys and placeholders.

use std::collections::BTreeSet;

use recado::locale::{Language, say, sentences};

fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence.split('{').skip(1).filter_map(|piece| piece.split_once('}').map(|(name, _)| name)).collect()
}

#[test]
fn every_language_has_the_same_keys_and_placeholders() {
    let english = sentences(Language::En);
    for language in Language::ALL {
        let other = sentences(language);
        let missing: Vec<_> = english.keys().filter(|k| !other.contains_key(*k)).collect();
        let extra: Vec<_> = other.keys().filter(|k| !english.contains_key(*k)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{language:?}: missing {missing:?}, extra {extra:?}");
        for (key, sentence) in english {
            assert_eq!(placeholders(sentence), placeholders(&other[key]), "{language:?} {key}");
        }
    }
}

#[test]
fn a_sentence_is_filled_and_an_unknown_key_shows_itself() {
    assert_eq!(say(Language::En, "no.such.key", &[]), "no.such.key");
}
