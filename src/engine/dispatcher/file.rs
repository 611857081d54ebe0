//! The file of a message, where its provider finds it. It is uploaded before an answer is put in line; a campaign's goes up
//! with the first message that needs it, which then waits for another claim: nothing that may take long stands between a
//! claim and its request.

use std::time::Duration;

use tracing::error;

use super::{Departure, Dispatcher, answer};
use crate::domain::fill::{Content, Fill, HeaderFill};
use crate::engine::EngineError;
use crate::engine::media::{Found, Same};
use crate::store::media;
use crate::store::message::{PutBack, Verdict};
use crate::store::version;

/// How long a message waits whose file could not be uploaded.
const UPLOAD_AGAIN: Duration = Duration::from_secs(30);

/// Bytes, what they are, what they are called.
type Kept = (String, String, String);

impl Dispatcher {
    /// Where the file of a message is; `Err`: it cannot be sent, or not now.
    pub(super) async fn file_of(&self, departure: &Departure) -> Result<Option<Found>, Verdict> {
        let found = match &departure.message.content {
            Content::Text { .. } => return Ok(None),
            Content::Free { .. } => self.attached(departure).await,
            Content::Template { fill, .. } => self.in_header(departure, fill).await,
        };
        match found {
            Ok(found) => found,
            Err(cause) => {
                let (error, id) = (&cause as &dyn std::error::Error, departure.message.id);
                error!(error, message.id = %id, "the file of message {id} cannot be looked up");
                Err(self.put_back())
            }
        }
    }

    async fn attached(&self, departure: &Departure) -> Result<Result<Option<Found>, Verdict>, EngineError> {
        let Content::Free { free, .. } = &departure.message.content else { return Ok(Ok(None)) };
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

    async fn in_header(
        &self,
        departure: &Departure,
        fill: &Fill,
    ) -> Result<Result<Option<Found>, Verdict>, EngineError> {
        let kept: Option<Kept> = match &fill.header {
            Some(HeaderFill::File { hash, mime_type, filename }) => {
                Some((hash.clone(), mime_type.clone(), filename.clone()))
            }
            Some(HeaderFill::Link { link }) if !link.starts_with("https://") => match &departure.facts {
                Some(facts) => {
                    let file = version::file::of(&self.engine.store, facts.version).await?;
                    file.map(|file| (file.hash, file.mime_type, file.name))
                }
                None => None,
            },
            _ => return Ok(Ok(None)),
        };
        let Some((hash, mime_type, filename)) = &kept else { return Ok(Err(answer::unsendable())) };
        let same = Same { hash, mime_type, filename };
        if let Some(found) = self.engine.placed_file(&self.sender, same).await? {
            return Ok(Ok(Some(found)));
        }
        let _alone = self.uploading.lock().await;
        let wait = match self.engine.place_file(&self.sender, same).await? {
            Ok(_) => Duration::ZERO,
            Err(_) => self.engine.clock_span(UPLOAD_AGAIN),
        };
        let due_at = self.engine.clock.now().plus(wait);
        Ok(Err(Verdict::PutBack(PutBack { due_at, waiting_for: None, turned_away: None })))
    }
}

/// The same values with the file where the provider finds it.
pub(super) fn shown_in(fill: &Fill, found: &Found) -> Fill {
    let filename = match &fill.header {
        Some(HeaderFill::File { filename, .. }) => filename.clone(),
        Some(HeaderFill::Link { link }) => link.clone(),
        _ => String::new(),
    };
    let header = match found {
        Found::Uploaded(id) => HeaderFill::Uploaded { id: id.clone(), filename },
        Found::Shared { link, .. } => HeaderFill::Link { link: link.clone() },
    };
    Fill { header: Some(header), ..fill.clone() }
}
