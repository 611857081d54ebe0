//! Conversations that begin on our side: a template sent by hand, and whether it may be.

use std::time::Duration;

use crate::config::Conversations;
use crate::domain::conversation::{self as rules, Recontact, Refusal};
use crate::domain::id::{ConversationId, MessageId, PersonId, TicketId, UserId};
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed};
use crate::store::conversation::{self, ConversationState, Happening, NewConversation};
use crate::store::{Result, StoreError, Tx, candidate, identity, ticket};

use super::write_out;

/// A template that somebody sends by hand.
#[derive(Clone, Copy, Debug)]
pub struct ByHand<'a> {
    /// To whom.
    pub person: PersonId,
    /// From which sender.
    pub sender: &'a str,
    /// Who sends it, and to whom the conversation belongs unless somebody has it.
    pub agent: UserId,
    /// Their name.
    pub name: &'a str,
    /// How long it waits for an answer; `None`: as long as the conversation, or as the configuration says.
    pub wait: Option<Duration>,
    /// The ticket that the conversation belongs to: one of that person ([`ticket::takes`]).
    pub ticket: Option<TicketId>,
}

/// Whether a template may go out by hand to a person at `now`. Nobody else begins or changes a conversation with that person until the unit of
/// work ends.
pub async fn may_send(
    tx: &mut Tx,
    rules: &Conversations,
    (person, sender): (PersonId, &str),
    now: UnixMs,
) -> Result<Option<Problem>> {
    let root = identity::row(tx, person).await?.root();
    let family = identity::family(tx, root).await?;
    conversation::hold_person(tx, &family).await?;
    let open = conversation::latest(tx, &family, sender).await?;
    let Some(open) = open.filter(|c| c.state == ConversationState::Open) else { return Ok(None) };
    let Some(open) = conversation::hold(tx, open.id).await? else { return Ok(None) };
    let sent = conversation::recontacts(tx, open.id).await?;
    let to = Recontact { has_bot: open.bot.is_some(), window_until: open.window_until, sent };
    let id = open.id.to_string();
    Ok(rules::recontact(to, rules.recontacts, now).err().map(|why| match why {
        Refusal::Bot => {
            Problem::new("template_bot_has", &[("bot", open.bot.as_deref().unwrap_or_default()), ("conversation", &id)])
        }
        Refusal::Session { until } => {
            let minutes = until.since(now).as_secs().div_ceil(60);
            let (n, time) = if minutes < 120 { (minutes, "span.minutes") } else { (minutes / 60, "span.hours") };
            Problem::new("template_session", &[("n", &n.to_string()), ("time_key", time), ("conversation", &id)])
        }
        Refusal::Enough { allowed } => {
            Problem::new("template_recontacts", &[("n", &allowed.to_string()), ("conversation", &id)])
        }
    }))
}

/// The conversation that is open with a person, where it belongs to another open ticket than `ticket`, and that ticket: it
/// stays there.
pub async fn chat_of_another(
    tx: &mut Tx,
    (person, sender): (PersonId, &str),
    ticket: TicketId,
) -> Result<Option<(ConversationId, TicketId)>> {
    let root = identity::row(tx, person).await?.root();
    let family = identity::family(tx, root).await?;
    let last = conversation::latest(tx, &family, sender).await?;
    let Some(open) = last.filter(|c| c.state == ConversationState::Open) else { return Ok(None) };
    let Some(other) = open.ticket_id.filter(|other| *other != ticket) else { return Ok(None) };
    Ok(ticket::is_open(tx, other).await?.then_some((open.id, other)))
}

/// Opens a conversation about `message`, just queued, that belongs to the agent who sent it; an open one goes on, and
/// keeps its owner if it has one.
pub async fn open_by_hand(
    tx: &mut Tx,
    rules: &Conversations,
    send: &ByHand<'_>,
    message: MessageId,
) -> Result<ConversationId> {
    let sent = candidate::by_id(tx, message).await?.ok_or(StoreError::Corrupt { what: "message" })?;
    let root = identity::row(tx, send.person).await?.root();
    let family = identity::family(tx, root).await?;
    let last = conversation::latest(tx, &family, send.sender).await?;
    let at = sent.reached_at;
    // What begins where a conversation of a ticket has ended is about the same case, while that is open.
    let ended = last.as_ref().filter(|c| c.state == ConversationState::Closed && send.ticket.is_none());
    let inherited = match ended.and_then(|c| c.ticket_id) {
        Some(before) if ticket::is_open(tx, before).await? => Some(before),
        _ => None,
    };
    let id = if let Some(open) = last.as_ref().filter(|c| c.state == ConversationState::Open) {
        let what = Happening::Recontacted { agent: send.agent, wait: send.wait };
        conversation::step(tx, open.id, what, at).await?;
        if open.assignee.is_none() {
            owned(tx, open.id, send, at).await?;
        }
        open.id
    } else {
        let new = NewConversation {
            person: root,
            account: sent.account,
            sender: send.sender.to_owned(),
            assignee: Some(send.agent),
            team: None,
            bot: None,
            previous: last.map(|c| c.id),
            ticket: None,
            origin: Some((message, sent.campaign_id, sent.run_id)),
            at,
            waits: false,
            // A template may go out at any time; only the person's own message opens a window.
            window_until: None,
            close_after: send.wait.unwrap_or(rules.close_after),
        };
        let id = conversation::open(tx, &new).await?;
        owned(tx, id, send, at).await?;
        id
    };
    write_out(tx, id, message, &sent.author, at).await?;
    if let Some(ticket) = send.ticket.or(inherited) {
        // Whether the ticket takes it was asked before; no ticket changes its person.
        let linked = ticket::link(tx, ticket, id, (send.name, at)).await?;
        linked.map_err(|_| StoreError::Guard { expected: 1, actual: 0 })?;
    }
    Ok(id)
}

async fn owned(tx: &mut Tx, id: ConversationId, send: &ByHand<'_>, at: UnixMs) -> Result<()> {
    let subject = format!("conversation {id}");
    let deed =
        Deed { actor: send.name, action: "conversation.own", subject: &subject, detail: "sent a template by hand" };
    audit::write_in(tx, at, deed).await
}
