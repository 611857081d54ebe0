//! What was answered about an id of which several messages went: whoever was told a new time, or has another number, has
//! several, and the house wants one word. Every file that people get back takes it from here.

use std::collections::HashMap;

use super::words::{self, NO_ANSWER};
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::engine::{Engine, EngineError};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// The words that stand for some ids. What is not among them has one message, whose own word counts.
#[derive(Debug, Default)]
pub(super) struct Answers(HashMap<String, Matter>);

/// What is known of one id.
#[derive(Debug)]
struct Matter {
    /// The first of its messages, which stays the first whatever comes later.
    first: MessageId,
    word: Option<(Weight, String)>,
}

/// A word that says something counts more than that nothing was answered; of two answers the later, of anything else what
/// came of the later message.
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

impl Answers {
    /// Of all messages of some ids, in the order of their numbers.
    pub fn of(all: &[Told]) -> Self {
        let mut answers: HashMap<String, Matter> = HashMap::new();
        for told in all {
            let Some(id) = &told.external_id else { continue };
            let matter = answers.entry(id.clone()).or_insert(Matter { first: told.id, word: None });
            let Some(word) = words::outcome(told) else { continue };
            let weight = Weight::of(told, word);
            if matter.word.as_ref().is_none_or(|(known, _)| weight.counts_more_than(*known)) {
                matter.word = Some((weight, word.to_owned()));
            }
        }
        Self(answers)
    }

    /// What was answered about this id, as one fixed word; `None`: nothing can have been, or no message of it is known.
    pub fn of_id(&self, id: Option<&str>) -> Option<&str> {
        self.0.get(id?)?.word.as_ref().map(|(_, word)| word.as_str())
    }

    /// What was answered about what a message is about.
    pub fn word<'a>(&'a self, told: &'a Told) -> Option<&'a str> {
        match told.external_id.as_deref().and_then(|id| self.0.get(id)) {
            Some(matter) => matter.word.as_ref().map(|(_, word)| word.as_str()),
            None => words::outcome(told),
        }
    }

    /// Whether it is the message in whose place its id is told, where each is told once.
    pub fn is_told_at(&self, told: &Told) -> bool {
        let matter = told.external_id.as_deref().and_then(|id| self.0.get(id));
        matter.is_none_or(|matter| matter.first == told.id)
    }
}

impl Engine {
    /// What was answered about the ids of some messages of `run`. Only a standing run has an id more than once.
    pub(super) async fn answers(&self, run: &Run, some: &[Told]) -> Result<Answers, EngineError> {
        if run.revision <= 1 {
            return Ok(Answers::default());
        }
        self.answers_of((run.campaign_id, run.id), some).await
    }

    /// The same, whatever run it is.
    pub(super) async fn answers_of(&self, of: (CampaignId, RunId), some: &[Told]) -> Result<Answers, EngineError> {
        let ids: Vec<&str> = some.iter().filter_map(|told| told.external_id.as_deref()).collect();
        Ok(Answers::of(&result::by_external_ids(&self.store, of, &ids).await?))
    }
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
