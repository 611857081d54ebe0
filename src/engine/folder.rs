//! A campaign's folder: names that are single components, files opened without following links, written by rename.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::fits_pattern;

use super::audience;

/// A campaign file is read whole; nobody writes one this long by hand.
const MAX_DEFINITION: u64 = 1024 * 1024;

/// The campaign file's name.
pub const DEFINITION: &str = "campaign.toml";

/// Whether a folder of this name can be a campaign.
pub fn is_campaign_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

/// Whether a file of this name can be an audience: one component, not hidden.
pub fn is_file_name(name: &str) -> bool {
    let parts = Path::new(name).components().count();
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && parts == 1 && !name.contains(['/', '\\', '\0'])
}

/// Opens a plain file; a link, folder or device is refused, also one that takes the file's place while we look.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let seen = fs::symlink_metadata(path)?;
    let not_plain = || io::Error::new(io::ErrorKind::InvalidInput, "not a plain file");
    if !seen.is_file() {
        return Err(not_plain());
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) == (seen.dev(), seen.ino()) { Ok(file) } else { Err(not_plain()) }
}

/// The bytes of a campaign file.
pub fn read_definition(folder: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut file = open_plain(&folder.join(DEFINITION))?.take(MAX_DEFINITION + 1);
    file.read_to_end(&mut text)?;
    if text.len() as u64 > MAX_DEFINITION {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 1 MB"));
    }
    Ok(text)
}

/// Writes `bytes` as `name` into `folder`; a reader sees the old file or the new one, never half.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let fresh = folder.join(format!(".{name}.new"));
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))
}

/// Copies the file `from` as `name` into `folder`, as [`write()`] does with bytes.
pub fn place(folder: &Path, name: &str, from: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let fresh = folder.join(format!(".{name}.new"));
    let copied = io::copy(&mut open_plain(from)?, &mut File::create(&fresh)?);
    let placed =
        copied.and_then(|_| File::open(&fresh)?.sync_all()).and_then(|()| fs::rename(&fresh, folder.join(name)));
    if placed.is_err() {
        // The error to report is the first one; a file left over is only untidy.
        drop(fs::remove_file(&fresh));
    }
    placed
}

/// A file as it lies there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seen {
    /// When it was last written.
    pub written: UnixMs,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// The plain, visible files of `folder`, oldest first.
pub fn files(folder: &Path) -> io::Result<Vec<Seen>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (Ok(name), meta) = (entry.file_name().into_string(), entry.metadata()?) else { continue };
        if meta.is_file() && is_file_name(&name) {
            let written = UnixMs(meta.mtime().saturating_mul(1_000) + meta.mtime_nsec() / 1_000_000);
            all.push(Seen { written, name, size: meta.len() });
        }
    }
    all.sort();
    Ok(all)
}

/// The audience among `files`: of those that `pattern` fits the newest, or, where each counts, the oldest.
pub fn audience<'a>(files: &'a [Seen], pattern: &str, in_order: bool) -> Option<&'a Seen> {
    let mut fitting = files.iter().filter(|file| file.name != DEFINITION && fits_pattern(pattern, &file.name));
    if in_order { fitting.next() } else { fitting.next_back() }
}

/// Where used files go, in the campaign's folder.
const USED: &str = "used";

/// Removes what was written into a new folder, and the folder, unless somebody put something else there meanwhile.
pub fn take_back(folder: &Path, names: &[String]) -> io::Result<()> {
    let absent_is_fine = |done: io::Result<()>| match done {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    };
    for name in names {
        absent_is_fine(fs::remove_file(folder.join(name)))?;
    }
    match fs::remove_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        done => absent_is_fine(done),
    }
}

/// A file that was used, where it lies now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Used {
    path: PathBuf,
    /// Bytes that were read.
    size: u64,
}

impl Used {
    /// Whether somebody has written on in it since. Who had it open keeps writing wherever it was moved to.
    pub fn has_grown(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|meta| meta.len() > self.size)
    }

    /// Its name in `used/`.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Moves `name`, if its bytes still have this SHA-256, to `used/`, else the oldest of what fits `pattern` with the same bytes: it
/// was known under the name that it had before. Then, unless each counts (`in_order`), what fits and was written before it.
/// `None`: there is no such file any more.
pub fn file_away(folder: &Path, (name, hash): (&str, &str), pattern: &str, in_order: bool) -> io::Result<Option<Used>> {
    let all = files(folder)?;
    let fits = |file: &&Seen| file.name != DEFINITION && fits_pattern(pattern, &file.name);
    let named = all.iter().filter(|file| file.name == name);
    let mut used = None;
    for file in named.chain(all.iter().filter(fits).filter(|file| file.name != name)) {
        if audience::hash_of(&folder.join(&file.name))? == hash {
            used = Some(file);
            break;
        }
    }
    let Some(used) = used else { return Ok(None) };
    let moved = Used { path: move_away(folder, &used.name)?, size: used.size };
    if in_order {
        return Ok(Some(moved));
    }
    for file in all.iter().filter(fits).filter(|file| file.name != used.name && file.written <= used.written) {
        move_away(folder, &file.name)?;
    }
    Ok(Some(moved))
}

