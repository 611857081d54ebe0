//! Attachments: fetched as soon as they come in, so that they do not expire at the provider, kept in the data directory
//! under their hash, and removed with what they belong to.

mod files;
pub(super) mod header;
mod outgoing;
mod writing;

use std::time::Duration;

use futures::StreamExt;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Engine, EngineError, aside};
use crate::domain::change::Change;
use crate::domain::event::Media;
use crate::domain::media::{MediaRefusal, MediaState, type_of};
use crate::provider::media::{Download, FETCH_TIMEOUT, MediaError};
use crate::provider::outside::{Outside, OutsideError};
use crate::store::StoreError;
use crate::store::media::{self, DueMedia};

pub use files::Kept;
pub(in crate::engine) use files::path as media_path;
pub use outgoing::{Brought, Found, Same};
use writing::Writing;

/// Real time between two looks when nothing wakes it.
const EVERY: Duration = Duration::from_secs(1);

/// Fetched at once.
const AT_ONCE: usize = 4;

/// Looked at in one step.
const STEP: i64 = 64;

/// How long after a try the next one comes. After the last there is none.
const AGAIN: [Duration; 9] = [
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(8),
    Duration::from_hours(24),
    Duration::from_hours(48),
    Duration::from_hours(72),
];

/// Tries after which what the provider does not have is gone for good.
const ENOUGH: i64 = 3;

/// Providers keep attachments for about a week (cloud-api.md 2, gupshup-zenvia.md 1.7).
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// Fetches what people sent.
#[derive(Clone, Debug)]
pub struct Fetcher {
    engine: Engine,
    outside: Outside,
}

/// What became of one try.
enum Tried {
    /// It is here: hash, size, type.
    Here(String, u64, &'static str),
    /// The person was erased meanwhile, or it was settled otherwise.
    Nobodys,
    /// It is not, for now.
    Not(MediaError),
}

impl Fetcher {
    /// A fetcher for every account. Where every provider is on this machine, so may be what they keep.
    pub fn new(engine: Engine) -> Self {
        let is_here = engine.config.is_loopback_only();
        let outside = if is_here { Outside::PublicAndLoopback } else { Outside::Public };
        Self { engine, outside }
    }

