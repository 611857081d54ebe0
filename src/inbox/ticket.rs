//! What people and programs do with tickets.

use crate::domain::change::{Change, News};
use crate::domain::id::{ConversationId, TicketId};
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::store::ticket::{self, Misplaced, NewTicket, Opened, Placed, Ticket, TicketChange};
use crate::store::{Result, StoreError, Tx, identity, person};

use super::{Acted, Inbox};

impl Inbox {
    /// Opens a ticket. Where the other system's case has one of the same person already, that is the one, as it is.
    pub async fn open_ticket(&self, new: &NewTicket<'_>, (by, at): (&str, UnixMs)) -> Result<Placed<Opened>> {
        if let Some(opened) = self.opened_before()? {
            return Ok(Ok(opened));
        }
        let tx = self.store.begin().await?;
        self.open_in(tx, new, (by, at)).await
    }

    /// The same for the person with that number, who is kept from now on where nobody knew them; where no ticket comes of it,
    /// they are not.
    pub async fn open_ticket_for(
        &self,
        phone: &Phone,
        new: &NewTicket<'_>,
        (by, at): (&str, UnixMs),
    ) -> Result<Placed<Opened>> {
        if let Some(opened) = self.opened_before()? {
            return Ok(Ok(opened));
        }
        let mut tx = self.store.begin().await?;
        let kept = person::ensure(&mut tx, &[(phone.clone(), String::new())], at).await?;
        let person = *kept.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        self.open_in(tx, &NewTicket { person, ..*new }, (by, at)).await
    }

    async fn open_in(&self, mut tx: Tx, new: &NewTicket<'_>, (by, at): (&str, UnixMs)) -> Result<Placed<Opened>> {
        let root = identity::row(&mut tx, new.person).await?.root();
        let opened = match ticket::open(&mut tx, &NewTicket { person: root, ..*new }, (by, at)).await? {
            Ok(opened) => opened,
            Err(why) => return Ok(Err(why)),
        };
        self.once.settle(&mut tx, &(opened.id, opened.is_new)).await?;
        tx.commit().await?;
        self.announce_ticket(opened.id);
        Ok(Ok(opened))
    }

    /// Opens a ticket from a conversation, which belongs to it from then on; one that has a ticket gets no other.
    pub async fn open_ticket_of(
        &self,
        id: ConversationId,
        new: &NewTicket<'_>,
        (by, at): (&str, UnixMs),
    ) -> Result<Placed<Opened>> {
        if let Some(opened) = self.opened_before()? {
            return Ok(Ok(opened));
        }
        let mut tx = self.store.begin().await?;
        let found = match self.hold_own(&mut tx, id).await? {
            Ok(found) => found,
            Err(not) => return Ok(Err(misplaced(not))),
        };
        let root = identity::row(&mut tx, found.person_id).await?.root();
        let opened = match ticket::open(&mut tx, &NewTicket { person: root, ..*new }, (by, at)).await? {
            Ok(opened) => opened,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(has) = found.ticket_id.filter(|has| *has != opened.id) {
            return Ok(Err(Misplaced::Has(has)));
        }
        if let Err(why) = ticket::link(&mut tx, opened.id, id, (by, at)).await? {
            return Ok(Err(why));
        }
        self.once.settle(&mut tx, &(opened.id, opened.is_new)).await?;
        tx.commit().await?;
        self.announce(id);
        self.announce_ticket(opened.id);
        Ok(Ok(opened))
    }

    fn opened_before(&self) -> Result<Option<Opened>> {
        Ok(self.once.made()?.map(|(id, is_new)| Opened { id, is_new }))
    }

    /// Links a conversation to a ticket of the same person.
    pub async fn link_ticket(&self, id: TicketId, to: ConversationId, (by, at): (&str, UnixMs)) -> Result<Placed<()>> {
        let mut tx = self.store.begin().await?;
        if let Err(not) = self.hold_own(&mut tx, to).await? {
            return Ok(Err(misplaced(not)));
        }
        let done = ticket::link(&mut tx, id, to, (by, at)).await?;
        tx.commit().await?;
        if done.is_ok() {
            self.announce(to);
            self.announce_ticket(id);
        }
        Ok(done)
    }

    /// Changes what is said of a ticket. Returns how it stood before and stands afterwards; `None`: there is no such ticket.
    pub async fn change_ticket(
        &self,
        id: TicketId,
        to: TicketChange<'_>,
        (by, at): (&str, UnixMs),
    ) -> Result<Option<(Ticket, Ticket)>> {
        let mut tx = self.store.begin().await?;
        let changed = ticket::change(&mut tx, id, to, (by, at)).await?;
        tx.commit().await?;
        if changed.is_some() {
            self.announce_ticket(id);
        }
        Ok(changed)
    }

    /// Writes a note on a ticket. False: there is no such ticket.
    pub async fn note_ticket(&self, id: TicketId, text: &str, (by, at): (&str, UnixMs)) -> Result<bool> {
        if self.once.is_made() {
            return Ok(true);
        }
        let mut tx = self.store.begin().await?;
        let done = ticket::note(&mut tx, id, text, (by, at)).await?;
        if done {
            self.once.settle(&mut tx, &id).await?;
        }
        tx.commit().await?;
        if done {
            self.announce_ticket(id);
        }
        Ok(done)
    }

    fn announce_ticket(&self, id: TicketId) {
        // Nobody watching is no failure.
        let _ = self.changes.send(News::here(Change::Ticket(id)));
    }
}

/// Why a conversation is not linked.
const fn misplaced(not: Acted) -> Misplaced {
    match not {
        Acted::Others => Misplaced::Others,
        Acted::Done | Acted::Nothing | Acted::Unseen | Acted::Unclear | Acted::Unknown => Misplaced::Unknown,
    }
}
