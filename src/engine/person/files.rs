//! Taking a person's lines out of audiences. A line is emptied, not removed: rows keep their numbers, and a run that is
//! being planned goes on where it was.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{home_of, is_of, workbook};
use crate::domain::phone::Phone;
use crate::engine::{Engine, EngineError, aside};
use crate::intake::audience::{Audience, Encoding, FileFormat, Line, Rules};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::phone_number::Home;
use crate::store::{audience as shared, campaign, version};

/// Larger files of a folder are not looked into for a name: they are no audiences.
const LARGEST: u64 = 512 * 1024 * 1024;

impl Engine {
    /// Empties the lines of `phones` in every audience that is kept. How many lines, and the files that still name them.
    pub(super) async fn erase_from_files(&self, phones: &[Phone]) -> Result<(u64, Vec<String>), EngineError> {
        let mut of: BTreeMap<String, Reader> = BTreeMap::new();
        for (hash, definition) in version::audiences(&self.store).await? {
            let reader = Reader::of(&definition);
            let known = of.entry(hash).or_insert_with(|| reader.clone());
            known.is_one &= known.rules.sheet == reader.rules.sheet;
        }
        let (mut rows, mut left) = (0, Vec::new());
        for (hash, reader) in of {
            let path = self.audience(&hash).await?;
            let phones = phones.to_vec();
            let done = aside(move || empty_lines(&path, &phones, &reader)).await?;
            match done.map_err(|cause| EngineError::File { place: "the audiences", cause })? {
                Emptied::Lines(0) => {}
                Emptied::Lines(n) => {
                    rows += n;
                    self.share_again(&hash).await?;
                }
                Emptied::Unreadable => left.push(format!("audiences/{hash}")),
            }
        }
        self.erase_from_results(phones).await?;
        let (dir, sought) = (self.config.campaigns_dir.clone(), phones.to_vec());
        left.extend(aside(move || naming(&dir, &sought)).await?);
        Ok((rows, left))
    }

    /// Result files that name them are made anew; of those that cannot be (of a day that has passed, of a run that is not
    /// known any more) texts lose the lines, and workbooks go.
    async fn erase_from_results(&self, phones: &[Phone]) -> Result<(), EngineError> {
        for known in campaign::list(&self.store).await? {
            let out = self.config.campaigns_dir.join(&known.name).join("out");
            let definition = version::latest(&self.store, known.id).await?.map(|version| version.definition);
            let reader = definition.as_deref().map(Reader::of).unwrap_or_default();
            let (sought, home) = (phones.to_vec(), reader.home.clone());
            let named = aside(move || results_naming(&out, &sought, home.as_ref())).await?;
            for file in named {
                let made = self.remake_result(known.id, &file).await?;
                let (sought, home) = (phones.to_vec(), reader.home.clone());
                aside(move || take_out(&file, &sought, (made, home))).await?.map_err(unwritten)?;
            }
        }
        Ok(())
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

fn unwritten(cause: io::Error) -> EngineError {
    EngineError::File { place: "the campaigns' folder", cause }
}

/// Files of Recado's own that hold one of the numbers.
fn results_naming(out: &Path, phones: &[Phone], home: Option<&Home>) -> Vec<PathBuf> {
    let files = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |path: &PathBuf| match Audience::open(path) {
        Ok(audience) => holds(&audience, phones, home).unwrap_or_default(),
        Err(_) => fs::read(path).is_ok_and(|bytes| ends_like(&bytes, phones)),
    };
    files.filter(|path| path.is_file()).filter(named).collect()
}

/// What a definition says of how its audience is read.
#[derive(Clone, Default)]
struct Reader {
    rules: Rules,
    home: Option<Home>,
    /// Every campaign of these bytes reads the same sheet of them.
    is_one: bool,
}

impl Reader {
    fn of(definition: &str) -> Self {
        let Ok(file) = CampaignFile::parse(definition, "campaign.toml") else { return Self::default() };
        Self { home: home_of(&file), rules: file.reading, is_one: true }
    }
}

/// Empties the lines of a text; anything else goes. One that was made anew (`made`) names them only where an audience does
/// that could not be changed: it loses them all the same.
fn take_out(file: &Path, phones: &[Phone], (made, home): (bool, Option<Home>)) -> io::Result<()> {
    if made && !Audience::open(file).is_ok_and(|audience| holds(&audience, phones, home.as_ref()).unwrap_or(true)) {
        return Ok(());
    }
    let is_packed = fs::read(file)?.starts_with(b"PK");
    match empty_lines(file, phones, &Reader { home, ..Reader::default() })? {
        Emptied::Lines(n) if n > 0 && !is_packed => Ok(()),
        _ => fs::remove_file(file),
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
fn empty_lines(path: &Path, phones: &[Phone], reader: &Reader) -> io::Result<Emptied> {
    let home = reader.home.as_ref();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Emptied::Lines(0)),
        Err(cause) => return Err(cause),
    };
    let unread = |named: bool| if named { Emptied::Unreadable } else { Emptied::Lines(0) };
    let opened = Audience::open_by(path, &reader.rules).or_else(|_| Audience::open(path));
    let Ok(audience) = opened else { return Ok(unread(ends_like(&bytes, phones))) };
    let fresh = path.with_extension("erasing");
    if audience.facts.format != FileFormat::Text {
        if !holds(&audience, phones, home)? {
            return Ok(Emptied::Lines(0));
        }
        if !reader.is_one {
            return Ok(Emptied::Unreadable);
        }
        let emptied = workbook::without(&audience, &fresh, phones, home)?;
        fs::rename(&fresh, path)?;
        return Ok(Emptied::Lines(emptied));
    }
    let encoding = audience.facts.encoding;
    let (out, n) = emptied(&as_utf8(bytes, encoding), audience.facts.delimiter.byte(), phones, home)?;
    if n > 0 {
        fs::write(&fresh, from_utf8(out, encoding))?;
        fs::rename(&fresh, path)?;
    }
    Ok(Emptied::Lines(n))
}

/// A text of two bytes a character in one by which lines are found.
fn as_utf8(bytes: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    let page = match encoding {
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        _ => return bytes,
    };
    page.decode_without_bom_handling(&bytes).0.into_owned().into_bytes()
}

fn from_utf8(bytes: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    let units = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).encode_utf16().collect::<Vec<u16>>();
    match encoding {
        Encoding::Utf16Le => units(bytes).into_iter().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => units(bytes).into_iter().flat_map(u16::to_be_bytes).collect(),
        _ => bytes,
    }
}

/// A text without the lines of `phones`, and how many those were.
fn emptied(bytes: &[u8], delimiter: u8, phones: &[Phone], home: Option<&Home>) -> io::Result<(Vec<u8>, u64)> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
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
    out.extend_from_slice(&bytes[done..]);
    Ok((out, n))
}

