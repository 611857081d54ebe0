//! What a file does to a standing run: each row against what the files before it planned. Pure; the sheet and the planner
//! both decide by it, so that what was shown is what is done.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::earlier::id_key;
use super::exclusion::ExclusionReason;
use super::hashed::hashed;
use super::id::MessageId;
use super::message::MessageState as S;
use super::phone::Phone;
use super::time::UnixMs;

mod erased;
mod file_keys;
mod packed;
mod planned;
mod renamed;
mod whose;

pub use erased::Whose;
pub use file_keys::{Conflicts, FileKeys};
pub use planned::{Planned, Row, base_key, mark};
pub use renamed::are_alike;
pub use whose::{Answered, Known, who};

/// Why a queued message was taken back by a later file, as its `end_reason` says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenBack {
    /// The row is not in the file any more.
    Absent,
    /// The same row has another date or time now.
    Moved,
    /// The file leaves the row out: not selected, no phone, …
    LeftOut,
    /// It was to tell a number that the row had in between; now the row has one again that was written to.
    Number,
}

impl TakenBack {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Absent, Self::Moved, Self::LeftOut, Self::Number];

    /// The word in database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Moved => "moved",
            Self::LeftOut => "left_out",
            Self::Number => "number",
        }
    }

    /// The reason of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == word)
    }
}

/// What a row does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// A message more.
    Add,
    /// A message more under this key, because the person was told another time: the new time is sent.
    AddMoved(String),
    /// A message more under this key, because what the row had was sent to another number than it has now.
    AddNumber(String),
    /// Its message waits, as this row has it.
    Same(MessageId),
    /// Its message waits, or was taken back before it left, and goes out as this row has it.
    Renew(Renewal),
    /// Its message has gone, or has ended otherwise.
    Gone(MessageId),
    /// The same, and the file before had another id for it.
    Renamed(MessageId),
    /// Its message waits and must not go: its person has said that they will not come.
    Decline(MessageId),
    /// Nothing, for a reason; the message is the one that was sent. `None`: its person was erased, or an earlier run sent it.
    Leave(ExclusionReason, Option<MessageId>),
    /// Nothing, although the row has another number than its message went to: that one has answered, the campaign leaves
    /// what has changed since, or it is too late.
    Elsewhere(MessageId),
}

/// A message that goes out as a new file has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renewal {
    /// Which.
    pub id: MessageId,
    /// Its key.
    pub key: String,
    /// Whether it waited; else it had been taken back, or was too late, and is in line again.
    pub waited: bool,
    /// Whether its person was told another time meanwhile.
    pub told_otherwise: bool,
    /// When it was due before.
    pub was_due_at: UnixMs,
}

/// What a row is decided by.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Whether a time, or a number, that changed after its person was told is left so.
    pub leaves_moves: bool,
    /// When the file is taken up.
    pub now: UnixMs,
    /// Whether due times are spread, so that they tell nothing.
    pub spread: bool,
    /// What the whole file names.
    pub keys: &'a FileKeys,
    /// The run's revision with this file: what has it is a row's already.
    pub revision: i64,
    /// Messages that another row of the file is for already.
    pub taken: &'a BTreeSet<MessageId>,
}

/// What is planned, by what finds it again.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    planned: Vec<Planned>,
    by_id: HashMap<String, Vec<usize>>,
    by_person: BTreeMap<String, Vec<usize>>,
    /// Ids whose person has cancelled, and was erased since.
    declined: BTreeSet<String>,
    /// What people have answered, by the ids that they were asked under, the last last.
    answers: BTreeMap<String, Vec<Answered>>,
    /// Ids whose person was told this time, and was erased since.
    told: BTreeMap<String, UnixMs>,
    /// Whose those ids were.
    erased: BTreeMap<String, Whose>,
}

impl Standing {
    /// Of these messages, in the order of their numbers, and of the ids whose people have cancelled, whoever they are.
    pub fn of(planned: Vec<Planned>, declined: BTreeSet<String>) -> Self {
        let mut standing = Self { declined, ..Self::default() };
        for (at, one) in planned.iter().enumerate() {
            if let Some(id) = &one.external_id {
                standing.by_id.entry(id.clone()).or_default().push(at);
            }
            standing.by_person.entry(one.to.person_key()).or_default().push(at);
        }
        standing.planned = planned;
        standing
    }

    /// The same with the ids whose person was told a time, and was erased since, and whose they and those were that were
    /// cancelled.
    #[must_use]
    pub fn with_erased(self, told: BTreeMap<String, UnixMs>, erased: BTreeMap<String, Whose>) -> Self {
        Self { told, erased, ..self }
    }

    /// The same with what people have answered, the last last.
    #[must_use]
    pub fn with_answers(mut self, answers: Vec<Answered>) -> Self {
        for one in answers {
            self.answers.entry(one.external_id.clone()).or_default().push(one);
        }
        self
    }

