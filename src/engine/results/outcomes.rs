//! What was answered, for the system that the file came from: one line for each id, in fixed words.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::cell::Cell;
use super::make::{Made, PIECE, Sinks};
use super::words::{self, NO_ANSWER};
use crate::domain::id::MessageId;
use crate::engine::{Engine, EngineError};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// What stands for an id that several messages have: whoever was told a new time, or has another number, has several, and
/// the system that takes the file takes one line for each. A word that says something counts more than that nothing was
/// answered; of two answers the later, of anything else what came of the later message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Weight {
    says_something: bool,
    /// Of two that were answered: the number of the answer.
    answer: Option<i64>,
    message: MessageId,
}

impl Weight {
    fn of(told: &Told, word: &str) -> Self {
        Self { says_something: word != NO_ANSWER, answer: told.answer, message: told.id }
    }

    fn counts_more_than(self, other: Self) -> bool {
        match (self.answer, other.answer) {
            (Some(one), Some(two)) => one > two,
            _ => (self.says_something, self.message) > (other.says_something, other.message),
        }
    }
}

impl Engine {
    /// The file of answers.
    pub(super) async fn outcomes(&self, run: &Run, sinks: Sinks) -> Result<Vec<Made>, EngineError> {
        let mut sinks = sinks.write(vec![vec![Cell::word("id"), Cell::word("outcome")]]).await?;
        let repeated = self.repeated_ids(run).await?;
        let chosen = self.chosen(run, &repeated).await?;
        let mut after = MessageId(0);
        while let Some((page, last)) = self.page(run, after).await? {
            after = last;
            let rows = page.iter().filter_map(|told| {
                let (word, id) = (words::outcome(told)?, told.external_id.clone()?);
                let counts = chosen.get(&half_of_hash(&id)).is_none_or(|weight| weight.message == told.id);
                counts.then(|| vec![Cell::Word(id), Cell::word(word)])
            });
            sinks = sinks.write(rows.collect()).await?;
        }
        sinks.finish().await
    }

    /// Ids of which there is a word more than once. Only a standing run has an id twice.
    async fn repeated_ids(&self, run: &Run) -> Result<HashSet<u64>, EngineError> {
        if run.revision <= 1 {
            return Ok(HashSet::new());
        }
        // Eight bytes for each message: a million take 8 MB.
        let (mut all, mut after) = (Vec::new(), MessageId(0));
        while let Some((page, last)) = self.page(run, after).await? {
            after = last;
            let with_word = page.iter().filter(|told| words::outcome(told).is_some());
            all.extend(with_word.filter_map(|told| told.external_id.as_deref().map(half_of_hash)));
        }
        all.sort_unstable();
        Ok(all.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect())
    }

    /// What stands for each of those ids.
    async fn chosen(&self, run: &Run, repeated: &HashSet<u64>) -> Result<HashMap<u64, Weight>, EngineError> {
        let (mut chosen, mut after) = (HashMap::new(), MessageId(0));
        if repeated.is_empty() {
            return Ok(chosen);
        }
        while let Some((page, last)) = self.page(run, after).await? {
            after = last;
            for told in &page {
                let Some((word, id)) = words::outcome(told).zip(told.external_id.as_deref()) else { continue };
                let (id, weight) = (half_of_hash(id), Weight::of(told, word));
                if repeated.contains(&id) {
                    let known = chosen.entry(id).or_insert(weight);
                    if weight.counts_more_than(*known) {
                        *known = weight;
                    }
                }
            }
        }
        Ok(chosen)
    }

    async fn page(&self, run: &Run, after: MessageId) -> Result<Option<(Vec<Told>, MessageId)>, EngineError> {
        let page = result::of_run(&self.store, (run.id, 0), after, PIECE as i64).await?;
        let last = page.last().map(|last| last.id);
        Ok(last.map(|last| (page, last)))
    }
}

/// Kept in place of an id.
fn half_of_hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_says_something_counts_more_and_of_two_answers_the_later() {
        let of = |says_something, answer, message| Weight { says_something, answer, message: MessageId(message) };
        let (confirmed, silent, to_be_read) = (of(true, Some(5), 1), of(false, None, 2), of(true, None, 3));
        assert!(confirmed.counts_more_than(silent) && !silent.counts_more_than(confirmed));
        assert!(to_be_read.counts_more_than(confirmed) && to_be_read.counts_more_than(silent));
        let earlier_message_answered_last = of(true, Some(9), 1);
        assert!(earlier_message_answered_last.counts_more_than(of(true, Some(6), 4)));
        assert!(of(false, None, 2).counts_more_than(of(false, None, 1)));
    }
}
