//! Attachments that we send: kept like those of people, uploaded to the provider once and named by their id there for as
//! long as it holds, or handed out at an address that nobody can guess.

use std::time::Duration;

use axum::body::Bytes;
use futures::{Stream, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tracing::warn;

use super::writing::Writing;
use super::{Engine, EngineError, media};
use crate::config::Sender;
use crate::domain::fill::{Fill, HeaderFill};
use crate::domain::free::{Fits, fits};
use crate::domain::id::{ConversationId, VersionId};
use crate::domain::media::type_of;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::provider::{FileAt, Upload};
use crate::store::media::{Attachment, NewAttachment, Uploaded};
use crate::store::version::file::VersionFile;
use crate::store::{StoreError, conversation, setting, version};

/// Meta keeps what is uploaded for 30 days (cloud-api.md 2); the last is left to messages on their way.
const UPLOADED_FOR: Duration = Duration::from_hours(29 * 24);

/// How long a provider may fetch what we hand out: it does so at once, or tries again for a while.
const SHARED_FOR: Duration = Duration::from_hours(48);

/// The setting that keeps the key of such addresses.
const KEY: &str = "media.key";

/// A file as whoever brings it describes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Brought {
    /// What it is called.
    pub filename: String,
    /// Whether it is a voice note.
    pub is_voice: bool,
    /// Who brings it.
    pub by: String,
}

/// A file where its provider finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Its id at the provider.
    Uploaded(String),
    /// An address of ours, and what lies there.
    Shared {
        /// Where.
        link: String,
        /// What.
        mime_type: String,
    },
}

impl Found {
    /// As the provider's adapter takes it.
    pub fn at(&self) -> FileAt<'_> {
        match self {
            Self::Uploaded(id) => FileAt::Id(id),
            Self::Shared { link, mime_type } => FileAt::Link { link, mime_type },
        }
    }
}

/// Bytes that are the same wherever they are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Same<'a> {
    /// SHA-256 in hex.
    pub hash: &'a str,
    /// What it is sent as.
    pub mime_type: &'a str,
    /// What it is called.
    pub filename: &'a str,
}

