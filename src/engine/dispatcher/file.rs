//! The file of a message, where its provider finds it. It was uploaded before the message was put in line: nothing that may
//! take long stands between a claim and its request.

use tracing::error;

use super::{Dispatcher, answer};
use crate::domain::fill::Content;
use crate::engine::EngineError;
use crate::engine::media::{Found, Same};
use crate::store::media;
use crate::store::message::{Claimed, Verdict};

impl Dispatcher {
    /// Where the file of `message` is; `Err`: it cannot be sent, or not now.
    pub(super) async fn file_of(&self, message: &Claimed) -> Result<Option<Found>, Verdict> {
        match self.found(message).await {
            Ok(found) => found,
            Err(cause) => {
                let error = &cause as &dyn std::error::Error;
                error!(error, message.id = %message.id, "the file of message {} cannot be looked up", message.id);
                Err(self.put_back())
            }
        }
    }

    async fn found(&self, message: &Claimed) -> Result<Result<Option<Found>, Verdict>, EngineError> {
        let Content::Free { free, .. } = &message.content else { return Ok(Ok(None)) };
        let Some(attached) = free.attached() else { return Ok(Ok(None)) };
        let store = &self.engine.store;
        let kept = media::get(store, attached.media).await?.and_then(|kept| Some((kept.hash?, kept.filename)));
        let (Some((hash, filename)), Some(mime_type)) = (kept, media::sent_as(store, attached.media).await?) else {
            return Ok(Err(answer::unsendable()));
        };
        let same = Same { hash: &hash, mime_type: &mime_type, filename: &filename };
        let found = self.engine.placed_file(&self.sender, same).await?;
        Ok(found.map(Some).ok_or_else(answer::unsendable))
    }
}
