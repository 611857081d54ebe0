//! One daemon per data directory, and the directory's own name among the nodes of one store.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

/// Held for as long as the daemon lives; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    /// Random, drawn when the directory is first used.
    pub id: String,
    #[expect(dead_code, reason = "held, not read")]
    file: File,
}

/// Why the data directory cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("another daemon uses this data directory")]
    Taken,
    /// It cannot be written.
    #[error("the data directory cannot be written")]
    Io(#[from] io::Error),
}

impl DataDirLock {
    /// Takes `data_dir`, which must exist.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        let mut file = File::options().create(true).read(true).append(true).open(data_dir.join("recado.lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Taken),
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        let mut id = String::new();
        file.read_to_string(&mut id)?;
        if id.is_empty() {
            id = format!("{:032x}", rand::random::<u128>());
            file.write_all(id.as_bytes())?;
        }
        Ok(Self { id, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_on_the_same_data_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDirLock::take(dir.path()).unwrap();
        assert!(matches!(DataDirLock::take(dir.path()), Err(LockError::Taken)));
        let id = first.id.clone();
        drop(first);
        assert_eq!(DataDirLock::take(dir.path()).unwrap().id, id, "it stays the same directory");
    }
}
