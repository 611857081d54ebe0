//! Replies come in: who wrote, what it answers, what it means, and the conversation it belongs to. They are taken many at a
//! time, with the same few statements for all of them.

mod answer;
mod conversation;
pub(super) mod origin;
mod understood;
pub(super) mod wish;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::config::{Config, Sender};
use crate::domain::callback::Instance;
use crate::domain::event::{Reply, ReplyContent};
use crate::domain::id::{ConversationId, EntryId, MessageId, PersonId};
use crate::domain::recipient::Recipient;
use crate::domain::time::UnixMs;
use crate::store::conversation::{Happening, step};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::media::{self, Expected};
use crate::store::outcome::{self, NewOutcome};
use crate::store::suppression::{self, SuppressionScope};
use crate::store::{Result, Tx, unclear};

use super::decide::{self, Decision};
use super::{out_line, words};
use conversation::Placed;
pub(super) use understood::Candidacy;
use understood::{Round, Understood};

/// Meta's customer service window: free texts may be sent this long after the person's last message.
pub const WINDOW: Duration = Duration::from_hours(24);

/// No provider tells of what happened longer ago: webhooks are repeated for seven days (cloud-api.md 3.2).
const REPEATED: Duration = Duration::from_hours(8 * 24);

/// Author of automatic answers and of what replies do by themselves.
pub const AUTOMATIC: &str = "automatic";

/// Where a reply came in.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Teams and senders.
    pub config: &'a Config,
    /// Our name in buttons' payloads.
    pub instance: &'a Instance,
    /// The sender it was written to.
    pub sender: &'a Sender,
    /// When its webhook came.
    pub received_at: UnixMs,
}

/// A reply, and where it came in.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// Where.
    pub desk: Desk<'a>,
    /// What was written.
    pub reply: &'a Reply,
}

/// What a reply caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The conversation that shows it.
    pub conversation: ConversationId,
    /// What is to be answered by itself.
    pub answer: Option<AutomaticAnswer>,
}

/// An answer to send within the window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AutomaticAnswer {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The reply it answers.
    pub entry: EntryId,
    /// To whom.
    pub person: PersonId,
    /// To which number, or to whom without one.
    pub to: Recipient,
    /// Name of the account.
    pub account: String,
    /// Name of the sender.
    pub sender: String,
    /// The text.
    pub body: String,
    /// Who pays: as for the message answered.
    pub cost_centre: String,
    /// The person's time zone, as for the message answered; empty: not known.
    pub timezone: String,
}

