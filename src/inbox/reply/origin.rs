//! The message each reply answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::understood::{Candidacy, Rulebook};
use super::{Came, Desk, pointed_at};
use crate::domain::event::ReplyContent;
use crate::domain::id::{MessageId, PersonId};
use crate::domain::time::UnixMs;
use crate::inbox::attribution::{Attribution, attribute};
use crate::store::candidate::{self, Candidate, Reached};
use crate::store::{Result, Tx};

/// No campaign waits longer than this for its replies; older messages are not even looked at.
const LONGEST_WAIT: Duration = Duration::from_hours(90 * 24);

/// A reply still answers the template that last reached the person this long after it, where nothing was said since: when
/// its conversation closes has nothing to do with that.
const ANSWERED_WITHIN: Duration = Duration::from_hours(7 * 24);

/// A reply whose message is looked for, and every row of whoever wrote.
pub(super) struct Sought<'a> {
    pub(super) came: Came<'a>,
    pub(super) family: Vec<PersonId>,
}

impl Sought<'_> {
    /// The message whose button was tapped, when it says that it is one of ours.
    fn tapped(&self) -> Option<MessageId> {
        let ReplyContent::Button { payload: Some(payload), .. } = &self.came.reply.content else { return None };
        (payload.instance == *self.came.desk.instance).then_some(payload.message)
    }

    /// Only what went out from the sender that was written to.
    fn ours<'c>(&self, found: Option<&'c Candidate>) -> Option<&'c Candidate> {
        found.filter(|message| message.sender == self.came.desk.sender.name)
    }
}

/// Attributes replies and returns, for each, every message it may answer.
pub(super) async fn find_all(tx: &mut Tx, sought: &[Sought<'_>]) -> Result<Vec<(Attribution, Vec<Candidacy>)>> {
    let tapped: Vec<MessageId> = sought.iter().filter_map(Sought::tapped).collect();
    let tapped = candidate::by_ids(tx, &tapped).await?;
    let tapped: BTreeMap<MessageId, Candidate> = tapped.into_iter().map(|found| (found.id, found)).collect();
    let tapped: Vec<Option<&Candidate>> =
        sought.iter().map(|s| s.ours(s.tapped().and_then(|id| tapped.get(&id)))).collect();
    let pointed = sought.iter().zip(&tapped).filter(|(_, tapped)| tapped.is_none());
    let pointed: BTreeSet<&str> = pointed.filter_map(|(s, _)| pointed_at(s.came.reply)).collect();
    let quoted = candidate::by_provider_ids(tx, &pointed).await?;
    let quoted = |s: &Sought<'_>| s.ours(pointed_at(s.came.reply).and_then(|id| quoted.get(id))).cloned();
    let certain: Vec<Option<Candidate>> =
        sought.iter().zip(&tapped).map(|(s, tapped)| tapped.cloned().or_else(|| quoted(s))).collect();
    let mut book = Rulebook::default();
    let others = sought.iter().zip(&certain).filter(|(_, certain)| certain.is_none());
    let reached: Vec<Reached<'_>> = others.map(|(s, _)| reached(&s.came.desk, &s.family)).collect();
    let mut waiting = waiting_of_all(tx, &reached, &mut book).await?.into_iter();
    let attributed = certain.into_iter().map(|certain| {
        if let Some(message) = certain {
            return (attribute(Some(message.id), &[]), vec![Candidacy::of(message, &mut book)]);
        }
        let waiting = waiting.next().unwrap_or_default();
        let ids: Vec<_> = waiting.iter().map(|c| c.message.id).collect();
        (attribute(None, &ids), waiting)
    });
    Ok(attributed.collect())
}

fn reached<'a>(desk: &Desk<'a>, people: &'a [PersonId]) -> Reached<'a> {
    let until = desk.received_at;
    // Up to the webhook's arrival: the provider tells only seconds, and a quick reply would seem to come first.
    Reached { people, sender: &desk.sender.name, since: until.minus(LONGEST_WAIT), until }
}

async fn waiting_of_all(tx: &mut Tx, all: &[Reached<'_>], book: &mut Rulebook) -> Result<Vec<Vec<Candidacy>>> {
    let recent = candidate::recent(tx, all).await?;
    let waiting = recent.into_iter().zip(all).map(|(recent, asked)| {
        waiting_at(recent.into_iter().map(|candidate| Candidacy::of(candidate, book)).collect(), asked.until)
    });
    Ok(waiting.collect())
}

/// Those of `recent`, newest first, that wait for a reply at `at`. Where none does any more, it is what last reached the
/// person, with whatever waited beside it then.
fn waiting_at(mut recent: Vec<Candidacy>, at: UnixMs) -> Vec<Candidacy> {
    let last = recent.iter().max_by_key(|c| (c.message.reached_at, c.message.id));
    let last = last.filter(|c| c.is_template() && at.since(c.message.reached_at) <= ANSWERED_WITHIN);
    let waits = recent.iter().any(|c| c.waits_at(at));
    let at = last.filter(|_| !waits).map_or(at, |c| c.message.reached_at);
    recent.retain(|c| c.waits_at(at));
    recent
}

/// The messages of `sender` to one person that waited for a reply when one came in, newest first.
pub(in crate::inbox) async fn waiting(
    tx: &mut Tx,
    sender: &str,
    people: &[PersonId],
    received_at: UnixMs,
) -> Result<Vec<Candidacy>> {
    let asked = Reached { people, sender, since: received_at.minus(LONGEST_WAIT), until: received_at };
    Ok(waiting_of_all(tx, &[asked], &mut Rulebook::default()).await?.pop().unwrap_or_default())
}
