//! One daemon per data directory.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Held for as long as the daemon lives; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub struct DataDirLock(#[expect(dead_code, reason = "held, not read")] File);

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
        let file = File::options().create(true).append(true).open(data_dir.join("recado.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(e)) => Err(e.into()),
        }
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
        drop(first);
        assert!(DataDirLock::take(dir.path()).is_ok());
    }
}
