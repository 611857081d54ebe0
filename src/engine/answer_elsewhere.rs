//! What agents say in another system, sent and kept as what agents say here: once, however often that system tells it.

use tracing::info;

use super::{AnswerOutcome, Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::event::ReplyContent;
use crate::domain::fill::Content;
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::store::chatwoot;
use crate::store::conversation::{self, Conversation, ConversationState, Hand, Happening};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::message;
use crate::store::{StoreError, Tx};

impl Engine {
    /// Sends what `author` wrote to the person of a conversation, while its window is open. `of`: which message of which
    /// system it is.
    pub(super) async fn answer_from_elsewhere(
        &self,
        id: ConversationId,
        text: &str,
        author: &str,
        of: (&str, i64),
    ) -> Result<AnswerOutcome, EngineError> {
        if let Some(why) = super::answer::unfit(text) {
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
        if !go_on(&mut tx, &found, now).await? {
            return Ok(AnswerOutcome::Refused(Problem::new("conversation_gone_on", &[])));
        }
        let content = Content::Text { body: text.to_owned(), quoted: None };
        let new = match self.new_answer(&mut tx, &found, content, (author, now)).await? {
            Ok(new) => new,
            Err(problem) => return Ok(AnswerOutcome::Refused(problem)),
        };
        let sent = message::insert_batch(&mut tx, &[new]).await?;
        let (message, _) = *sent.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        let line = NewEntry {
            conversation: id,
            direction: Direction::Out,
            content: None,
            provider_id: None,
            message: Some(message),
            certainty: None,
            author,
            at: now,
            received_at: now,
        };
        keep(&mut tx, &line, of).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
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
            message: None,
            certainty: None,
            author,
            at: now,
            received_at: now,
        };
        keep(&mut tx, &line, of).await?;
        tx.commit().await?;
        self.tell(Change::Conversation(id));
        Ok(())
    }
}

/// The conversation goes on by the answer: an ended one is taken up again, and one that a bot has is taken from it. False:
/// the person has another open one with the sender.
async fn go_on(tx: &mut Tx, found: &Conversation, now: UnixMs) -> Result<bool, EngineError> {
    if found.state == ConversationState::Closed {
        let latest = conversation::latest(tx, &[found.person_id], &found.sender).await?;
        if latest.is_some_and(|latest| latest.state == ConversationState::Open) {
            return Ok(false);
        }
        conversation::step(tx, found.id, Happening::Reopened, now).await?;
    }
    if found.bot.is_some() {
        let to = Hand::Give { agent: None, team: found.team.as_deref() };
        conversation::hand(tx, found.id, to, now).await?;
    }
    Ok(conversation::step(tx, found.id, Happening::AnsweredElsewhere, now).await?.is_some())
}

async fn keep(tx: &mut Tx, line: &NewEntry<'_>, of: (&str, i64)) -> Result<(), EngineError> {
    let entry = entry::add(tx, line).await?;
    Ok(chatwoot::answer_is(tx, of, line.conversation, entry).await?)
}
