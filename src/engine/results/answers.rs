//! What was answered about an id of which several messages went: whoever was told a new time, or has another number, has
//! several, and the house wants one word. Every file that people get back takes it from here. Where ids are numbers of lines or of
//! the day, another person's with the same id is another matter, and so is another visit of the same person.

use std::collections::HashMap;

use super::words::{self, NO_ANSWER};
use crate::domain::amend::who;
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// The words that stand for some ids. What is not among them has one message, whose own word counts.
#[derive(Debug, Default)]
pub(super) struct Answers(HashMap<String, Vec<Matter>>);

/// What is known of one id and what it stood for. Of several of one id that is what it stands for now which a file named last.
#[derive(Debug, Default)]
pub(super) struct Matter {
    /// Its messages, in the order of their numbers: the first stays the first whatever comes later.
    messages: Vec<MessageId>,
    about: Vec<About>,
    planned: Vec<Planned>,
    word: Option<(Weight, String)>,
}

/// By which files, and under which id, a message was planned and named.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Planned {
    under: String,
    happens_at: Option<UnixMs>,
    first: i64,
    last: i64,
}

impl Planned {
    fn of(told: &Told, id: &str) -> Self {
        let under = told.first_id.clone().unwrap_or_else(|| id.to_owned());
        Self { under, happens_at: told.happens_at, first: told.first_revision, last: told.revision }
    }

    /// Whether files had both, each in a row of its own: two visits, of which one has the other's id by now. A visit that has
    /// moved is planned anew by a file that does not name the old time any more.
    fn stood_beside(&self, other: &Self) -> bool {
        let is_otherwise = self.under != other.under && self.happens_at != other.happens_at;
        is_otherwise && self.first <= other.last && other.first <= self.last
    }
}

/// Whom, and which time, a message or a row is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct About {
    person: String,
    who: u64,
    happens_at: Option<UnixMs>,
}

impl About {
    /// By its number, its name and its time.
    pub fn new(recipient: &str, name: &str, happens_at: Option<UnixMs>) -> Self {
        let phone = Phone::from_international(recipient);
        let person = phone.map_or_else(|| recipient.to_owned(), |phone| phone.person_key());
        Self { person, who: who(name), happens_at }
    }

    /// Whether both are one person's, by name or, where one has none, by number; or one time's with a corrected number.
    fn is_as(&self, other: &Self) -> bool {
        if self.who != 0 && other.who != 0 {
            return self.who == other.who;
        }
        self.person == other.person || self.happens_at == other.happens_at
    }
}

impl Matter {
    /// Whether a message is about it.
    pub fn has(&self, message: MessageId) -> bool {
        self.messages.contains(&message)
    }

    fn is_about(&self, about: &About) -> bool {
        self.about.iter().any(|known| known.is_as(about))
    }

    fn is_then(&self, about: &About) -> bool {
        self.about.iter().any(|known| known.is_as(about) && known.happens_at == about.happens_at)
    }

    fn has_beside(&self, planned: &Planned) -> bool {
        self.planned.iter().any(|known| known.stood_beside(planned))
    }

    /// The last file that named any of its messages.
    fn named_by(&self) -> Option<i64> {
        self.planned.iter().map(|planned| planned.last).max()
    }

