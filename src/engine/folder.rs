//! A campaign's folder: names that are single components, files opened without following links, written by rename.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;

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

/// Whether `name` is what a campaign's `file` asks for: the name itself, or a pattern in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    let starts = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
    starts.into_iter().any(|from| matches(tail, &rest[from..]))
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

/// The audience among `files`: the newest that `pattern` matches.
pub fn audience<'a>(files: &'a [Seen], pattern: &str) -> Option<&'a Seen> {
    files.iter().rev().find(|file| file.name != DEFINITION && matches(pattern, &file.name))
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
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("turnos*.csv", "turnos-2026.csv", true),
            ("turnos*.csv", "turnos.csv", true),
            ("turnos.csv", "turnos.csv", true),
            ("turnos.csv", "turnos2.csv", false),
            ("*a*b", "xaab", true),
            ("*a*b", "xba", false),
            ("año*.csv", "año nuevo.csv", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

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
}