    /// Fetches until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(cause) = self.engine.clear_unfinished_media().await {
            warn!(error = &cause as &dyn std::error::Error, "unfinished attachments could not be removed");
        }
        while !stop.is_cancelled() {
            // What is cut off is tried again once its claim is over.
            match stop.run_until_cancelled(self.step()).await {
                Some(Err(cause)) => {
                    let error = &cause as &dyn std::error::Error;
                    warn!(error, "attachments could not be fetched; trying again");
                }
                Some(Ok(1..)) => continue,
                Some(Ok(_)) | None => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.engine.wake.notified() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Fetches everything whose time has come. Returns how many were tried.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let due = media::due(&self.engine.store, self.engine.clock.now(), STEP).await?;
        let tries = futures::stream::iter(due).map(|due| self.try_one(due)).buffer_unordered(AT_ONCE);
        let mut tried = 0;
        for done in tries.collect::<Vec<_>>().await {
            tried += usize::from(done?);
        }
        Ok(tried)
    }

    /// Tries one; false when another node has it.
    async fn try_one(&self, due: DueMedia) -> Result<bool, EngineError> {
        let engine = &self.engine;
        let again_at = engine.clock.now().plus(engine.clock_span(FETCH_TIMEOUT * 2));
        if !media::take(&engine.store, &due, again_at).await? {
            return Ok(false);
        }
        let told: Media = serde_json::from_str(&due.told).map_err(|_| StoreError::Corrupt { what: "media.told" })?;
        let tried = match self.engine.providers.get(&due.account) {
            Some(provider) => match provider.media(&told, self.outside, due.kind.most_taken()).await {
                Ok(download) => self.keep(&due, download, told.mime_type.as_deref().unwrap_or_default()).await?,
                Err(cause) => Tried::Not(cause),
            },
            // Nobody of that name is configured any more.
            None => Tried::Not(MediaError::NotThere),
        };
        match tried {
            Tried::Here(hash, size, mime_type) => {
                engine.share_media(&hash).await?;
                media::here(&engine.store, due.id, (&hash, size, mime_type)).await?;
                info!(media.id = %due.id, media.bytes = size, "attachment {} is here", due.id);
            }
            Tried::Nobodys => {}
            Tried::Not(cause) => self.put_off(&due, &cause).await?,
        }
        engine.tell(Change::Conversation(due.conversation_id));
        Ok(true)
    }

    /// Writes what comes into a file that gets its name when it is whole.
    async fn keep(&self, due: &DueMedia, mut download: Download, told: &str) -> Result<Tried, EngineError> {
        let mut writing = Writing::begin(&self.engine).await?;
        loop {
            match download.chunk().await {
                Ok(Some(chunk)) => writing.add(&chunk).await?,
                Ok(None) => break,
                Err(cause) => return Ok(Tried::Not(cause)),
            }
        }
        if writing.size == 0 {
            return Ok(Tried::Not(MediaError::NotThere));
        }
        let written = writing.finish(&self.engine).await?;
        if !media::name(&self.engine.store, due.id, &written.hash).await? {
            return Ok(Tried::Nobodys);
        }
        let (hash, size, mime_type) = (written.hash.clone(), written.size, type_of(&written.head, told));
        written.keep().await?;
        Ok(Tried::Here(hash, size, mime_type))
    }

    /// Says when it is tried again, or that it is not.
    async fn put_off(&self, due: &DueMedia, cause: &MediaError) -> Result<(), EngineError> {
        let (store, now) = (&self.engine.store, self.engine.clock.now());
        // `due` was read before this try.
        let tries = due.tries + 1;
        let refused = refusal(cause);
        let is_gone = matches!(cause, MediaError::NotThere) && tries >= ENOUGH;
        let next = usize::try_from(tries - 1).ok().and_then(|place| AGAIN.get(place)).map(|after| now.plus(*after));
        let next = next.filter(|next| next.since(due.created_at) < KEPT_FOR);
        let (settled, word) = match (refused, next) {
            (Some(why), _) => (Some(MediaState::Refused), why.as_str()),
            (None, Some(next)) if !is_gone => {
                media::put_off(store, due.id, next, &cause.to_string()).await?;
                (None, "not here yet")
            }
            _ => (Some(MediaState::Gone), "expired"),
        };
        if let Some(state) = settled {
            media::give_up(store, due.id, state, word).await?;
        }
        let error = cause as &dyn std::error::Error;
        warn!(error, media.id = %due.id, "attachment {} could not be fetched: {word}", due.id);
        Ok(())
    }
}

/// Why it is never taken, where another try would end the same.
fn refusal(cause: &MediaError) -> Option<MediaRefusal> {
    match cause {
        MediaError::TooLarge => Some(MediaRefusal::TooLarge),
        MediaError::Redirected => Some(MediaRefusal::Redirect),
        MediaError::Outside(OutsideError::NotHttps | OutsideError::NotPublic) => Some(MediaRefusal::Address),
        _ => None,
    }
}

impl Engine {
    /// Removes from this machine what no attachment has any more. Returns how many files.
    pub async fn sweep_media(&self) -> Result<usize, EngineError> {
        let mut removed = 0;
        for some in self.kept_media().await?.chunks(500) {
            let known = media::known(&self.store, some).await?;
            for hash in some.iter().filter(|hash| !known.contains(hash)) {
                self.remove_media(hash).await?;
                removed += 1;
            }
        }
        if !self.store.is_of_one_node() {
            media::forget_pieces(&self.store).await?;
        }
        Ok(removed)
    }
}
