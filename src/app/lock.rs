//! One daemon per data directory and per SQLite file, and the directory's own name among the nodes of one store.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

/// Held for as long as the daemon lives; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    /// Random, drawn when the directory is first used.
    pub id: String,
    #[expect(dead_code, reason = "held, not read")]
    file: File,
}

/// Held like it. Another data directory may name the same file, by a link of either kind.
#[derive(Debug)]
pub struct StoreLock {
    #[expect(dead_code, reason = "held, not read")]
    beside: File,
    /// The SQLite file itself, whatever it is called. Never closed: that would drop the locks that SQLite holds on it in
    /// this process (POSIX drops them with any descriptor of the file).
    itself: ManuallyDrop<File>,
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        // Where it fails, the end of the process lets go of it.
        let _ = self.itself.unlock();
    }
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
    /// Takes the SQLite file at `store`, which is made where it does not exist yet; links to it are the file itself.
    pub fn take(store: &Path) -> Result<Self, LockError> {
        let fails = |cause| LockError::BesideStore { file: store.to_owned(), cause };
        let mut beside = real(store).map_err(fails)?.into_os_string();
        beside.push(".lock");
        let taken = || LockError::StoreTaken { file: store.to_owned() };
        let beside = lock(Path::new(&beside)).map_err(fails)?.ok_or_else(taken)?;
        let file = File::options().create(true).read(true).append(true).open(store).map_err(fails)?;
        let itself = ManuallyDrop::new(file);
        match itself.try_lock() {
            Ok(()) => Ok(Self { beside, itself }),
            Err(TryLockError::WouldBlock) => Err(taken()),
            Err(TryLockError::Error(cause)) => Err(fails(cause)),
        }
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
        std::fs::hard_link(&file, other.join("hard.db")).unwrap();
        for name in [file.clone(), other.join("../recado.db"), other.join("linked.db"), other.join("hard.db")] {
            let refused = StoreLock::take(&name).unwrap_err();
            assert!(refused.to_string().contains("another daemon uses the SQLite file"), "{refused}");
        }
        drop(first);
        StoreLock::take(&other.join("hard.db")).unwrap();
    }

    #[tokio::test]
    async fn whoever_holds_the_file_lets_sqlite_work_on_it() {
        let dir = tempfile::tempdir().unwrap();
        let _held = StoreLock::take(&dir.path().join("recado.db")).unwrap();
        let store = crate::store::open("sqlite:recado.db", dir.path()).await.unwrap();
        crate::store::setting::write(&store, "a", "b").await.unwrap();
        store.close().await;
    }
}
