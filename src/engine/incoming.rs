//! Files on their way in: written to the data directory as they come, so that none lies whole in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Engine, EngineError, aside, folder};

/// Where they grow, in the data directory.
const PLACE: &str = "incoming";

/// A file that came in, under its own name in a folder of its own. Dropping it removes it.
#[derive(Debug)]
pub struct Incoming {
    place: TempDir,
    name: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    digest: String,
}

/// A file that comes in.
#[derive(Debug)]
pub struct Arriving {
    file: File,
    so_far: Sha256,
    incoming: Incoming,
}

impl Incoming {
    /// Its name: one component.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.place.path().join(&self.name)
    }

    /// What tells its bytes from other bytes.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl Arriving {
    /// Writes the next piece.
    ///
    /// # Errors
    /// When the disk is full, above all.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), EngineError> {
        self.so_far.update(piece);
        self.file.write_all(piece).await.map_err(unwritten)
    }

    /// The whole file.
    ///
    /// # Errors
    /// When what was written last did not reach the disk.
    pub async fn done(mut self) -> Result<Incoming, EngineError> {
        self.file.flush().await.map_err(unwritten)?;
        Ok(Incoming { digest: hex::encode(self.so_far.finalize()), ..self.incoming })
    }
}

impl Engine {
    /// Begins to take a file in. `None`: its name is not one component.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub async fn take_in(&self, name: &str) -> Result<Option<Arriving>, EngineError> {
        if !folder::is_file_name(name) {
            return Ok(None);
        }
        let (data_dir, name) = (self.config.server.data_dir.clone(), name.to_owned());
        let begun = aside(move || begin(&data_dir, name)).await?.map_err(unwritten)?;
        Ok(Some(begun))
    }
}

fn begin(data_dir: &Path, name: String) -> io::Result<Arriving> {
    let dir = data_dir.join(PLACE);
    fs::create_dir_all(&dir)?;
    let place = tempfile::tempdir_in(&dir)?;
    let file = fs::File::options().read(true).write(true).create_new(true).open(place.path().join(&name))?;
    let incoming = Incoming { place, name, digest: String::new() };
    Ok(Arriving { file: File::from_std(file), so_far: Sha256::new(), incoming })
}

/// Removes what a daemon left that died while files came in; `data_dir` is this process's alone.
pub fn clear(data_dir: &Path) {
    // What cannot be removed is only untidy.
    drop(fs::remove_dir_all(data_dir.join(PLACE)));
}

fn unwritten(cause: io::Error) -> EngineError {
    EngineError::File { place: "the data directory", cause }
}
