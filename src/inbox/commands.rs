//! What agents do with conversations. Every command says whether it changed something; `false` means that somebody was
//! faster, or that there is nothing to do it to. What only those may do whose conversation it is says [`Acted`].

use crate::domain::event::ReplyContent;
use crate::domain::id::{ConversationId, MessageId, UserId};
use crate::domain::time::UnixMs;
use crate::store::conversation::{self, ConversationState, Hand, Happening};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::outcome::{self, Certainty, NewOutcome};
use crate::store::{Result, Tx, identity, suppression, turn};

use super::reply::{AUTOMATIC, wish};
use super::{Acted, Inbox, choice};

impl Inbox {
    /// Takes a conversation, from a bot too. False: it is closed, or another agent has it.
    pub async fn claim(&self, id: ConversationId, agent: UserId, at: UnixMs) -> Result<bool> {
        Ok(self.take(id, agent, at).await?.is_some())
    }

    /// The same; whether it was not theirs before. `None`: it is closed, or somebody else has it.
    pub async fn take(&self, id: ConversationId, agent: UserId, at: UnixMs) -> Result<Option<bool>> {
        let mut tx = self.store.begin().await?;
        let before = conversation::hold(&mut tx, id).await?;
        let is_new = !before.is_some_and(|c| c.assignee == Some(agent) && c.bot.is_none());
        let done = conversation::hand(&mut tx, id, Hand::Claim(agent), at).await?.is_some();
        tx.commit().await?;
        self.told(done && is_new, id);
        Ok(done.then_some(is_new))
    }

    /// Takes a conversation over from the colleague who has it. False: it is closed, or that colleague has it no more.
    pub async fn take_over(&self, id: ConversationId, agent: UserId, from: UserId, at: UnixMs) -> Result<bool> {
        self.hand(id, Hand::TakeOver { agent, from }, at).await
    }

    async fn hand(&self, id: ConversationId, to: Hand<'_>, at: UnixMs) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let done = conversation::hand(&mut tx, id, to, at).await?.is_some();
        tx.commit().await?;
        Ok(self.told(done, id))
    }

    /// Ends a conversation; what was said goes to its ticket. Nothing: it is closed already. Unseen: the person wrote
    /// something that whoever closes has not seen; where that is not said, something that nobody has looked at or answered.
    pub async fn close(&self, id: ConversationId, by: &str, at: UnixMs) -> Result<Acted> {
        let mut tx = self.store.begin().await?;
        let found = match self.hold_own(&mut tx, id).await? {
            Ok(found) => found,
            Err(not) => return Ok(not),
        };
        let nobody_says = self.seen.last.is_none() && !self.seen.anyway && found.waiting_since.is_some();
        if nobody_says && conversation::is_unread(&mut tx, id, AUTOMATIC).await? {
            return Ok(Acted::Unseen);
        }
        if conversation::step(&mut tx, id, Happening::Closed { by }, at).await?.is_none() {
            return Ok(Acted::Nothing);
        }
        self.done(tx, id).await
    }

    /// Ends the unit of work, and says that the conversation changed.
    pub(super) async fn done(&self, tx: Tx, id: ConversationId) -> Result<Acted> {
        tx.commit().await?;
        self.announce(id);
        Ok(Acted::Done)
    }

    async fn step(&self, id: ConversationId, what: Happening<'_>, at: UnixMs) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let done = conversation::step(&mut tx, id, what, at).await?.is_some();
        tx.commit().await?;
        Ok(self.told(done, id))
    }

