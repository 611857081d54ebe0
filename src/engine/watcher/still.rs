//! Whether the file that would be taken is whole, as far as can be told: it has been as it is for a while, and no program
//! of this machine has it open for writing.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::super::folder::{self, Seen};
use super::super::{feed, load};
use crate::intake::campaign_file;

/// Since when each file of each folder has been as it is.
#[derive(Debug, Default)]
pub(super) struct Still(BTreeMap<(String, Seen), Instant>);

/// What lies in a folder to be taken.
pub(super) enum Taken {
    /// Its audience is still being written, or may be.
    NotYet,
    /// Its audience, by its name, is as it was for long enough, but open; the zone of the campaign's clock.
    Open(String, TimeZone),
    /// Its audience, by its name; `None`: no file, or a campaign file that cannot be read, which somebody has to be told.
    Now(Option<String>),
}

impl Still {
    /// What lies in the folders `now`.
    pub(super) fn look(&mut self, found: &BTreeMap<String, Vec<Seen>>, now: Instant) {
        let before = std::mem::take(&mut self.0);
        let all = found.iter().flat_map(|(name, files)| files.iter().map(|file| (name.clone(), file.clone())));
        self.0 = all.map(|key| (before.get(&key).copied().unwrap_or(now), key)).map(|(at, key)| (key, at)).collect();
    }

    /// For how long each file of the folder `name` has been as it is.
    pub(super) fn of(&self, name: &str, files: &[Seen], now: Instant) -> Vec<Duration> {
        let since = |file: &Seen| self.0.get(&(name.to_owned(), file.clone())).copied().unwrap_or(now);
        files.iter().map(|file| now.saturating_duration_since(since(file))).collect()
    }
}

/// What would be taken of the folder `dir` with these `files`, each as it is for so long; `quiet` is long enough.
pub(super) fn taken(dir: &Path, (files, still): (&[Seen], &[Duration]), quiet: Duration) -> Taken {
    let bytes = folder::read_definition(dir).ok();
    let text = bytes.and_then(|bytes| campaign_file::text(bytes, folder::DEFINITION).ok());
    let Some(file) = text.and_then(|text| load::parse(&text).ok()) else { return Taken::Now(None) };
    let Some(audience) = folder::audience(files, &file.file, feed::in_order(&file)) else { return Taken::Now(None) };
    let is_still = files.iter().zip(still).any(|(seen, still)| seen == audience && *still >= quiet);
    let name = audience.name.clone();
    if !is_still {
        Taken::NotYet
    } else if is_being_written(&dir.join(&name)) == Some(true) {
        Taken::Open(name, file.timezone)
    } else {
        Taken::Now(Some(name))
    }
}

/// Whether a program of this machine has the file open for writing; `None`: that cannot be told (another system, a file
/// of another user, a folder of another machine).
fn is_being_written(path: &Path) -> Option<bool> {
    lease(&folder::open_plain(path).ok()?)
}

/// Linux gives a read lease only on what nobody has open for writing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn lease(file: &File) -> Option<bool> {
    use std::os::fd::AsRawFd;
    // As <fcntl.h> has it.
    const F_SETSIG: libc::c_int = 10;
    let fd = file.as_raw_fd();
    #[expect(unsafe_code, reason = "no crate at hand offers leases")]
    // SAFETY: the descriptor is open as long as `file` is borrowed, and these calls take numbers alone.
    let (given, error) = unsafe {
        // Who opens the file in between would end us by SIGIO; SIGURG is ignored unless somebody asks for it.
        if libc::fcntl(fd, F_SETSIG, libc::SIGURG) != 0 {
            return None;
        }
        let given = libc::fcntl(fd, libc::F_SETLEASE, libc::F_RDLCK);
        let error = std::io::Error::last_os_error();
        libc::fcntl(fd, libc::F_SETLEASE, libc::F_UNLCK);
        (given, error)
    };
    match (given, error.kind()) {
        (0, _) => Some(false),
        (_, std::io::ErrorKind::WouldBlock) => Some(true),
        _ => None,
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn lease(_: &File) -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_open_for_writing_is_known_to_be_and_one_that_is_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let writer = File::create(&path).unwrap();
        // Where the system tells nothing, it tells nothing of a closed file either.
        let told = is_being_written(&path);
        drop(writer);
        let reader = File::open(&path).unwrap();
        let told_then = is_being_written(&path);
        assert_eq!(told, told_then.map(|_| true));
        assert_ne!(told_then, Some(true));
        drop(reader);
        assert_eq!(is_being_written(&dir.path().join("none.csv")), None);
    }
}
