//! Words for what people decided, as campaign files name them and files of results have them.

/// Answered: the person waits for somebody, and no rule or agent has said yet what the answer means.
pub const TO_BE_READ: &str = "to_be_read";

/// Answered, and nobody waits for anything any more, but nothing was decided.
pub const ANSWERED: &str = "answered";

/// Reached, and silent so far.
pub const NO_ANSWER: &str = "no_answer";

/// The outcome that an opt-out is.
pub const OPT_OUT: &str = "opted_out";

/// Longest word.
const LONGEST: usize = 40;

/// Whether `word` can be an outcome: small letters, digits and `_`, and none of the words that mean that there is no outcome.
pub fn is_word(word: &str) -> bool {
    (1..=LONGEST).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !matches!(word, TO_BE_READ | ANSWERED | NO_ANSWER)
}

/// Whether somebody can say that this was decided. An opt-out is no word to set: it goes on the do-not-send list.
pub fn can_be_set(word: &str) -> bool {
    is_word(word) && word != OPT_OUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_one_small_word_that_means_something_was_decided() {
        for word in ["confirmed", "cancelled", "otro_dia", "moved2"] {
            assert!(is_word(word) && can_be_set(word), "{word}");
        }
        for word in
            ["", "-1", "CONFIRMED", "no_answer", "to_be_read", "answered", "raro con espacios", "sí", &"x".repeat(41)]
        {
            assert!(!is_word(word) && !can_be_set(word), "{word}");
        }
        assert!(is_word(OPT_OUT) && !can_be_set(OPT_OUT));
    }
}
