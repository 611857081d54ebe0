//! Room on the disk. A full disk holds everything of this process: nothing is claimed, webhooks are refused so that the
//! provider repeats them, and all goes on by itself when there is room.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use tracing::{info, warn};

use super::{Engine, EngineError, aside};
use crate::domain::change::Change;
use crate::domain::time::UnixMs;
use crate::store::sqlite_file;

/// Kept for what is under way: answers of requests that have left, and receipts. With less, nothing is claimed.
const KEPT: u64 = 16 * 1024 * 1024;

/// With so much again, it goes on.
const BACK: u64 = 24 * 1024 * 1024;

/// Judges the room by what is free and by how the latest write went.
pub(super) async fn judge<T>(engine: &Engine, wrote: &Result<T, EngineError>, now: UnixMs) -> Result<(), EngineError> {
    let store = &engine.store;
    let free = free(engine).await?.unwrap_or(u64::MAX);
    let refused = wrote.as_ref().is_err_and(EngineError::is_full);
    if refused || free < KEPT {
        if store.note_full(now) {
            warn!(disk.free = free, write.refused = refused, "the disk is full: nothing is sent until there is room");
            engine.tell(Change::Holds);
        }
    } else if wrote.is_ok() && free >= BACK && store.note_room() {
        info!(disk.free = free, "there is room on the disk again");
        engine.tell(Change::Holds);
        engine.wake.notify_waiters();
    }
    Ok(())
}

/// Bytes free for us where the data directory and the store lie, whichever has less; `None` where that is not known.
pub(super) async fn free(engine: &Engine) -> Result<Option<u64>, EngineError> {
    let data_dir = engine.config.server.data_dir.clone();
    let file =
        sqlite_file(engine.config.store_url.expose_secret(), &data_dir).filter(|_| engine.store.is_of_one_node());
    let beside = file.and_then(|file| file.parent().map(PathBuf::from));
    aside(move || [Some(data_dir), beside].into_iter().flatten().filter_map(|dir| free_at(&dir)).min()).await
}

fn free_at(dir: &std::path::Path) -> Option<u64> {
    let told = rustix::fs::statvfs(dir).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Whether a file could not be written for lack of room.
pub(super) fn is_full(cause: &std::io::Error) -> bool {
    matches!(cause.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl EngineError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Store(error) => error.is_full(),
            Self::File { cause, .. } => is_full(cause),
            _ => false,
        }
    }
}
