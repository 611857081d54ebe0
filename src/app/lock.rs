//! One daemon per data directory and per SQLite file, and the directory's own name among the nodes of one store.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Held for as long as the daemon lives; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    /// Random, drawn when the directory is first used.
    pub id: String,
    #[expect(dead_code, reason = "held, not read")]
    file: File,
}

/// Held like it. Another data directory may name the same file.
#[derive(Debug)]
pub struct StoreLock {
    #[expect(dead_code, reason = "held, not read")]
    file: File,
}

/// Why the data directory or the SQLite file cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has the data directory.
    #[error("another daemon uses this data directory")]
    Taken,
    /// Another daemon has the SQLite file, from another data directory.
    #[error("another daemon uses the SQLite file {}: two on one file would send its messages twice", file.display())]
    StoreTaken {
        /// Which.
        file: PathBuf,
    },
    /// It cannot be written.
    #[error("the data directory cannot be written")]
    Io(#[from] io::Error),
    /// The lock beside the SQLite file cannot be written.
    #[error("cannot write beside the SQLite file {}", file.display())]
    BesideStore {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// The locked file; `None` when somebody else has it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).read(true).append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

impl DataDirLock {
    /// Takes `data_dir`, which must exist.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        let mut file = lock(&data_dir.join("recado.lock"))?.ok_or(LockError::Taken)?;
        let mut id = String::new();
        file.read_to_string(&mut id)?;
        if id.is_empty() {
            id = format!("{:032x}", rand::random::<u128>());
            file.write_all(id.as_bytes())?;
        }
        Ok(Self { id, file })
    }
}

impl StoreLock {
    /// Takes the SQLite file at `store`, which need not exist yet; links to it are the file itself.
    pub fn take(store: &Path) -> Result<Self, LockError> {
        let fails = |cause| LockError::BesideStore { file: store.to_owned(), cause };
        let mut beside = real(store).map_err(fails)?.into_os_string();
        beside.push(".lock");
        let taken = lock(Path::new(&beside)).map_err(fails)?;
        taken.map(|file| Self { file }).ok_or_else(|| LockError::StoreTaken { file: store.to_owned() })
    }
}

/// Where `file` lies, or will.
fn real(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (folder, name) = (file.parent().unwrap_or(Path::new(".")), file.file_name().unwrap_or_default());
            Ok(folder.canonicalize()?.join(name))
        }
        found => found,
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

    #[test]
    fn a_second_daemon_on_the_same_sqlite_file_is_refused_by_whatever_name_it_calls_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("recado.db");
        let other = dir.path().join("other");
        std::fs::create_dir(&other).unwrap();
        let first = StoreLock::take(&file).unwrap();
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, other.join("linked.db")).unwrap();
        for name in [file.clone(), other.join("../recado.db"), other.join("linked.db")] {
            let refused = StoreLock::take(&name).unwrap_err();
            assert!(refused.to_string().contains("another daemon uses the SQLite file"), "{refused}");
        }
        drop(first);
        StoreLock::take(&file).unwrap();
    }
}
