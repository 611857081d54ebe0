//! What agents say in another system, sent and kept as what agents say here: once, however often that system tells it.

use tracing::info;

use super::answer::content;
use super::{AnswerOutcome, Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::event::ReplyContent;
use crate::domain::free::Free;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::inbox;
use crate::store::audit::{self, Deed};
use crate::store::chatwoot;
use crate::store::conversation::{self, Conversation, ConversationState, Hand, Happening};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::{StoreError, Tx, media, message};

impl Engine {
    /// Why nothing that needs no template may be sent in a conversation now.
    pub(super) async fn window_from_elsewhere(&self, id: ConversationId) -> Result<Option<Problem>, EngineError> {
        let found = conversation::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "conversation" })?;
        let is_over = found.window_until.is_none_or(|until| until <= self.clock.now());
        Ok(is_over.then(|| Problem::new("window_closed", &[])))
    }

    /// Sends what `author` wrote in one go to the person of a conversation, while its window is open. `of`: which message of
    /// which system it is.
    pub(super) async fn answer_from_elsewhere(
        &self,
        id: ConversationId,
        mut parts: Vec<Free>,
        author: &str,
        of: (&str, i64),
    ) -> Result<AnswerOutcome, EngineError> {
        if let Some(why) = self.complete_all(id, &mut parts).await? {
            return Ok(AnswerOutcome::Refused(why));
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let found = conversation::by_id(&mut tx, id).await?;
        let found = found.ok_or(EngineError::Unknown { what: "conversation" })?;
        if found.window_until.is_none_or(|until| until <= now) {
            return Ok(AnswerOutcome::Refused(Problem::new("window_closed", &[])));
        }
        if !chatwoot::first(&mut tx, of.0, of.1, now).await? {
            return Ok(AnswerOutcome::Overtaken);
        }
        let actor = format!("chatwoot:{}", of.0);
        if !go_on(&mut tx, &found, (&actor, now)).await? {
            return Ok(AnswerOutcome::Refused(Problem::new("conversation_gone_on", &[])));
        }
        let mut last = None;
        for part in parts {
            match self.say(&mut tx, &found, part, (author, of)).await? {
                Ok(message) => last = Some(message),
                Err(problem) => return Ok(AnswerOutcome::Refused(problem)),
            }
        }
        let message = last.ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        let (subject, detail) = (format!("conversation {id}"), format!("message {message}"));
        let deed = Deed { actor: &actor, action: "conversation.answer", subject: &subject, detail: &detail };
        audit::write_in(&mut tx, now, deed).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
    }

    async fn complete_all(&self, id: ConversationId, parts: &mut [Free]) -> Result<Option<Problem>, EngineError> {
        let found = conversation::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "conversation" })?;
        let (sender, account) = self.way_out(&found.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        for part in parts {
            if let Some(why) = self.complete(id, part, sender, account.access.kind().dialect()).await? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    /// Puts one part in line and shows it in the thread.
    async fn say(
        &self,
        tx: &mut Tx,
        found: &Conversation,
        part: Free,
        (author, of): (&str, (&str, i64)),
    ) -> Result<Result<MessageId, Problem>, EngineError> {
        let now = self.clock.now();
        let attached = part.attached().map(|attached| attached.media);
        let new = match self.new_answer(tx, found, content(part, None), (author, now)).await? {
            Ok(new) => new,
            Err(problem) => return Ok(Err(problem)),
        };
        let message = message::insert(tx, new).await?;
        if let Some(attached) = attached
            && !media::sent(tx, attached, message).await?
        {
            return Ok(Err(Problem::new("attachment_gone", &[])));
        }
        let entry = inbox::write_out(tx, found.id, message, author, now).await?;
        chatwoot::answer_is(tx, of, found.id, entry).await?;
        Ok(Ok(message))
    }

    /// Keeps a note that `author` wrote there.
    pub(super) async fn note_from_elsewhere(
        &self,
        id: ConversationId,
        content: &ReplyContent,
        author: &str,
        of: (&str, i64),
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !chatwoot::first(&mut tx, of.0, of.1, now).await? {
            return Ok(());
        }
        let line = NewEntry {
            conversation: id,
            direction: Direction::Note,
            content: Some(content),
            provider_id: None,
            quoted: None,
            message: None,
            certainty: None,
            author,
            at: now,
            received_at: now,
        };
        let entry = entry::add(&mut tx, &line).await?;
        chatwoot::answer_is(&mut tx, of, id, entry).await?;
        tx.commit().await?;
        self.tell(Change::Conversation(id));
        Ok(())
    }
}

/// The conversation goes on by the answer: an ended one is taken up again, and one that a bot has is taken from it. False:
/// the person has another open one with the sender.
async fn go_on(tx: &mut Tx, found: &Conversation, (actor, now): (&str, UnixMs)) -> Result<bool, EngineError> {
    if found.state == ConversationState::Closed {
        let latest = conversation::latest(tx, &[found.person_id], &found.sender).await?;
        if latest.is_some_and(|latest| latest.state == ConversationState::Open) {
            return Ok(false);
        }
        if conversation::step(tx, found.id, Happening::Reopened, now).await?.is_some() {
            let subject = format!("conversation {}", found.id);
            let deed = Deed { actor, action: "conversation.reopen", subject: &subject, detail: "by answering" };
            audit::write_in(tx, now, deed).await?;
        }
    }
    if found.bot.is_some() {
        let to = Hand::Give { agent: None, team: found.team.as_deref() };
        conversation::hand(tx, found.id, to, now).await?;
    }
    Ok(conversation::step(tx, found.id, Happening::AnsweredElsewhere, now).await?.is_some())
}
