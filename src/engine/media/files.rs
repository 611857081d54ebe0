//! The files of attachments, in `media` of the data directory under their hash.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Engine, EngineError, aside, media};

/// Kept as one piece in a shared store.
const PIECE: usize = 256 * 1024;

/// How unfinished files begin.
const UNFINISHED: &str = ".new-";

/// An attachment's bytes on this machine.
#[derive(Debug)]
pub struct Kept {
    /// The file, at its beginning.
    pub file: File,
    /// Bytes.
    pub size: u64,
}

impl Engine {
    /// A file to write an attachment into; it goes by itself unless it is given a name.
    pub(super) async fn fresh_media(&self) -> Result<NamedTempFile, EngineError> {
        let dir = dir(&self.config.server.data_dir);
        let made = move || {
            fs::create_dir_all(&dir)?;
            tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&dir)
        };
        aside(made).await?.map_err(unwritten)
    }

    /// Opens the bytes of that hash; brought from the store when another node has them. `None`: they are nowhere.
    pub async fn media_file(&self, hash: &str) -> Result<Option<Kept>, EngineError> {
        let lies = path(&self.config.server.data_dir, hash);
        if !self.store.is_of_one_node() && !lies.exists() {
            self.bring_media(hash, lies.clone()).await?;
        }
        let open = move || match File::open(&lies) {
            Ok(file) => file.metadata().map(|about| Some(Kept { size: about.len(), file })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        };
        aside(open).await?.map_err(unwritten)
    }

    /// Gives the bytes to the other nodes, if there may be any.
    pub(in crate::engine) async fn share_media(&self, hash: &str) -> Result<(), EngineError> {
        if self.store.is_of_one_node() {
            return Ok(());
        }
        let mut file = File::open(path(&self.config.server.data_dir, hash)).map_err(unwritten)?;
        for no in 0.. {
            let (rest, piece) = aside(move || read_piece(file)).await?.map_err(unwritten)?;
            if piece.is_empty() {
                break;
            }
            media::keep_piece(&self.store, hash, no, &piece).await?;
            file = rest;
        }
        Ok(())
    }

    async fn bring_media(&self, hash: &str, lies: PathBuf) -> Result<(), EngineError> {
        let Some(mut piece) = media::piece(&self.store, hash, 0).await? else { return Ok(()) };
        let mut fresh = self.fresh_media().await?;
        for no in 1.. {
            fresh = aside(move || fresh.write_all(&piece).map(|()| fresh)).await?.map_err(unwritten)?;
            let Some(next) = media::piece(&self.store, hash, no).await? else { break };
            piece = next;
        }
        aside(move || fresh.persist(lies)).await?.map_err(|e| unwritten(e.error))?;
        Ok(())
    }

    /// The hashes of the files here.
    pub(super) async fn kept_media(&self) -> Result<Vec<String>, EngineError> {
        let names = self.media_names().await?;
        Ok(names.into_iter().filter(|name| name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())).collect())
    }

    /// Removes what an earlier process left unfinished. Nothing else writes into the data directory while we have it.
    pub(super) async fn clear_unfinished_media(&self) -> Result<(), EngineError> {
        for name in self.media_names().await?.iter().filter(|name| name.starts_with(UNFINISHED)) {
            self.remove_media(name).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_media(&self, name: &str) -> Result<(), EngineError> {
        match tokio::fs::remove_file(path(&self.config.server.data_dir, name)).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(unwritten(e)),
            _ => Ok(()),
        }
    }

    async fn media_names(&self) -> Result<Vec<String>, EngineError> {
        let dir = dir(&self.config.server.data_dir);
        let listed = move || match fs::read_dir(&dir) {
            Ok(entries) => entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<_>>>(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(e),
        };
        aside(listed).await?.map_err(unwritten)
    }
}

/// The next piece of a file; empty at its end.
fn read_piece(mut file: File) -> io::Result<(File, Vec<u8>)> {
    let mut piece = Vec::with_capacity(PIECE);
    Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((file, piece))
}

fn dir(data_dir: &Path) -> PathBuf {
    data_dir.join("media")
}

/// Where the bytes of that hash lie.
pub(in crate::engine) fn path(data_dir: &Path, hash: &str) -> PathBuf {
    dir(data_dir).join(hash)
}

pub(super) fn unwritten(cause: io::Error) -> EngineError {
    EngineError::File { place: "the attachments", cause }
}