    /// Takes up a closed conversation again. False: it is open, or the person has another open one with this sender.
    pub async fn reopen(&self, id: ConversationId, at: UnixMs) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let Some(found) = conversation::by_id(&mut tx, id).await? else { return Ok(false) };
        let root = identity::row(&mut tx, found.person_id).await?.root();
        let family = identity::family(&mut tx, root).await?;
        conversation::hold_person(&mut tx, &family).await?;
        let last = conversation::latest(&mut tx, &family, &found.sender).await?;
        if last.is_some_and(|c| c.state == ConversationState::Open) {
            return Ok(false);
        }
        let done = conversation::step(&mut tx, id, Happening::Reopened, at).await?.is_some();
        tx.commit().await?;
        Ok(self.told(done, id))
    }

    /// Sets or corrects the outcome of `message`, or of the message the conversation is about. Nothing: there is none.
    /// Unclear: which message it is about is to be said first.
    pub async fn set_outcome(
        &self,
        id: ConversationId,
        message: Option<MessageId>,
        outcome: &str,
        by: &str,
        at: UnixMs,
    ) -> Result<Acted> {
        let mut tx = self.store.begin().await?;
        let found = match self.hold_own(&mut tx, id).await? {
            Ok(found) => found,
            Err(not) => return Ok(not),
        };
        let about = match message {
            Some(message) if entry::shows(&mut tx, id, message).await? => Some(message),
            Some(_) => None,
            None if choice::is_unclear(&mut tx, id).await? => return Ok(Acted::Unclear),
            None => found.origin_message_id,
        };
        let Some(message) = about else { return Ok(Acted::Nothing) };
        let new = NewOutcome { message, entry: None, outcome, certainty: Certainty::Set, set_by: by, at };
        outcome::add(&mut tx, &new).await?;
        self.done(tx, id).await
    }

    /// Writes a note that only agents see. False: there is no such conversation.
    pub async fn note(&self, id: ConversationId, text: &str, by: &str, at: UnixMs) -> Result<bool> {
        if self.once.is_made() {
            return Ok(true);
        }
        let mut tx = self.store.begin().await?;
        if conversation::by_id(&mut tx, id).await?.is_none() {
            return Ok(false);
        }
        let content = ReplyContent::Text { body: text.to_owned() };
        let line = NewEntry {
            conversation: id,
            direction: Direction::Note,
            content: Some(&content),
            provider_id: None,
            quoted: None,
            message: None,
            certainty: None,
            author: by,
            at,
            received_at: at,
        };
        let entry = entry::add(&mut tx, &line).await?;
        self.once.settle(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(self.told(true, id))
    }

    /// An agent says whether the person of a conversation wants promotions.
    pub async fn set_promotions(&self, id: ConversationId, wanted: bool, by: &str, at: UnixMs) -> Result<Acted> {
        let mut tx = self.store.begin().await?;
        let found = match self.hold_own(&mut tx, id).await? {
            Ok(found) => found,
            Err(not) => return Ok(not),
        };
        let root = identity::row(&mut tx, found.person_id).await?.root();
        if wanted {
            suppression::lift_wishes(&mut tx, root, at, by).await?;
        } else {
            wish::stop(&mut tx, root, "person", (by, at)).await?;
        }
        self.done(tx, id).await
    }

    /// Closes the conversations that wait for nobody of ours and have been quiet for their `close_after`; what was said
    /// goes to their tickets. One that waits for an agent never closes by itself; one with an answer of which nobody knows
    /// whether it left waits from now on for whoever has it.
    pub async fn close_due(&self, now: UnixMs) -> Result<usize> {
        let mut closed = 0;
        for quiet in turn::quiet(&self.store, now).await? {
            if quiet.has_doubt() {
                self.bring_back_doubtful(quiet.id, now).await?;
            } else {
                closed += usize::from(self.step(quiet.id, Happening::WaitPassed, now).await?);
            }
        }
        Ok(closed)
    }

    async fn bring_back_doubtful(&self, id: ConversationId, at: UnixMs) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let back = conversation::bring_back_doubtful(&mut tx, id, at).await?;
        tx.commit().await?;
        self.told(!back.is_empty(), id);
        Ok(())
    }

    fn told(&self, done: bool, id: ConversationId) -> bool {
        if done {
            self.announce(id);
        }
        done
    }
}

/// Whether free texts may be written in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// Until then.
    Open {
        /// When it ends.
        until: UnixMs,
    },
    /// The person's last message is more than 24 h old, or there is none: templates only.
    Closed,
}

/// The window of a conversation at `now`.
pub fn window(window_until: Option<UnixMs>, now: UnixMs) -> Window {
    window_until.filter(|until| *until > now).map_or(Window::Closed, |until| Window::Open { until })
}
