//! Files that agents send, and answers that are more than text.

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::Field;
use futures::Stream;

use crate::domain::free::{Attached, Free};
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::engine::media::Brought;
use crate::engine::{AnswerOutcome, Reply, Seen};
use crate::store::conversation;
use crate::store::media::Attachment;

use super::actor::Actor;
use super::converse::{self, OVERTAKEN};
use super::error::WebError;
use super::state::WebState;

/// Longest field beside the file, in bytes.
const LONGEST: usize = 64 * 1024;

/// Letters of a file's name.
const LONGEST_NAME: usize = 200;

/// Letters of its end, from the last full stop.
const LONGEST_END: usize = 16;

/// An answer as a form brings it: its fields stand before its file.
#[derive(Debug, Default)]
pub struct Written {
    /// The text, or the words below the file.
    pub text: String,
    /// The file, kept.
    pub file: Option<Attachment>,
    /// The line quoted.
    pub quoted: Option<EntryId>,
    /// What was before the author's eyes.
    pub seen: Seen,
    /// For whom a token answers.
    pub agent: Option<String>,
}

impl Written {
    /// Reads the fields `text`, `quoted`, `seen`, `anyway`, `agent` and `voice`, and keeps the file of `file`.
    pub async fn read(state: &WebState, actor: &Actor, id: ConversationId, form: Multipart) -> Result<Self, WebError> {
        let (mut written, mut form, mut is_voice) = (Self::default(), form, false);
        let number = |text: String| text.trim().parse::<i64>().ok().map(EntryId);
        while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
            match field.name().unwrap_or_default() {
                "text" => written.text = words(field).await?,
                "quoted" => written.quoted = number(words(field).await?),
                "seen" => written.seen.last = number(words(field).await?),
                "anyway" => written.seen.anyway = matches!(words(field).await?.as_str(), "true" | "yes"),
                "agent" => written.agent = Some(words(field).await?).filter(|name| !name.is_empty()),
                "voice" => is_voice = matches!(words(field).await?.as_str(), "true" | "yes"),
                // An empty file field of a browser has no name.
                "file" if field.file_name().is_some_and(|name| !name.is_empty()) => {
                    written.file = Some(keep(state, actor, id, (field, is_voice)).await?);
                }
                _ => {}
            }
        }
        Ok(written)
    }

    /// What is to be sent.
    pub fn reply(&self) -> Reply {
        reply(&self.text, self.file.as_ref(), self.quoted)
    }
}

/// A text, or a file with the words below it.
pub fn reply(text: &str, file: Option<&Attachment>, quoted: Option<EntryId>) -> Reply {
    let free = match file {
        Some(file) => {
            let caption = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            Free::Attachment(Attached { media: file.id, caption, kind: None, filename: None })
        }
        None => Free::text(text),
    };
    Reply { free, quoted }
}

async fn words(field: Field<'_>) -> Result<String, WebError> {
    let bytes = field.bytes().await.map_err(|_| WebError::TooLarge)?;
    if bytes.len() > LONGEST {
        return Err(WebError::TooLarge);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| WebError::Bad("not_utf8"))
}

/// Keeps a file that is to be sent in a conversation.
pub async fn keep(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (field, is_voice): (Field<'_>, bool),
) -> Result<Attachment, WebError> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    keep_bytes(state, actor, id, (&filename, is_voice), field).await
}

/// The same of bytes, however they came.
pub async fn keep_bytes<E>(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (filename, is_voice): (&str, bool),
    bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Attachment, WebError> {
    conversation::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    // A single component, whatever a browser or a program calls it.
    let filename = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let filename = shortened(filename);
    let brought = Brought { filename, is_voice, by: actor.name.clone() };
    match state.engine.attach(id, brought, bytes).await? {
        Ok(kept) => Ok(kept),
        Err(problem) => Err(WebError::Refused(vec![problem])),
    }
}

/// A file's name without control characters, cut in its middle where it is too long: its end tells what the file is.
fn shortened(filename: &str) -> String {
    let letters: Vec<char> = filename.chars().filter(|c| !c.is_control()).collect();
    let Some(over) = letters.len().checked_sub(LONGEST_NAME).filter(|over| *over > 0) else {
        return letters.into_iter().collect();
    };
    let end = letters.iter().rposition(|c| *c == '.').filter(|at| letters.len() - at <= LONGEST_END);
    let end = end.unwrap_or(letters.len());
    let begin = end.saturating_sub(over);
    letters.iter().take(begin).chain(letters.iter().skip(begin + over)).collect()
}

/// Sends an answer.
pub async fn send(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (reply, seen): (Reply, Seen),
) -> Result<MessageId, WebError> {
    match state.engine.reply(id, reply, &converse::author(actor)?, seen).await? {
        AnswerOutcome::Sent(message) => {
            let (subject, detail) = (format!("conversation {id}"), format!("message {message}"));
            state.audit(actor, "conversation.answer", &subject, &detail).await?;
            Ok(message)
        }
        AnswerOutcome::Overtaken => Err(WebError::Conflict(OVERTAKEN)),
        AnswerOutcome::Refused(problem) => Err(WebError::Refused(vec![problem])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_keeps_its_end() {
        let long = "x".repeat(300);
        assert_eq!(shortened(&format!("{long}.txt")), format!("{}.txt", "x".repeat(196)));
        assert_eq!(shortened(&long), "x".repeat(200));
        assert_eq!(shortened(&format!("a.{long}")).chars().count(), 200);
        assert_eq!(shortened("orden\u{7} médica.pdf"), "orden médica.pdf");
    }
}