/// Nothing that was used is written over: a name that is taken gets a number.
fn move_away(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let used = folder.join(USED);
    fs::create_dir_all(&used)?;
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut target = used.join(name);
    let mut n = 2;
    while fs::symlink_metadata(&target).is_ok() {
        target = used.join(format!("{stem} ({n}).{extension}"));
        n += 1;
    }
    fs::rename(folder.join(name), &target)?;
    Ok(target)
}

/// The folders that can be campaigns, by name; links are not followed.
pub fn campaigns(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_campaign_name(&name) && entry.file_type()?.is_dir() {
            all.push((name, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

/// What lies among the campaigns' folders and looks like one but is none, each with why; hidden names are nobody's.
pub fn strangers(dir: &Path) -> io::Result<Vec<Problem>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let (kind, path) = (entry.file_type()?, entry.path());
        let is_linked_folder = kind.is_symlink() && fs::metadata(&path).is_ok_and(|meta| meta.is_dir());
        let definition = || fs::symlink_metadata(path.join(DEFINITION));
        let code = if is_linked_folder {
            "folder_link"
        } else if kind.is_dir() && !is_campaign_name(&name) {
            "folder_name"
        } else if kind.is_dir() && definition().is_ok_and(|meta| !meta.is_file()) {
            "folder_definition"
        } else {
            continue;
        };
        all.insert(name.clone(), Problem::new(code, &[("folder", &name)]));
    }
    Ok(all.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_component() {
        for bad in ["", ".", "..", "a/b", "../x.csv", ".hidden.csv", "a\\b", "/etc/passwd"] {
            assert!(!is_file_name(bad), "{bad}");
        }
        assert!(is_file_name("Turnos del martes.csv"));
        for bad in ["", "A", "a b", "..", "a/b", "ñ"] {
            assert!(!is_campaign_name(bad), "{bad}");
        }
        assert!(is_campaign_name("recordatorios_turnos-2"));
    }

    #[test]
    fn a_link_is_not_a_plain_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("real"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
        assert!(open_plain(&dir.path().join("real")).is_ok());
        assert!(open_plain(&dir.path().join("link")).is_err());
        assert_eq!(files(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn used_files_are_filed_away_and_what_was_written_since_stays() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str, at: u64| {
            let file = File::create(dir.path().join(name)).unwrap();
            (&file).write_all(text.as_bytes()).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at)).unwrap();
        };
        write("t1.csv", "a", 1);
        write("t2.csv", "b", 2);
        write("t3.csv", "c", 3);
        let seen = files(dir.path()).unwrap();
        assert_eq!(audience(&seen, "t*.csv", false).unwrap().name, "t3.csv");
        assert_eq!(audience(&seen, "t*.csv", true).unwrap().name, "t1.csv");
        let hash = audience::hash_of(&dir.path().join("t2.csv")).unwrap();
        file_away(dir.path(), ("t2.csv", "another"), "t*.csv", false).unwrap();
        assert_eq!(files(dir.path()).unwrap().len(), 3, "it is not the file that was used");
        file_away(dir.path(), ("t2.csv", &hash), "t*.csv", false).unwrap();
        let left: Vec<String> = files(dir.path()).unwrap().into_iter().map(|f| f.name).collect();
        assert_eq!(left, ["t3.csv"]);
        write("t2.csv", "b", 4);
        file_away(dir.path(), ("t2.csv", &hash), "t*.csv", true).unwrap();
        let mut used: Vec<String> = files(&dir.path().join("used")).unwrap().into_iter().map(|f| f.name).collect();
        used.sort();
        assert_eq!(used, ["t1.csv", "t2 (2).csv", "t2.csv"]);
    }

    #[test]
    fn a_used_file_that_came_again_under_another_name_is_filed_away_by_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("t4.csv", "b"), ("t5.csv", "a"), ("notes.txt", "a")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let hash = audience::hash_of(&dir.path().join("t5.csv")).unwrap();
        let used = file_away(dir.path(), ("t3.csv", &hash), "t*.csv", true).unwrap().unwrap();
        assert_eq!(used.name(), "t5.csv");
        let left = files(dir.path()).unwrap();
        assert!(left.len() == 2 && left.iter().all(|file| file.name != "t5.csv"), "{left:?}");
    }

    #[test]
    fn a_used_file_that_is_written_on_is_known_to_have_grown() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = File::create(dir.path().join("t1.csv")).unwrap();
        writer.write_all(b"a\n").unwrap();
        let hash = audience::hash_of(&dir.path().join("t1.csv")).unwrap();
        let used = file_away(dir.path(), ("t1.csv", &hash), "t*.csv", true).unwrap().unwrap();
        assert!(!used.has_grown());
        writer.write_all(b"b\n").unwrap();
        assert!(used.has_grown());
        assert_eq!(used.name(), "t1.csv");
    }
}