    /// Everything planned.
    pub fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// Whether it is a message more under a time, or a number, that was told once before.
    pub fn is_once_more(&self, id: MessageId) -> bool {
        let place = self.planned.binary_search_by_key(&id, |one| one.id);
        place.is_ok_and(|at| base_key(&self.planned[at].key) != self.planned[at].key)
    }

    /// What a row of the file does.
    pub fn decide(&self, row: &Row<'_>, rule: &Rule<'_>) -> Fate {
        if let Some(fate) = self.under_anothers_id(row, rule) {
            return fate;
        }
        match self.by_known_id(row, rule) {
            Fate::Add => self.under_other_id(row, rule).unwrap_or(Fate::Add),
            fate => fate,
        }
    }

    fn by_known_id(&self, row: &Row<'_>, rule: &Rule<'_>) -> Fate {
        let known = self.known(row, rule.keys);
        // Of several, one to the number that the row has now says more than one to the number before.
        let same =
            known.iter().copied().filter(|p| p.is_of(row)).max_by_key(|p| (p.goes_to(row), p.reaches(row), p.id));
        let told = known.iter().copied().filter(|p| p.has_gone()).max_by_key(|p| (p.claimed_at, p.id));
        // What the person believes, where that is another time than this row's and still to come.
        let told_otherwise = told.filter(|told| {
            row.external_id.is_some()
                && !told.is_of(row)
                && !rule.keys.holds(base_key(&told.key))
                && told.happens_at.is_some_and(|at| at > rule.now)
        });
        // The same appointment waits for a time that the file does not name any more: it has moved, and nobody was told.
        let waits = |p: &Planned| {
            let is_same_id = row.external_id.is_some() && p.external_id.as_deref() == row.external_id;
            p.state == S::Queued && is_same_id && !p.is_of(row) && !rule.keys.holds(base_key(&p.key))
        };
        let moved = known.iter().copied().filter(|p| waits(p)).max_by_key(|p| p.id);
        let leave = |told: &Planned| Fate::Leave(ExclusionReason::AlreadySent, Some(told.id));
        // A number that was told nothing is told no new time.
        let hears_anew = told_otherwise.is_some_and(|told| told.reaches(row));
        match same {
            Some(p) if p.state == S::Queued => self.waiting(p, row, rule, hears_anew),
            Some(p) if p.went_elsewhere(row) => self.elsewhere(p, row, rule, &known),
            Some(p) if p.has_gone() => {
                let later = |told: &&Planned| (told.claimed_at, told.id) > (p.claimed_at, p.id) && told.reaches(row);
                match told_otherwise.filter(later) {
                    Some(told) if rule.leaves_moves => leave(told),
                    Some(_) => Fate::AddMoved(self.fresh_key(&known, row)),
                    None => Fate::Gone(p.id),
                }
            }
            Some(p) if !p.can_come_back() => Fate::Gone(p.id),
            _ if self.has_declined(row) => {
                let last = same.or(told).or(known.last().copied());
                Fate::Leave(ExclusionReason::Declined, last.map(|last| last.id))
            }
            Some(p) => match told_otherwise {
                Some(told) if rule.leaves_moves => leave(told),
                _ => Fate::Renew(renewal(p, row, hears_anew)),
            },
            None => match (told_otherwise, moved) {
                (Some(told), _) if rule.leaves_moves => leave(told),
                (_, Some(moved)) => Fate::Renew(renewal(moved, row, hears_anew)),
                (Some(_), None) if hears_anew => Fate::AddMoved(row.key.to_owned()),
                (Some(_), None) => Fate::AddNumber(row.key.to_owned()),
                (None, None) if rule.leaves_moves && self.was_told_otherwise(row, rule) => {
                    Fate::Leave(ExclusionReason::AlreadySent, None)
                }
                (None, None) => Fate::Add,
            },
        }
    }

    /// What a row does whose number was corrected after its message was tried: whoever has the new number is told, while
    /// there is something to tell and unless whoever has the old one has answered.
    fn elsewhere(&self, p: &Planned, row: &Row<'_>, rule: &Rule<'_>, known: &[&Planned]) -> Fate {
        if self.has_declined(row) {
            return Fate::Leave(ExclusionReason::Declined, Some(p.id));
        }
        let is_ahead = row.due_at > rule.now || row.happens_at.is_none_or(|at| at > rule.now);
        let went = known.iter().any(|k| k.has_gone() && k.is_of(row));
        let answered = known.iter().any(|k| k.answered && k.is_of(row));
        if !is_ahead || went && (rule.leaves_moves || answered) {
            return Fate::Elsewhere(p.id);
        }
        Fate::AddNumber(self.fresh_key(known, row))
    }

    /// Whether the person of a row, by its id, has said that they will not come.
    pub fn has_declined(&self, row: &Row<'_>) -> bool {
        self.has_cancelled(row) || self.is_cancelled_by_erased(row) && self.may_be_erased(row) != Some(false)
    }

