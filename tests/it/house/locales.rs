//! Three languages with the same keys and placeholders.

use std::collections::BTreeSet;

use recado::domain::problem::Problem;
use recado::locale::{Language, Sentence, problem, say, sentences};

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
            let (ours, theirs) = (sentence.forms(), other[key].forms());
            assert_eq!(ours.len(), theirs.len(), "{language:?} {key}: counted in one language only");
            for (ours, theirs) in ours.into_iter().zip(theirs) {
                assert_eq!(placeholders(ours), placeholders(theirs), "{language:?} {key}");
            }
        }
    }
}

/// `1 rows` is never said: where a word follows a count, the sentence has a form for one.
#[test]
fn a_sentence_in_which_a_count_has_a_word_has_two_forms() {
    for language in Language::ALL {
        for (key, sentence) in sentences(language) {
            match sentence {
                Sentence::Plain(text) => {
                    for (_, after) in text.match_indices("{n}").map(|(at, n)| text.split_at(at + n.len())) {
                        let word = after.trim_start().chars().next().is_some_and(char::is_alphabetic);
                        // "{n} of {total}" counts nothing.
                        assert!(!word || after.contains('{'), "{language:?} {key}: {text}");
                    }
                    assert!(!text.contains("{count}"), "{language:?} {key}: the count is called n");
                }
                Sentence::Counted { one, other } => {
                    let names = |text: &'static str| {
                        placeholders(text).into_iter().filter(|name| *name != "n").collect::<BTreeSet<_>>()
                    };
                    assert_eq!(names(one), names(other), "{language:?} {key}");
                }
            }
        }
    }
}

#[test]
fn the_count_chooses_the_form_in_every_language() {
    let said = |language, n: &str| say(language, "web.time.days", &[("n", n)]);
    for (language, one, none, many) in [
        (Language::En, "1 day", "0 days", "1,000 days"),
        (Language::Es, "1 día", "0 días", "1,000 días"),
        (Language::Pt, "1 dia", "0 dias", "1,000 dias"),
    ] {
        assert_eq!([said(language, "1"), said(language, "0"), said(language, "1,000")], [one, none, many]);
    }
    let flattened = |n: &str| problem(Language::En, &Problem::new("flattened", &[("n", n)]));
    assert!(flattened("1").starts_with("In one message a value"), "{}", flattened("1"));
    assert!(flattened("2").starts_with("In 2 messages a value"), "{}", flattened("2"));
}

#[test]
fn a_sentence_is_filled_and_an_unknown_key_shows_itself() {
    assert_eq!(say(Language::En, "no.such.key", &[]), "no.such.key");
}
