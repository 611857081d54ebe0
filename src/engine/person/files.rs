//! Taking a person's lines out of audiences. A line is emptied, not removed: rows keep their numbers, and a run that is
//! being planned goes on where it was.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{home, is_of};
use crate::domain::phone::Phone;
use crate::engine::{Engine, EngineError, aside};
use crate::intake::audience::Audience;
use crate::intake::phone_number::Home;
use crate::store::{audience as shared, version};

/// Larger files of a folder are not looked into for a name: they are no audiences.
const LARGEST: u64 = 512 * 1024 * 1024;

impl Engine {
    /// Empties the lines of `phones` in every audience that is kept. How many lines, and the files that still name them.
    pub(super) async fn erase_from_files(&self, phones: &[Phone]) -> Result<(u64, Vec<String>), EngineError> {
        let mut of: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (hash, definition) in version::audiences(&self.store).await? {
            of.entry(hash).or_insert(Some(definition));
        }
        let (mut rows, mut left) = (0, Vec::new());
        for (hash, definition) in of {
            let path = self.audience(&hash).await?;
            let (phones, home) = (phones.to_vec(), definition.as_deref().and_then(home));
            let done = aside(move || empty_lines(&path, &phones, home.as_ref())).await?;
            match done.map_err(|cause| EngineError::File { place: "the audiences", cause })? {
                Emptied::Lines(0) => {}
                Emptied::Lines(n) => {
                    rows += n;
                    self.share_again(&hash).await?;
                }
                Emptied::Unreadable => left.push(format!("audiences/{hash}")),
            }
        }
        let (dir, sought) = (self.config.campaigns_dir.clone(), phones.to_vec());
        left.extend(aside(move || naming(&dir, &sought)).await?);
        Ok((rows, left))
    }

    /// The other nodes' copy of an audience is the new one too.
    async fn share_again(&self, hash: &str) -> Result<(), EngineError> {
        if !self.store.is_of_one_node() {
            shared::forget(&self.store, hash).await?;
            self.share_audience(hash).await?;
        }
        Ok(())
    }
}

/// What became of a file.
enum Emptied {
    /// So many lines were emptied.
    Lines(u64),
    /// It is in a form that is not rewritten.
    Unreadable,
}

/// Empties the lines of a file of which a cell is one of `phones`. The new file takes the place of the old one whole.
fn empty_lines(path: &Path, phones: &[Phone], home: Option<&Home>) -> io::Result<Emptied> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Emptied::Lines(0)),
        Err(cause) => return Err(cause),
    };
    let Ok(audience) = Audience::open(path) else { return Ok(Emptied::Unreadable) };
    if bytes.starts_with(b"PK") || bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Ok(Emptied::Unreadable);
    }
    let delimiter = audience.facts.delimiter.byte();
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let (mut out, mut done, mut n) = (Vec::with_capacity(bytes.len()), 0, 0);
    let mut record = csv::ByteRecord::new();
    loop {
        let from = reader.position().byte() as usize;
        if !reader.read_byte_record(&mut record).map_err(io::Error::other)? {
            break;
        }
        let to = reader.position().byte() as usize;
        let theirs = record.iter().any(|cell| is_of(phones, &String::from_utf8_lossy(cell), home));
        if theirs {
            out.extend_from_slice(&bytes[done..from]);
            out.extend(std::iter::repeat_n(delimiter, record.len().saturating_sub(1)));
            out.extend_from_slice(b"\n");
            done = to;
            n += 1;
        }
    }
    if n > 0 {
        out.extend_from_slice(&bytes[done..]);
        let fresh = path.with_extension("erasing");
        fs::write(&fresh, &out)?;
        fs::rename(&fresh, path)?;
    }
    Ok(Emptied::Lines(n))
}

/// Files of the campaigns' folders that hold one of the numbers: they are their owners' to change.
fn naming(dir: &Path, phones: &[Phone]) -> Vec<String> {
    let folders = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let files =
        folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten()).map(|entry| entry.path());
    let named = |path: &PathBuf| {
        let is_small = fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
        let bytes = if is_small { fs::read(path).unwrap_or_default() } else { Vec::new() };
        let digits: Vec<u8> =
            bytes.into_iter().filter(|b| b.is_ascii_digit() || matches!(b, b',' | b';' | b'\n')).collect();
        // The last eight digits, however the number is written before them.
        phones.iter().any(|phone| {
            let end = &phone.digits()[phone.digits().len().saturating_sub(8)..];
            digits.windows(end.len()).any(|window| window == end.as_bytes())
        })
    };
    let shown = |path: PathBuf| path.strip_prefix(dir).unwrap_or(&path).display().to_string();
    let mut left: Vec<String> = files.filter(named).map(shown).collect();
    left.sort();
    left
}
