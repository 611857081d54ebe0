//! The audiences' bytes, kept in the data directory under their hash so that a run's rows stay what was approved,
//! whatever happens to the folder. Where several nodes share a store, it carries the bytes from one to the other.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Engine, EngineError, aside};
use crate::store::{StoreError, audience};

/// Read at once while hashing and copying, and kept as one piece in a shared store.
const PIECE: usize = 256 * 1024;

impl Engine {
    /// Where the audience of that hash lies on this machine; brought from the store when another node loaded it.
    pub(super) async fn audience(&self, hash: &str) -> Result<PathBuf, EngineError> {
        let lies = path(&self.config.server.data_dir, hash);
        if !self.store.is_of_one_node() && !lies.exists() {
            self.fetch_audience(hash, &lies).await.map_err(|cause| match cause {
                Fetch::Store(cause) => cause.into(),
                Fetch::File(cause) => unwritten(cause),
            })?;
        }
        Ok(lies)
    }

    /// Gives the audience to the other nodes, if there may be any.
    pub(super) async fn share_audience(&self, hash: &str) -> Result<(), EngineError> {
        if self.store.is_of_one_node() {
            return Ok(());
        }
        let mut file = File::open(path(&self.config.server.data_dir, hash)).map_err(unwritten)?;
        for no in 0.. {
            let (rest, piece) = aside(move || read_piece(file)).await?.map_err(unwritten)?;
            if piece.is_empty() {
                break;
            }
            audience::keep_piece(&self.store, hash, no, &piece).await?;
            file = rest;
        }
        Ok(())
    }

    /// Removes an audience, here and for the other nodes.
    pub(super) async fn drop_audience(&self, hash: &str) -> Result<(), EngineError> {
        let lies = path(&self.config.server.data_dir, hash);
        let removed = aside(move || fs::remove_file(lies)).await?;
        match removed {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(unwritten(cause)),
            _ => {}
        }
        if !self.store.is_of_one_node() {
            audience::forget(&self.store, hash).await?;
        }
        Ok(())
    }

    /// Writes what the store holds of it, if anything, under its name.
    async fn fetch_audience(&self, hash: &str, lies: &Path) -> Result<(), Fetch> {
        let Some(mut piece) = audience::piece(&self.store, hash, 0).await? else { return Ok(()) };
        let dir = self.config.server.data_dir.join("audiences");
        fs::create_dir_all(&dir)?;
        let fresh = dir.join(format!(".new-{:016x}", rand::random::<u64>()));
        let mut target = File::create(&fresh)?;
        for no in 1.. {
            target.write_all(&piece)?;
            let Some(next) = audience::piece(&self.store, hash, no).await? else { break };
            piece = next;
        }
        target.sync_all()?;
        Ok(fs::rename(&fresh, lies)?)
    }
}

/// Why an audience could not be brought here.
#[derive(Debug, thiserror::Error)]
enum Fetch {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] io::Error),
}

fn unwritten(cause: io::Error) -> EngineError {
    EngineError::File { place: "the audiences", cause }
}

/// The next piece of a file; empty at its end.
fn read_piece(mut file: File) -> io::Result<(File, Vec<u8>)> {
    let mut piece = Vec::with_capacity(PIECE);
    Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((file, piece))
}

/// Where the audience of that hash lies.
pub fn path(data_dir: &Path, hash: &str) -> PathBuf {
    data_dir.join("audiences").join(hash)
}

/// SHA-256 of a plain file's bytes, in hex.
pub(super) fn hash_of(file: &Path) -> io::Result<String> {
    let mut source = super::folder::open_plain(file)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece)? {
            0 => return Ok(hex::encode(digest.finalize())),
            n => digest.update(&piece[..n]),
        }
    }
}

/// Copies `source` into the data directory and returns its hash. The file appears under its name only when it is whole.
pub fn keep(data_dir: &Path, source: &mut File) -> io::Result<String> {
    let dir = data_dir.join("audiences");
    fs::create_dir_all(&dir)?;
    let fresh = dir.join(format!(".new-{:016x}", rand::random::<u64>()));
    let hash = copy(source, &fresh);
    let kept = hash.and_then(|hash| fs::rename(&fresh, dir.join(&hash)).map(|()| hash));
    if kept.is_err() {
        // The error to report is the first one; a file left over is only untidy.
        drop(fs::remove_file(&fresh));
    }
    kept
}

fn copy(source: &mut File, fresh: &Path) -> io::Result<String> {
    let mut target = File::create(fresh)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let n = source.read(&mut piece)?;
        if n == 0 {
            break;
        }
        digest.update(&piece[..n]);
        target.write_all(&piece[..n])?;
    }
    target.sync_all()?;
    Ok(hex::encode(digest.finalize()))
}
