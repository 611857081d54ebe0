//! The files of a message, where its provider finds them. They are uploaded before an answer is put in line; a campaign's go
//! up with the first message that needs them, which then waits for another claim: nothing that may take long stands between a
//! claim and its request.

use std::time::Duration;

use tracing::error;

use super::{Departure, Dispatcher, answer};
use crate::domain::fill::{Content, Fill, HeaderFill};
use crate::engine::EngineError;
use crate::engine::media::{Found, Same};
use crate::store::media;
use crate::store::message::{PutBack, Verdict};
use crate::store::version::{self, file::VersionFile};

/// How long a message waits whose file could not be uploaded.
const UPLOAD_AGAIN: Duration = Duration::from_secs(30);

/// What of a message lies at its provider, or where that can fetch it.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// What is attached to an answer.
    pub attached: Option<Found>,
    /// The values of a template that shows files, with these where the provider finds them.
    pub shown: Option<Fill>,
}

impl Dispatcher {
    /// Where the files of a message are; `Err`: it cannot be sent, or not now.
    pub(super) async fn files_of(&self, departure: &Departure) -> Result<Placed, Verdict> {
        let found = match &departure.message.content {
            Content::Text { .. } => return Ok(Placed::default()),
            Content::Free { .. } => self.attached(departure).await,
            Content::Template { fill, .. } => self.shown(departure, fill).await,
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

    async fn attached(&self, departure: &Departure) -> Result<Result<Placed, Verdict>, EngineError> {
        let Content::Free { free, .. } = &departure.message.content else { return Ok(Ok(Placed::default())) };
        let Some(attached) = free.attached() else { return Ok(Ok(Placed::default())) };
        let store = &self.engine.store;
        let kept = media::get(store, attached.media).await?.and_then(|kept| Some((kept.hash?, kept.filename)));
        let (Some((hash, filename)), Some(mime_type)) = (kept, media::sent_as(store, attached.media).await?) else {
            return Ok(Err(answer::unsendable()));
        };
        let same = Same { hash: &hash, mime_type: &mime_type, filename: &filename };
        let found = self.engine.placed_file(&self.sender, same).await?;
        Ok(found.map(|found| Placed { attached: Some(found), shown: None }).ok_or_else(answer::unsendable))
    }

    async fn shown(&self, departure: &Departure, fill: &Fill) -> Result<Result<Placed, Verdict>, EngineError> {
        let is_ours = |header: &HeaderFill| header.is_named() || matches!(header, HeaderFill::File { .. });
        if !fill.shown().any(is_ours) {
            return Ok(Ok(Placed::default()));
        }
        let files = match &departure.facts {
            Some(facts) if fill.shown().any(HeaderFill::is_named) => {
                version::file::of(&self.engine.store, facts.version).await?
            }
            _ => Vec::new(),
        };
        let (mut placed, mut missing) = (fill.clone(), Vec::new());
        for header in placed.shown_mut().filter(|header| is_ours(header)) {
            let Some(kept) = kept(header, &files) else { return Ok(Err(answer::unsendable())) };
            match self.engine.placed_file(&self.sender, same(&kept)).await? {
                Some(found) => *header = at_provider(found, kept.name),
                None => missing.push(kept),
            }
        }
        if missing.is_empty() {
            return Ok(Ok(Placed { attached: None, shown: Some(placed) }));
        }
        let _alone = self.uploading.lock().await;
        let mut wait = Duration::ZERO;
        for kept in &missing {
            if self.engine.place_file(&self.sender, same(kept)).await?.is_err() {
                wait = self.engine.clock_span(UPLOAD_AGAIN);
            }
        }
        let due_at = self.engine.clock.now().plus(wait);
        Ok(Err(Verdict::PutBack(PutBack { due_at, waiting_for: None, turned_away: None })))
    }
}

/// The file that a header shows, by its own word or among `files` by its name.
fn kept(header: &HeaderFill, files: &[VersionFile]) -> Option<VersionFile> {
    match header {
        HeaderFill::File { hash, mime_type, filename } => {
            Some(VersionFile { name: filename.clone(), hash: hash.clone(), mime_type: mime_type.clone() })
        }
        HeaderFill::Link { link } => files.iter().find(|file| file.name == *link).cloned(),
        _ => None,
    }
}

fn same(kept: &VersionFile) -> Same<'_> {
    Same { hash: &kept.hash, mime_type: &kept.mime_type, filename: &kept.name }
}

/// A header with the file where the provider finds it.
fn at_provider(found: Found, filename: String) -> HeaderFill {
    match found {
        Found::Uploaded(id) => HeaderFill::Uploaded { id, filename },
        Found::Shared { link, .. } => HeaderFill::Link { link },
    }
}
