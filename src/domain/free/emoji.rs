//! Whether a text is one emoji, by the grammar of emoji sequences (Unicode Technical Standard 51, 1.4.9).

/// Joins several emoji into one.
const JOINER: char = '\u{200d}';
/// Asks for the form in colour.
const IN_COLOUR: char = '\u{fe0f}';
/// Makes a key of a digit.
const KEYCAP: char = '\u{20e3}';
/// Ends the tags of a flag.
const LAST_TAG: char = '\u{e007f}';

/// Whether `text` is one emoji and nothing else: a sign, a flag, a key, or several that are joined into one.
pub fn is_one(text: &str) -> bool {
    text.split(JOINER).all(is_element)
}

/// What stands between joiners.
fn is_element(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    match signs.as_slice() {
        [one, other] if is_regional(*one) && is_regional(*other) => true,
        [key, IN_COLOUR, KEYCAP] | [key, KEYCAP] => matches!(key, '0'..='9' | '#' | '*'),
        [sign, rest @ ..] if is_sign(*sign) => is_form(rest),
        _ => false,
    }
}

/// What may follow a sign: its form or the colour of its skin, then tags.
fn is_form(rest: &[char]) -> bool {
    let rest = match rest {
        [IN_COLOUR | '\u{1f3fb}'..='\u{1f3ff}', rest @ ..] => rest,
        _ => rest,
    };
    match rest {
        [] => true,
        [tags @ .., LAST_TAG] => !tags.is_empty() && tags.iter().all(|tag| matches!(tag, '\u{e0020}'..='\u{e007e}')),
        _ => false,
    }
}

const fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// The blocks in which signs with the property Emoji lie (emoji-data.txt 16.0), some of them with neighbours that have no
/// form in colour.
const fn is_sign(c: char) -> bool {
    matches!(c,
        '©' | '®' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{2199}' | '\u{21a9}' | '\u{21aa}'
        | '\u{231a}' | '\u{231b}' | '\u{2328}' | '\u{23cf}' | '\u{23e9}'..='\u{23f3}' | '\u{23f8}'..='\u{23fa}' | '\u{24c2}'
        | '\u{25aa}' | '\u{25ab}' | '\u{25b6}' | '\u{25c0}' | '\u{25fb}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}'
        | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b07}' | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f004}' | '\u{1f0cf}' | '\u{1f170}' | '\u{1f171}'
        | '\u{1f17e}' | '\u{1f17f}' | '\u{1f18e}' | '\u{1f191}'..='\u{1f19a}' | '\u{1f201}' | '\u{1f202}' | '\u{1f21a}'
        | '\u{1f22f}' | '\u{1f232}'..='\u{1f23a}' | '\u{1f250}' | '\u{1f251}' | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}' | '\u{1f7e0}'..='\u{1f7eb}' | '\u{1f7f0}' | '\u{1f90c}'..='\u{1f9ff}'
        | '\u{1fa70}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What agents choose from: the emoji and its words, a line each.
    const OFFERED: &str = include_str!("../../web/assets/emoji.txt");

    #[test]
    fn every_emoji_that_agents_are_offered_is_one_and_two_of_them_are_not() {
        let all: Vec<&str> = OFFERED.lines().filter_map(|line| Some(line.split_once('|')?.0)).collect();
        assert!(all.len() > 100, "{}", all.len());
        for emoji in &all {
            assert!(is_one(emoji), "{emoji} {:?}", emoji.chars().collect::<Vec<_>>());
            assert!(!is_one(&format!("{emoji}{emoji}")), "{emoji} twice");
        }
    }

    #[test]
    fn joined_signs_flags_keys_and_skins_are_one_and_words_are_none() {
        for one in ["👍", "👍🏽", "❤", "❤️", "👨‍👩‍👧‍👦", "🧑🏽‍⚕️", "🇦🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#⃣", "✌🏿", "🏳️‍🌈"]
        {
            assert!(is_one(one), "{one}");
        }
        for none in [
            "",
            " ",
            "hola",
            "1",
            "#",
            "👍 ",
            " 👍",
            "👍👍",
            "🇦",
            "🇦🇷🇧🇷",
            "\u{200d}",
            "👍\u{200d}",
            "👍a",
            "\u{fe0f}",
            "🏽👍",
            "¿",
        ] {
            assert!(!is_one(none), "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_with_a_letter_in_it_is_an_emoji(before in "\\PC{0,6}", letter in "[a-zA-Zñáé]", after in "\\PC{0,6}") {
            let text = format!("{before}{letter}{after}");
            prop_assert!(!is_one(&text));
        }
    }
}
