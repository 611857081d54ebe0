//! A file that is being written: hashed on the way, known by its beginning, and thrown away unless it is whole.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::files::{self, unwritten};
use super::{Engine, EngineError, aside};
use crate::domain::media::HEAD;

/// A file without a name yet.
pub(super) struct Writing {
    fresh: NamedTempFile,
    file: File,
    digest: Sha256,
    pub size: u64,
    head: Vec<u8>,
}

/// One that is whole.
pub(super) struct Written {
    fresh: NamedTempFile,
    place: PathBuf,
    /// SHA-256 of its bytes, in hex.
    pub hash: String,
    /// How many.
    pub size: u64,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Writing {
    pub async fn begin(engine: &Engine) -> Result<Self, EngineError> {
        let fresh = engine.fresh_media().await?;
        let file = File::from_std(fresh.reopen().map_err(unwritten)?);
        Ok(Self { fresh, file, digest: Sha256::new(), size: 0, head: Vec::with_capacity(HEAD) })
    }

    pub async fn add(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD - self.head.len())]);
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(unwritten)
    }

    pub async fn finish(self, engine: &Engine) -> Result<Written, EngineError> {
        self.file.sync_all().await.map_err(unwritten)?;
        let hash = hex::encode(self.digest.finalize());
        let place = files::path(&engine.config.server.data_dir, &hash);
        Ok(Written { fresh: self.fresh, place, hash, size: self.size, head: self.head })
    }
}

impl Written {
    /// Gives the file the name of its hash. The store must know that hash by now, or it is swept.
    pub async fn keep(self) -> Result<(), EngineError> {
        let Self { fresh, place, .. } = self;
        aside(move || fresh.persist(place)).await?.map_err(|e| unwritten(e.error))?;
        Ok(())
    }
}
