//! The same appointment under another id: a spreadsheet saved the file anew without leading zeros, or a system numbers its
//! rows anew.

use super::{Fate, MessageId, Phone, Planned, Row, Rule, S, Standing, UnixMs, renewal};
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
        let (id, at) = (row.external_id?, row.happens_at?);
        let theirs = self.by_person.get(&row.to.person_key())?.iter().map(|place| &self.planned[*place]);
        let same = theirs.filter_map(|p| {
            let old = p.external_id.as_deref().filter(|old| *old != id)?;
            let (is_then, is_alike) = (p.happens_at == Some(at), are_alike(old, id));
            // What nobody was told yet may have moved as well.
            let may_move = is_alike && (p.state == S::Queued || p.was_declined());
            let is_it = is_then && (is_alike || p.said == row.said) || may_move;
            let is_over = p.can_come_back() && !p.was_declined();
            let is_free = !rule.keys.names(old) && !rule.taken.contains(&p.id);
            (is_it && is_free && !is_over).then_some(((is_then, is_alike, p.state == S::Queued, p.id), p))
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
        let place = self.planned.binary_search_by_key(&id, |one| one.id).ok()?;
        let before = self.planned[place].external_id.as_deref()?;
        (row.external_id? != before).then_some((id, before))
    }

    /// The message that went for a row which is too late by now, to this number; `None`: none did.
    pub fn gone_for(
        &self,
        external_id: Option<&str>,
        happens_at: Option<UnixMs>,
        to: Option<&Phone>,
    ) -> Option<MessageId> {
        let (at, to) = (happens_at?, to?.person_key());
        let is_it = |p: &&Planned| p.has_gone() && p.happens_at == Some(at) && p.to.person_key() == to;
        let of_id = external_id.and_then(|id| self.by_id.get(id)).into_iter().flatten();
        let of_id = of_id.map(|place| &self.planned[*place]).filter(is_it).map(|p| p.id).max();
        let of_person = self.by_person.get(&to).into_iter().flatten().map(|place| &self.planned[*place]);
        let is_theirs = |p: &&Planned| match (external_id, p.external_id.as_deref()) {
            (Some(id), Some(before)) => are_alike(id, before),
            (id, _) => id.is_none(),
        };
        of_id.or_else(|| of_person.filter(is_it).filter(is_theirs).map(|p| p.id).max())
    }
}