    /// Whether the row is left out because somebody of its id cancelled who was erased since, and nobody can know any more
    /// whether it was the row's person.
    pub fn is_left_in_doubt(&self, fate: &Fate, row: &Row<'_>) -> bool {
        let is_left = matches!(fate, Fate::Leave(ExclusionReason::Declined, _) | Fate::Decline(_));
        is_left && !self.has_cancelled(row) && self.is_cancelled_by_erased(row) && self.may_be_erased(row).is_none()
    }

    fn has_cancelled(&self, row: &Row<'_>) -> bool {
        let answers = row.external_id.and_then(|id| self.answers.get(id));
        answers.into_iter().flatten().rfind(|one| one.is_of(row)).is_some_and(|last| last.cancelled)
    }

    fn is_cancelled_by_erased(&self, row: &Row<'_>) -> bool {
        row.external_id.is_some_and(|id| self.declined.contains(id))
    }

    /// Whether the row is of whoever had its id and was erased; `None`: nobody can know.
    fn may_be_erased(&self, row: &Row<'_>) -> Option<bool> {
        row.external_id.and_then(|id| self.erased.get(id))?.has(row)
    }

    /// Whether the person of a row, by its id, was told another time that is still to come, and was erased since.
    fn was_told_otherwise(&self, row: &Row<'_>, rule: &Rule<'_>) -> bool {
        let told = row.external_id.and_then(|id| Some((id, *self.told.get(id)?)));
        told.is_some_and(|(id, at)| {
            self.may_be_erased(row) != Some(false)
                && at > rule.now
                && row.happens_at != Some(at)
                && !rule.keys.holds(&id_key(id, Some(at)))
        })
    }

    fn waiting(&self, p: &Planned, row: &Row<'_>, rule: &Rule<'_>, told_otherwise: bool) -> Fate {
        if self.has_declined(row) {
            return Fate::Decline(p.id);
        }
        let due_moves = !rule.spread && p.waiting_for.is_none() && row.due_at > rule.now && p.due_at != row.due_at;
        let mark = if told_otherwise { row.moved_mark } else { row.mark };
        let same_key = base_key(&p.key) == row.key;
        let is_same = p.mark == mark && p.latest_at == row.latest_at && same_key && !due_moves;
        if is_same { Fate::Same(p.id) } else { Fate::Renew(renewal(p, row, told_otherwise)) }
    }

    /// What was planned for the same row: of its id, unless that was another's before, and of its person where ids come or go.
    fn known(&self, row: &Row<'_>, keys: &FileKeys) -> Vec<&Planned> {
        let of_id = self.of_id(row).filter(|at| !self.planned[*at].is_anothers(row, keys));
        let of_person = self.by_person.get(&row.to.person_key()).into_iter().flatten().copied();
        let of_person = of_person.filter(|at| self.planned[*at].external_id.is_none() || row.external_id.is_none());
        let all: BTreeSet<usize> = of_id.chain(of_person).collect();
        all.into_iter().map(|at| &self.planned[at]).collect()
    }

    fn of_id(&self, row: &Row<'_>) -> impl Iterator<Item = usize> {
        row.external_id.and_then(|id| self.by_id.get(id)).into_iter().flatten().copied()
    }

    fn fresh_key(&self, known: &[&Planned], row: &Row<'_>) -> String {
        let taken = self.keys_of_id(row).chain(known.iter().map(|p| p.key.as_str())).collect();
        numbered(row.key, "#", (2, &taken))
    }

    /// The key of a message more for a row, where its own is that of a message of another's that had its id; `None`: it is
    /// free.
    pub fn key_beside(&self, row: &Row<'_>) -> Option<String> {
        let taken: HashSet<&str> = self.keys_of_id(row).collect();
        taken.contains(row.key).then(|| numbered(row.key, "#00", (1, &taken)))
    }

    fn keys_of_id(&self, row: &Row<'_>) -> impl Iterator<Item = &str> {
        self.of_id(row).map(|at| self.planned[at].key.as_str())
    }
}

/// The first key with a number from `from` on that is not taken.
fn numbered(key: &str, mark: &str, (from, taken): (i64, &HashSet<&str>)) -> String {
    let mut keys = (from..).map(|n| format!("{key}{mark}{n}"));
    keys.find(|key| !taken.contains(key.as_str())).expect("fewer keys are taken than there are numbers")
}

fn renewal(p: &Planned, row: &Row<'_>, told_otherwise: bool) -> Renewal {
    let same_key = base_key(&p.key) == row.key;
    let key = if same_key { p.key.clone() } else { row.key.to_owned() };
    Renewal { id: p.id, key, waited: p.state == S::Queued, told_otherwise, was_due_at: p.due_at }
}

#[cfg(test)]
mod tests;