impl Engine {
    /// Keeps a file that is to be sent in a conversation, if its provider takes such a file.
    pub async fn attach<E>(
        &self,
        id: ConversationId,
        brought: Brought,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Result<Attachment, Problem>, EngineError> {
        let conversation =
            conversation::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "conversation" })?;
        let Ok((_, account)) = self.way_out(&conversation.sender) else {
            return Err(EngineError::Unknown { what: "sender" });
        };
        let most = crate::domain::event::MediaKind::Document.most_taken();
        let mut writing = Writing::begin(self).await?;
        while let Some(piece) = bytes.next().await {
            let Ok(piece) = piece else { return Ok(Err(Problem::new("attachment_broken", &[]))) };
            writing.add(&piece).await?;
            if writing.size > most {
                return Ok(Err(too_large(most)));
            }
        }
        let written = writing.finish(self).await?;
        let mime_type = type_of(&written.head, "");
        let through = account.access.kind().dialect();
        let Some(Fits { kind, mime_type: sent_as, most }) =
            fits(mime_type, &brought.filename, brought.is_voice, through)
        else {
            return Ok(Err(Problem::new("attachment_type", &[])));
        };
        if written.size > most || written.size == 0 {
            return Ok(Err(too_large(most)));
        }
        let new = NewAttachment {
            conversation: id,
            account: &account.name,
            kind,
            mime_type,
            sent_as,
            filename: &brought.filename,
            hash: &written.hash,
            size: written.size as i64,
            by: &brought.by,
            at: self.clock.now(),
        };
        let media = media::attach(&self.store, &new).await?;
        let hash = written.hash.clone();
        written.keep().await?;
        self.share_media(&hash).await?;
        Ok(Ok(media::get(&self.store, media).await?.ok_or(StoreError::Corrupt { what: "media.id" })?))
    }

    /// The same values with the files of the version's folder themselves in place of their names, for a message outside of a
    /// run.
    pub(in crate::engine) async fn with_files(&self, mut fill: Fill, version: VersionId) -> Result<Fill, EngineError> {
        if !fill.shown().any(HeaderFill::is_named) {
            return Ok(fill);
        }
        let files = version::file::of(&self.store, version).await?;
        for header in fill.shown_mut() {
            let HeaderFill::Link { link } = &*header else { continue };
            if let Some(file) = files.iter().find(|file| file.name == *link) {
                let VersionFile { name: filename, hash, mime_type } = file.clone();
                *header = HeaderFill::File { hash, mime_type, filename };
            }
        }
        Ok(fill)
    }

    /// Where the provider of `sender` finds a file; uploaded now, where it is not yet.
    pub async fn place_file(&self, sender: &Sender, file: Same<'_>) -> Result<Result<Found, Problem>, EngineError> {
        if let Some(found) = self.placed_file(sender, file).await? {
            return Ok(Ok(found));
        }
        let provider = self.providers.get(&sender.account).ok_or(EngineError::Unknown { what: "account" })?;
        let Some(kept) = self.media_file(file.hash).await? else {
            return Ok(Err(Problem::new("attachment_gone", &[])));
        };
        let filename = if file.filename.is_empty() { "file" } else { file.filename };
        let (mime_type, filename) = (file.mime_type.to_owned(), filename.to_owned());
        let upload = Upload { file: kept.file, size: kept.size, mime_type, filename };
        match provider.upload(&sender.phone_number_id, upload).await {
            Some(Ok(id)) => {
                let until = self.clock.now().plus(UPLOADED_FOR);
                let of = Uploaded {
                    account: &sender.account,
                    sender: &sender.name,
                    hash: file.hash,
                    mime_type: file.mime_type,
                };
                media::keep_upload(&self.store, of, &id, until).await?;
                Ok(Ok(Found::Uploaded(id)))
            }
            Some(Err(cause)) => {
                let error = &cause as &dyn std::error::Error;
                warn!(error, sender.name = sender.name, "a file could not be uploaded for {}", sender.name);
                Ok(Err(Problem::new("attachment_upload", &[("detail", &cause.to_string())])))
            }
            None => Ok(Ok(self.shared(file).await?)),
        }
    }

    /// The same without uploading; `None`: it is to be uploaded first.
    pub async fn placed_file(&self, sender: &Sender, file: Same<'_>) -> Result<Option<Found>, EngineError> {
        let provider = self.providers.get(&sender.account).ok_or(EngineError::Unknown { what: "account" })?;
        if !provider.takes_uploads() {
            return Ok(Some(self.shared(file).await?));
        }
        let of =
            Uploaded { account: &sender.account, sender: &sender.name, hash: file.hash, mime_type: file.mime_type };
        Ok(media::uploaded(&self.store, of, self.clock.now()).await?.map(Found::Uploaded))
    }

    async fn shared(&self, file: Same<'_>) -> Result<Found, EngineError> {
        let until = self.clock.now().plus(SHARED_FOR);
        let proof = self.proof(file.hash, file.mime_type, until).await?;
        let mut url = self.config.server.public_url.clone();
        let filename = if file.filename.is_empty() { "file" } else { file.filename };
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["shared", file.hash, &until.0.to_string(), &proof, filename]);
        }
        url.query_pairs_mut().append_pair("type", file.mime_type);
        Ok(Found::Shared { link: url.to_string(), mime_type: file.mime_type.to_owned() })
    }

    /// Whether an address of ours is one that was handed out, and still holds.
    pub async fn is_shared(
        &self,
        hash: &str,
        mime_type: &str,
        until: UnixMs,
        proof: &str,
    ) -> Result<bool, EngineError> {
        if until <= self.clock.now() {
            return Ok(false);
        }
        let Ok(given) = hex::decode(proof) else { return Ok(false) };
        Ok(self.mac(hash, mime_type, until).await?.verify_slice(&given).is_ok())
    }

    async fn proof(&self, hash: &str, mime_type: &str, until: UnixMs) -> Result<String, EngineError> {
        Ok(hex::encode(self.mac(hash, mime_type, until).await?.finalize().into_bytes()))
    }

    async fn mac(&self, hash: &str, mime_type: &str, until: UnixMs) -> Result<Hmac<Sha256>, EngineError> {
        let key = setting::key(&self.store, KEY).await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(format!("{hash} {mime_type} {}", until.0).as_bytes());
        Ok(mac)
    }
}

fn too_large(most: u64) -> Problem {
    let limit = if most >= 1 << 20 { format!("{} MB", most >> 20) } else { format!("{} KB", most >> 10) };
    Problem::new("attachment_large", &[("limit", &limit)])
}
