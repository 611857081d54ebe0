//! Whose a ticket is: what belongs to one person comes onto no other's.

use super::{TicketChange, Told, change, hold, tell};
use crate::domain::id::{ConversationId, PersonId, TicketId};
use crate::domain::ticket::TicketState;
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed};
use crate::store::conversation::{self, ConversationState};
use crate::store::{Result, Tx, identity};

/// Why something does not come onto a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misplaced {
    /// There is no such ticket, or no such conversation.
    Unknown,
    /// The ticket is another person's.
    Another,
    /// The conversation is a colleague's by now.
    Others,
    /// The conversation belongs to that ticket already.
    Has(TicketId),
}

/// What comes onto a ticket, or why it does not.
pub type Placed<T> = std::result::Result<T, Misplaced>;

/// Whether two rows are one person: the same, or linked.
pub(super) async fn is_one(tx: &mut Tx, one: PersonId, other: PersonId) -> Result<bool> {
    Ok(one == other || identity::row(tx, one).await?.root() == identity::row(tx, other).await?.root())
}

/// Whether something of `person` can come onto the ticket `id`.
pub async fn takes(tx: &mut Tx, id: TicketId, person: PersonId) -> Result<Placed<()>> {
    let Some(ticket) = hold(tx, id).await? else { return Ok(Err(Misplaced::Unknown)) };
    Ok(if is_one(tx, ticket.person_id, person).await? { Ok(()) } else { Err(Misplaced::Another) })
}

/// Whether there is something to do about the ticket `id`, or it waits.
pub async fn is_open(tx: &mut Tx, id: TicketId) -> Result<bool> {
    Ok(hold(tx, id).await?.is_some_and(|ticket| ticket.state != TicketState::Closed))
}

/// Links a conversation to a ticket of the same person, from which it then belongs to no other. What was said in one that
/// has ended goes to it at once; an open one opens a closed ticket again: there is something to do.
pub async fn link(tx: &mut Tx, id: TicketId, to: ConversationId, (by, at): (&str, UnixMs)) -> Result<Placed<()>> {
    let Some(found) = conversation::hold(tx, to).await? else { return Ok(Err(Misplaced::Unknown)) };
    if let Err(why) = takes(tx, id, found.person_id).await? {
        return Ok(Err(why));
    }
    if found.ticket_id != Some(id) {
        tell(tx, id, &Told::Linked, (by, at), Some((to, None))).await?;
        if conversation::link(tx, to, id, at).await?.is_none() {
            return Ok(Err(Misplaced::Unknown));
        }
    }
    if found.state == ConversationState::Open {
        open_again(tx, id, (by, at)).await?;
    }
    Ok(Ok(()))
}

async fn open_again(tx: &mut Tx, id: TicketId, (by, at): (&str, UnixMs)) -> Result<()> {
    if hold(tx, id).await?.is_none_or(|ticket| ticket.state != TicketState::Closed) {
        return Ok(());
    }
    let open = TicketChange { state: Some(TicketState::Open), ..TicketChange::default() };
    change(tx, id, open, (by, at)).await?;
    let subject = format!("ticket {id}");
    audit::write_in(tx, at, Deed { actor: by, action: "ticket.change", subject: &subject, detail: "state open" }).await
}