/// Whether the last eight digits of one of the numbers stand there, however it is written before them.
fn ends_like(bytes: &[u8], phones: &[Phone]) -> bool {
    let is_kept = |b: &u8| b.is_ascii_digit() || matches!(b, b',' | b';' | b'\n');
    let digits: Vec<u8> = bytes.iter().copied().filter(is_kept).collect();
    phones.iter().any(|phone| {
        let end = &phone.digits()[phone.digits().len().saturating_sub(8)..];
        digits.windows(end.len()).any(|window| window == end.as_bytes())
    })
}

/// Whether a cell of the file is one of the numbers.
fn holds(audience: &Audience, phones: &[Phone], home: Option<&Home>) -> io::Result<bool> {
    let mut lines = audience.lines()?.filter_map(|line| match line {
        Line::Cells(cells) => Some(cells),
        Line::Unreadable(..) => None,
    });
    Ok(lines.any(|cells| cells.iter().any(|cell| is_of(phones, cell, home))))
}

/// Files of the campaigns' folders that hold one of the numbers: they are their owners' to change.
fn naming(dir: &Path, phones: &[Phone]) -> Vec<String> {
    let inside = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    // Used files are filed away in a folder of their own.
    let files = inside(dir).flat_map(|folder| {
        // Local numbers are of the campaign's country.
        let definition = fs::read_to_string(folder.join("campaign.toml")).unwrap_or_default();
        let reader = Reader::of(&definition);
        let files = inside(&folder).chain(inside(&folder.join("used")));
        files.map(|file| (file, reader.clone())).collect::<Vec<_>>()
    });
    let named = |(path, reader): &(PathBuf, Reader)| {
        let is_small = fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
        if !is_small {
            return false;
        }
        let bytes = fs::read(path).unwrap_or_default();
        // What is packed shows its numbers to whoever unpacks it.
        let is_packed = [&b"PK"[..], b"\xFF\xFE", b"\xFE\xFF"].iter().any(|start| bytes.starts_with(start));
        let opened = || Audience::open_by(path, &reader.rules).or_else(|_| Audience::open(path));
        let packed = || opened().is_ok_and(|file| holds(&file, phones, reader.home.as_ref()).unwrap_or_default());
        ends_like(&bytes, phones) || (is_packed && packed())
    };
    let shown = |path: PathBuf| path.strip_prefix(dir).unwrap_or(&path).display().to_string();
    let mut left: Vec<String> = files.filter(named).map(|(path, _)| shown(path)).collect();
    left.sort();
    left
}