/// Keeps replies in the order in which they came, and what follows from them. `None`: it is here already.
pub async fn take_all(tx: &mut Tx, came: &[Came<'_>]) -> Result<Vec<Option<Taken>>> {
    let mut taken: Vec<Option<Taken>> = came.iter().map(|_| None).collect();
    let mut places = unseen(tx, came).await?;
    while !places.is_empty() {
        let Round { understood, later } = understood::round(tx, came, &places).await?;
        places = later;
        for (place, done) in keep(tx, &understood).await? {
            taken[place] = Some(done);
        }
    }
    Ok(taken)
}

/// The places of those that are not here yet, each once.
async fn unseen(tx: &mut Tx, came: &[Came<'_>]) -> Result<Vec<usize>> {
    let ids: Vec<&str> = came.iter().map(|c| c.reply.provider_id.as_str()).collect();
    let seen = entry::seen(tx, &ids).await?;
    let mut met = BTreeSet::new();
    Ok((0..ids.len()).filter(|place| !seen.contains(ids[*place]) && met.insert(ids[*place])).collect())
}

/// Keeps replies of different people.
async fn keep(tx: &mut Tx, round: &[(usize, Understood<'_>)]) -> Result<Vec<(usize, Taken)>> {
    let all: Vec<&Understood<'_>> = round.iter().map(|(_, understood)| understood).collect();
    lift_strikes(tx, &all).await?;
    let placed = conversation::of_all(tx, &all).await?;
    let entries = write_all(tx, &all, &placed).await?;
    let mut taken = Vec::with_capacity(round.len());
    for (((place, understood), placed), entry) in round.iter().zip(&placed).zip(entries) {
        let (desk, reply, conversation) = (&understood.came.desk, understood.came.reply, placed.id);
        if let ReplyContent::Media(told) = &reply.content {
            let (account, at) = (desk.sender.account.as_str(), desk.received_at);
            media::expect(tx, &Expected { conversation, entry, account, media: told, at }).await?;
        }
        if let Some(referral) = &reply.referral {
            entry::came_by(tx, entry, referral).await?;
        }
        // Whoever asks for nothing, or to be left alone, has answered none of them.
        if understood.decision.asks() {
            unclear::add(tx, (conversation, entry), &understood.may_answer).await?;
        }
        decided(tx, understood, entry).await?;
        if placed.ends {
            step(tx, conversation, Happening::Settled, understood.at).await?;
        }
        let answer = match answer::said(understood, conversation, entry) {
            None => answer::nobody_here(tx, understood, placed, entry).await?,
            answer => answer,
        };
        taken.push((*place, Taken { conversation, answer }));
    }
    Ok(taken)
}

/// Whoever writes can be reached: what failures of their number asked for is over.
async fn lift_strikes(tx: &mut Tx, round: &[&Understood<'_>]) -> Result<()> {
    let people: Vec<PersonId> = round.iter().flat_map(|u| u.family.iter().copied()).collect();
    let struck = suppression::struck(tx, &people).await?;
    for understood in round.iter().filter(|u| u.family.iter().any(|person| struck.contains(person))) {
        let (root, scope, strikes) = (understood.person.root(), SuppressionScope::All, suppression::STRIKES);
        suppression::lift_person(tx, root, scope, strikes, understood.at, AUTOMATIC).await?;
    }
    Ok(())
}

/// Writes them into their threads. The message answered stands there before its reply, with the exact text the person had
/// received.
async fn write_all(tx: &mut Tx, round: &[&Understood<'_>], placed: &[Placed]) -> Result<Vec<EntryId>> {
    let mut lines = Vec::new();
    for (understood, placed) in round.iter().zip(placed) {
        let about = understood.about.as_ref().map(|about| &about.message);
        if let Some(message) = about.filter(|_| placed.shows_origin) {
            let at = message.reached_at.min(understood.at);
            lines.push(out_line(placed.id, message.id, &message.author, at));
        }
        let Came { desk, reply } = understood.came;
        lines.push(NewEntry {
            conversation: placed.id,
            direction: Direction::In,
            content: Some(&reply.content),
            provider_id: Some(&reply.provider_id),
            quoted: pointed_at(reply),
            message: about.map(|message| message.id),
            certainty: understood.certainty(),
            author: "",
            at: understood.at,
            received_at: desk.received_at,
        });
    }
    let ids = entry::add_all(tx, &lines).await?;
    Ok(lines.iter().zip(ids).filter(|(line, _)| line.direction == Direction::In).map(|(_, id)| id).collect())
}

/// Writes the outcome, and what the person wishes about promotions.
async fn decided(tx: &mut Tx, understood: &Understood<'_>, entry: EntryId) -> Result<()> {
    wish::keep(tx, understood).await?;
    let outcome = match &understood.decision {
        Decision::Settled { outcome, .. } => outcome.as_deref(),
        Decision::OptOut { .. } => Some(decide::OPT_OUT),
        Decision::OptIn { .. } | Decision::AskToStop | Decision::Ask { .. } | Decision::Noted => None,
    };
    // A test decides nothing.
    let about = understood.about.as_ref().filter(|about| about.message.test_of.is_none());
    if let (Some(outcome), Some(about), Some(certainty)) = (outcome, about, understood.certainty()) {
        let message: MessageId = about.message.id;
        let new = NewOutcome { message, entry: Some(entry), outcome, certainty, set_by: "", at: understood.at };
        outcome::add(tx, &new).await?;
    }
    Ok(())
}

/// When something happened that came in at `received_at`. A provider's clock ahead of ours must not keep a window open
/// longer, and what tells no time, or one that cannot be, happened just now.
pub fn told_at(told: UnixMs, received_at: UnixMs) -> UnixMs {
    if told < received_at.minus(REPEATED) { received_at } else { not_ahead(told, received_at) }
}

/// The same for news of which the latest counts: what is said to be old stays old.
pub fn not_ahead(told: UnixMs, received_at: UnixMs) -> UnixMs {
    if told.0 <= 0 { received_at } else { told.min(received_at) }
}

/// The provider's id of the message that `reply` points at.
fn pointed_at(reply: &Reply) -> Option<&str> {
    match &reply.content {
        ReplyContent::Reaction { to, .. } => Some(to),
        _ => reply.quoted.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_is_not_taken_for_when_it_was() {
        let came = UnixMs(1_795_525_200_000);
        let week_ago = came.minus(Duration::from_hours(7 * 24));
        for (told, was) in [
            (came.minus(Duration::from_secs(5)), came.minus(Duration::from_secs(5))),
            (week_ago, week_ago),
            (UnixMs(1_000), came),
            (UnixMs(0), came),
            (came.minus(Duration::from_hours(9 * 24)), came),
            (came.plus(Duration::from_hours(240)), came),
        ] {
            assert_eq!(told_at(told, came), was, "{told:?}");
        }
        assert_eq!(not_ahead(UnixMs(1_000), came), UnixMs(1_000), "old news are old");
    }
}
