//! Receipts that belong to nobody and messages in doubt, at a provider whose receipts name no message of ours: a receipt
//! settles a doubt where nothing else can be meant on either side (gupshup-zenvia.md 1.5). Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::id::MessageId;
use super::time::UnixMs;

/// A message in doubt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubtful {
    /// Which.
    pub id: MessageId,
    /// The number it went to.
    pub recipient: String,
    /// When it was claimed.
    pub claimed_at: UnixMs,
    /// Whether it is a template.
    pub is_template: bool,
}

/// The provider's first word on a message that nobody knows: it was taken, or failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstWord {
    /// The provider's id.
    pub provider_id: String,
    /// The number it went to.
    pub recipient: String,
    /// When.
    pub at: UnixMs,
    /// Whether it is about a template, where it says so.
    pub of_template: Option<bool>,
}

/// How far from the claim a first word may lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The provider's clock may be behind by this.
    pub before: Duration,
    /// The request may have left, and been told of, within this.
    pub after: Duration,
}

/// The doubts that exactly one unknown message can be, where that one can be no other; with the provider's id.
pub fn settled(doubts: &[Doubtful], words: &[FirstWord], window: Window) -> Vec<(MessageId, String)> {
    let fits = |doubt: &Doubtful, word: &FirstWord| {
        doubt.recipient == word.recipient
            && word.of_template.is_none_or(|template| template == doubt.is_template)
            && word.at >= doubt.claimed_at.minus(window.before)
            && word.at <= doubt.claimed_at.plus(window.after)
    };
    let of_doubt = |doubt: &Doubtful| -> BTreeSet<&str> {
        words.iter().filter(|word| fits(doubt, word)).map(|word| word.provider_id.as_str()).collect()
    };
    let doubts_of = |id: &str| {
        let about = |doubt: &&Doubtful| words.iter().any(|word| word.provider_id == id && fits(doubt, word));
        doubts.iter().filter(about).count()
    };
    let only = |doubt: &Doubtful| {
        let ids = of_doubt(doubt);
        let id = ids.first().filter(|id| ids.len() == 1 && doubts_of(id) == 1)?;
        Some((doubt.id, (*id).to_owned()))
    };
    doubts.iter().filter_map(only).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Window = Window { before: Duration::from_secs(5), after: Duration::from_secs(75) };

    fn doubt(id: i64, recipient: &str, at: i64) -> Doubtful {
        let claimed_at = UnixMs(1_000_000_000 + at * 1_000);
        Doubtful { id: MessageId(id), recipient: recipient.to_owned(), claimed_at, is_template: true }
    }

    fn word(id: &str, recipient: &str, at: i64) -> FirstWord {
        let at = UnixMs(1_000_000_000 + at * 1_000);
        FirstWord { provider_id: id.to_owned(), recipient: recipient.to_owned(), at, of_template: Some(true) }
    }

    fn ids(doubts: &[Doubtful], words: &[FirstWord]) -> Vec<(i64, String)> {
        settled(doubts, words, WINDOW).into_iter().map(|(id, word)| (id.0, word)).collect()
    }

    #[test]
    fn a_single_word_on_a_single_doubt_settles_it() {
        let one = [(7, "g1".to_owned())];
        assert_eq!(ids(&[doubt(7, "5491", 0)], &[word("g1", "5491", 3)]), one);
        let told_twice = [word("g1", "5491", 3), FirstWord { of_template: None, ..word("g1", "5491", 4) }];
        assert_eq!(ids(&[doubt(7, "5491", 0)], &told_twice), one, "taken, then failed: one message");
        assert_eq!(ids(&[doubt(7, "5491", 0), doubt(8, "5492", 0)], &[word("g1", "5491", 3)]), one);
    }

    #[test]
    fn what_could_be_another_stays_in_doubt() {
        let mine = [doubt(7, "5491", 0)];
        assert_eq!(ids(&mine, &[word("g1", "5491", 3), word("g2", "5491", 9)]), []);
        assert_eq!(ids(&[doubt(7, "5491", 0), doubt(8, "5491", 20)], &[word("g1", "5491", 25)]), []);
        assert_eq!(ids(&mine, &[word("g1", "5492", 3)]), []);
        assert_eq!(ids(&mine, &[word("g1", "5491", -6)]), []);
        assert_eq!(ids(&mine, &[word("g1", "5491", 76)]), []);
        let text = FirstWord { of_template: Some(false), ..word("g1", "5491", 3) };
        assert_eq!(ids(&mine, &[text]), []);
    }

    proptest! {
        #[test]
        fn no_word_settles_two_doubts_and_no_doubt_two_words(
            doubts in prop::collection::vec((0_u8..3, 0_i64..200), 0..8),
            words in prop::collection::vec((0_u8..6, 0_u8..3, 0_i64..200), 0..8),
        ) {
            let doubts: Vec<Doubtful> =
                doubts.iter().enumerate().map(|(i, (to, at))| doubt(i as i64, &to.to_string(), *at)).collect();
            let words: Vec<FirstWord> =
                words.iter().map(|(id, to, at)| word(&id.to_string(), &to.to_string(), *at)).collect();
            let found = settled(&doubts, &words, WINDOW);
            let unique: BTreeSet<&String> = found.iter().map(|(_, id)| id).collect();
            prop_assert_eq!(unique.len(), found.len());
            for (id, word) in &found {
                let doubt = doubts.iter().find(|d| d.id == *id).unwrap();
                prop_assert!(words.iter().any(|w| w.provider_id == *word && w.recipient == doubt.recipient));
            }
        }
    }
}
