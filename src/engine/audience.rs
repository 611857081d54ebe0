//! The audiences' bytes, kept in the data directory under their hash so that a run's rows stay what was approved,
//! whatever happens to the folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Read at once while hashing and copying.
const PIECE: usize = 256 * 1024;

/// Where the audience of that hash lies.
pub fn path(data_dir: &Path, hash: &str) -> PathBuf {
    data_dir.join("audiences").join(hash)
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
