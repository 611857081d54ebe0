//! The same appointment under another id: a spreadsheet saved the file anew without leading zeros, or a system numbers its
//! rows anew.

use super::{Fate, Known, MessageId, Planned, Row, Rule, S, Standing, renewal};
use crate::domain::exclusion::ExclusionReason;

impl Planned {
    /// It waited when its person said that they will not come.
    fn was_declined(&self) -> bool {
        self.state == S::Excluded && self.end_reason.as_deref() == Some(ExclusionReason::Declined.as_str())
    }
}

/// Whether two ids differ in their form alone: leading zeros, capitals, blanks.
pub fn are_alike(one: &str, other: &str) -> bool {
    fn form(id: &str) -> impl Iterator<Item = char> + '_ {
        id.chars().filter(|c| !c.is_whitespace()).skip_while(|c| *c == '0').flat_map(char::to_lowercase)
    }
    form(one).eq(form(other))
}

impl Standing {
    /// What a row does whose id is new, where it is the appointment of a message that was planned under an id which the file
    /// does not have any more: of the same person, at the same time, and either the ids differ in their form alone or what
    /// would be said is word for word the same. Another text may be for a second child with the same phone.
    pub(super) fn under_other_id(&self, row: &Row<'_>, rule: &Rule<'_>) -> Option<Fate> {
        self.best(row, rule, |p, old, (is_then, is_alike)| {
            // What nobody was told yet may have moved as well.
            let may_move = is_alike && (p.state == S::Queued || p.was_declined());
            !rule.keys.names(old) && (is_then && (is_alike || p.said == row.said) || may_move)
        })
    }

    /// What a row does that is the appointment of a message under an id which stands for another appointment in this file: ids
    /// are numbers of lines, and one came or went above it. The same person, time and name is that appointment, whatever
    /// its id; where the id is the same person's now, only what says the very same.
    pub(super) fn under_anothers_id(&self, row: &Row<'_>, rule: &Rule<'_>) -> Option<Fate> {
        let theirs = |p: &Planned| p.known().is_as(&row.known()) && p.goes_to(row);
        if self.of_id(row).any(|at| theirs(&self.planned[at])) {
            return None;
        }
        let has_shifted = self.of_id(row).any(|at| {
            let had_it = &self.planned[at];
            had_it.is_anothers(row, rule.keys) || had_it.is_brothers(row)
        });
        self.best(row, rule, |p, old, (is_then, _)| {
            let is_free = if rule.keys.names(old) { !rule.keys.is_row(old, &p.known()) } else { has_shifted };
            let is_named_as = row.who == p.who && (has_shifted || rule.keys.is_of_another(old, &p.to));
            is_then && is_free && (is_named_as || rule.keys.names(old) && p.said == row.said)
        })
    }

    /// The best of the messages for the row's person that another id stands for; `is_it` is asked with that id, and
    /// whether the time is the same and the ids are alike.
    fn best(
        &self,
        row: &Row<'_>,
        rule: &Rule<'_>,
        is_it: impl Fn(&Planned, &str, (bool, bool)) -> bool,
    ) -> Option<Fate> {
        let (id, at) = (row.external_id?, row.happens_at?);
        let theirs = self.by_person.get(&row.to.person_key())?.iter().map(|place| &self.planned[*place]);
        let same = theirs.filter_map(|p| {
            let old = p.external_id.as_deref().filter(|old| *old != id)?;
            let (is_then, is_alike) = (p.happens_at == Some(at), are_alike(old, id));
            let is_over = p.can_come_back() && !p.was_declined();
            let is_taken = p.revision >= rule.revision || rule.taken.contains(&p.id);
            let rank = (is_then, is_alike, p.who == row.who, p.state == S::Queued, p.id);
            (!is_over && !is_taken && is_it(p, old, (is_then, is_alike))).then_some((rank, p))
        });
        let (_, p) = same.max_by_key(|(rank, _)| *rank)?;
        Some(match p.state {
            S::Queued => Fate::Renew(renewal(p, row, false)),
            _ if p.was_declined() => Fate::Leave(ExclusionReason::Declined, Some(p.id)),
            _ => Fate::Renamed(p.id),
        })
    }

    /// The id before of the message that a row goes on with under another one.
    pub fn id_before(&self, fate: &Fate, row: &Row<'_>) -> Option<(MessageId, &str)> {
        let id = match fate {
            Fate::Renamed(id) | Fate::Leave(ExclusionReason::Declined, Some(id)) => *id,
            Fate::Renew(renewal) => renewal.id,
            _ => return None,
        };
        let before = self.id_of(id)?;
        (row.external_id? != before).then_some((id, before))
    }

    /// The id of the row that a message was planned for.
    pub fn id_of(&self, id: MessageId) -> Option<&str> {
        let place = self.planned.binary_search_by_key(&id, |one| one.id).ok()?;
        self.planned[place].external_id.as_deref()
    }

    /// The message that went for a row which is too late by now, to this number; `None`: none did.
    pub fn gone_for(&self, external_id: Option<&str>, known: &Known<'_>) -> Option<MessageId> {
        let person = known.to.person_key();
        let is_it = |p: &&Planned| {
            p.has_gone() && p.happens_at.is_some() && p.happens_at == known.happens_at && p.to.person_key() == person
        };
        let of_id = external_id.and_then(|id| self.by_id.get(id)).into_iter().flatten();
        let of_id = of_id.map(|place| &self.planned[*place]).filter(is_it).max_by_key(|p| (p.who == known.who, p.id));
        let of_person = self.by_person.get(&person).into_iter().flatten().map(|place| &self.planned[*place]);
        let is_theirs = |p: &&Planned| match (external_id, p.external_id.as_deref()) {
            (Some(id), Some(before)) => are_alike(id, before) || p.who == known.who && known.who != 0,
            (id, _) => id.is_none(),
        };
        of_id.or_else(|| of_person.filter(is_it).filter(is_theirs).max_by_key(|p| p.id)).map(|p| p.id)
    }
}