    fn word(&self) -> Option<&str> {
        self.word.as_ref().map(|(_, word)| word.as_str())
    }
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
        let mut answers: HashMap<String, Vec<Matter>> = HashMap::new();
        for told in all {
            let Some(id) = &told.external_id else { continue };
            let about = About::new(&told.recipient, &told.name, told.happens_at);
            let matters = answers.entry(id.clone()).or_default();
            let planned = Planned::of(told, id);
            let is_of = |matter: &Matter| matter.is_about(&about) && !matter.has_beside(&planned);
            let at = matters.iter().position(is_of).unwrap_or(matters.len());
            if at == matters.len() {
                matters.push(Matter::default());
            }
            let matter = &mut matters[at];
            matter.messages.push(told.id);
            matter.about.push(about);
            matter.planned.push(planned);
            let Some(word) = words::outcome(told) else { continue };
            let weight = Weight::of(told, word);
            if matter.word.as_ref().is_none_or(|(known, _)| weight.counts_more_than(*known)) {
                matter.word = Some((weight, word.to_owned()));
            }
        }
        Self(answers)
    }

    /// What is known of what a row left out is about; `None`: no message of it is known.
    pub fn of_row(&self, id: Option<&str>, about: &About) -> Option<&Matter> {
        let all = self.0.get(id?)?;
        all.iter().rfind(|matter| matter.is_then(about)).or_else(|| all.iter().rfind(|matter| matter.is_about(about)))
    }

    /// What is known of what a message is about; `None`: nothing but itself.
    pub fn of_message(&self, told: &Told) -> Option<&Matter> {
        self.0.get(told.external_id.as_deref()?)?.iter().find(|matter| matter.has(told.id))
    }

    /// What was answered about what a row left out is about, as one fixed word; `None`: nothing can have been.
    pub fn word_of_row(&self, id: Option<&str>, about: &About) -> Option<&str> {
        self.of_row(id, about)?.word()
    }

    /// What was answered about what a message is about.
    pub fn word<'a>(&'a self, told: &'a Told) -> Option<&'a str> {
        self.of_message(told).map_or_else(|| words::outcome(told), Matter::word)
    }

    /// Whether it is the message in whose place its id is told, where each is told once: of what the id stands for now.
    pub fn is_told_at(&self, told: &Told) -> bool {
        let matters = told.external_id.as_deref().and_then(|id| self.0.get(id));
        matters
            .and_then(|all| all.iter().max_by_key(|matter| matter.named_by()))
            .is_none_or(|matter| matter.messages.first() == Some(&told.id))
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
    fn another_persons_message_with_the_same_id_is_another_matter() {
        let about = |number: &str, name: &str, at| About::new(number, name, Some(UnixMs(at)));
        let ana = about("5491155550101", "Ana", 9);
        assert!(ana.is_as(&about("541155550101", "ANA", 10)), "moved, and the number written otherwise");
        assert!(ana.is_as(&about("5491155550109", "Ana", 9)), "a corrected number");
        assert!(!ana.is_as(&about("5491155550102", "Eva", 10)), "whoever has the number the next day");
        assert!(!ana.is_as(&about("5491155550101", "Leo", 9)), "a brother");
        let nobody = about("5491155550101", "", 9);
        assert!(nobody.is_as(&about("5491155550101", "", 10)) && nobody.is_as(&about("5491155550102", "", 9)));
        assert!(!nobody.is_as(&about("5491155550102", "", 10)));
    }

    fn planned(under: &str, at: i64, (first, last): (i64, i64)) -> Planned {
        Planned { under: under.to_owned(), happens_at: Some(UnixMs(at)), first, last }
    }

    #[test]
    fn two_rows_of_one_file_are_two_visits_and_a_visit_that_moved_is_one() {
        let beside = |one: &Planned, other: &Planned| {
            assert_eq!(one.stood_beside(other), other.stood_beside(one));
            one.stood_beside(other)
        };
        let gone = planned("1", 8, (1, 1));
        assert!(beside(&gone, &planned("2", 9, (1, 2))), "its neighbour has its id now");
        assert!(beside(&planned("1", 8, (1, 3)), &planned("2", 9, (2, 4))), "which came later");
        assert!(!beside(&gone, &planned("1", 9, (2, 2))), "moved");
        assert!(!beside(&planned("1", 8, (1, 3)), &planned("1", 9, (2, 4))), "moved, moved back and moved again");
        assert!(!beside(&planned("001", 8, (1, 2)), &planned("1", 9, (3, 3))), "moved after its id was written anew");
        assert!(!beside(&gone, &planned("2", 8, (1, 2))), "at one time");
    }

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
