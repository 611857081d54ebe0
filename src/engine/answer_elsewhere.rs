//! What agents say in another system, sent and kept as what agents say here: once, however often that system tells it.

use tracing::info;

use super::{AnswerOutcome, Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::event::ReplyContent;
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::store::chatwoot;
use crate::store::conversation;
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
        if !chatwoot::heard_from(&mut tx, id, now).await? {
            return Ok(AnswerOutcome::Refused(Problem::new("conversation_gone_on", &[])));
        }
        let new = self.text(&mut tx, &found, text, (author, now)).await?;
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

async fn keep(tx: &mut Tx, line: &NewEntry<'_>, of: (&str, i64)) -> Result<(), EngineError> {
    let entry = entry::add(tx, line).await?;
    Ok(chatwoot::answer_is(tx, of, line.conversation, entry).await?)
}
