//! The package (ZIP) that a workbook is. Read by hand rather than by a crate for one reason: what a hostile file can
//! make of it is bounded here: the number of parts, the bytes a part unpacks to, and how much more that is than it takes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use flate2::CrcReader;
use flate2::read::DeflateDecoder;

use super::super::refused::Refused;

/// Parts of a package; a workbook of a hundred sheets has some three hundred.
const MOST_PARTS: u64 = 10_000;
/// Bytes of the directory that lists them.
const LARGEST_DIRECTORY: u64 = 4 * 1024 * 1024;
/// Bytes that a part may unpack to: four times a full sheet of ten columns.
const LARGEST_PART: u64 = 4 * 1024 * 1024 * 1024;
/// From so many bytes on, a part that unpacks to more than [`MOST_TIMES`] its size is no sheet: those have 10 to 40.
const SUSPICIOUS: u64 = 64 * 1024 * 1024;
const MOST_TIMES: u64 = 400;

const DAMAGED: Refused = Refused::Damaged("its directory cannot be read; perhaps it is not whole");

/// A package and where its parts lie.
#[derive(Debug)]
pub(super) struct Package {
    file: Arc<File>,
    parts: BTreeMap<String, Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    header_at: u64,
    packed: u64,
    crc: u32,
    is_deflated: bool,
}

/// Bytes of a file from a place on, whoever else reads it.
struct Slice {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Slice {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut into[..most], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// A part as it unpacks.
pub(super) struct PartReader {
    bytes: CrcReader<Unpack>,
    part: Part,
    unpacked: u64,
}

enum Unpack {
    Stored(Slice),
    Deflated(Box<DeflateDecoder<Slice>>),
}

impl Read for Unpack {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(slice) => slice.read(into),
            Self::Deflated(decoder) => decoder.read(into),
        }
    }
}

impl Read for PartReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.unpacked += read as u64;
        if read == 0 && !into.is_empty() && self.bytes.crc().sum() != self.part.crc {
            return Err(Refused::Damaged("a part does not have the sum it should have").into());
        }
        let bomb = self.unpacked > SUSPICIOUS && self.unpacked / MOST_TIMES > self.part.packed;
        if self.unpacked > LARGEST_PART || bomb {
            return Err(Refused::TooLarge("a sheet").into());
        }
        Ok(read)
    }
}

impl Package {
    /// Reads the directory.
    pub(super) fn open(file: File) -> Result<Self, Refused> {
        let file = Arc::new(file);
        let length = file.metadata()?.len();
        let (at, size, count) = directory(&file, length)?;
        if count > MOST_PARTS || size > LARGEST_DIRECTORY {
            return Err(Refused::TooLarge("its list of parts"));
        }
        let bytes = bytes_at(&file, at, size as usize)?;
        let mut parts = BTreeMap::new();
        let mut rest = bytes.as_slice();
        for _ in 0..count {
            let (name, part, length) = entry(rest)?;
            parts.insert(name, part);
            rest = &rest[length..];
        }
        Ok(Self { file, parts })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(name)
    }

    /// A part as it unpacks; `None` when there is none of that name.
    pub(super) fn part(&self, name: &str) -> Result<Option<PartReader>, Refused> {
        let Some(part) = self.parts.get(name).copied() else { return Ok(None) };
        let header = bytes_at(&self.file, part.header_at, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(DAMAGED);
        }
        let skip = 30 + u64::from(u16_at(&header, 26)?) + u64::from(u16_at(&header, 28)?);
        let at = part.header_at.checked_add(skip).ok_or(DAMAGED)?;
        let slice = Slice { file: Arc::clone(&self.file), at, left: part.packed };
        let unpack = if part.is_deflated {
            Unpack::Deflated(Box::new(DeflateDecoder::new(slice)))
        } else {
            Unpack::Stored(slice)
        };
        Ok(Some(PartReader { bytes: CrcReader::new(unpack), part, unpacked: 0 }))
    }
}

/// Where the directory lies, its bytes, and how many parts it lists.
fn directory(file: &File, length: u64) -> Result<(u64, u64, u64), Refused> {
    // The record at the end has 22 bytes and a comment of at most 65,535.
    let tail_at = length.saturating_sub(22 + 65_535);
    let tail = bytes_at(file, tail_at, (length - tail_at) as usize)?;
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or(DAMAGED)?;
    let record = &tail[end..];
    let count = u64::from(u16_at(record, 10)?);
    let (size, at) = (u64::from(u32_at(record, 12)?), u64::from(u32_at(record, 16)?));
    if count != 0xFFFF && size != 0xFFFF_FFFF && at != 0xFFFF_FFFF {
        return Ok((at, size, count));
    }
    // ZIP64: a locator just before tells where the longer record is.
    let locator = tail.get(end.checked_sub(20).ok_or(DAMAGED)?..end).ok_or(DAMAGED)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok((at, size, count));
    }
    let record = bytes_at(file, u64_at(locator, 8)?, 56)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(DAMAGED);
    }
    Ok((u64_at(&record, 48)?, u64_at(&record, 40)?, u64_at(&record, 32)?))
}

/// One entry of the directory and its length.
fn entry(bytes: &[u8]) -> Result<(String, Part, usize), Refused> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return Err(DAMAGED);
    }
    let (flags, method) = (u16_at(bytes, 8)?, u16_at(bytes, 10)?);
    let lengths = [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let [name, extra, comment] = lengths;
    let length = 46 + name + extra + comment;
    let name_bytes = bytes.get(46..46 + name).ok_or(DAMAGED)?;
    let extra = bytes.get(46 + name..46 + name + extra).ok_or(DAMAGED)?;
    if bytes.len() < length {
        return Err(DAMAGED);
    }
    if flags & 1 == 1 {
        return Err(Refused::Password);
    }
    let long = |value: u32| value == u32::MAX;
    let (packed, unpacked, at) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?);
    let mut wide = zip64(extra).unwrap_or_default();
    // The longer values stand in this order, each only where the short one is full.
    let mut next = |short: u32| -> Result<u64, Refused> {
        if !long(short) {
            return Ok(u64::from(short));
        }
        let value = u64_at(wide, 0)?;
        wide = &wide[8..];
        Ok(value)
    };
    let _unpacked = next(unpacked)?;
    let packed = next(packed)?;
    let header_at = next(at)?;
    let is_deflated = match method {
        0 => false,
        8 => true,
        _ => return Err(Refused::Damaged("a part is packed in a way that is not read")),
    };
    let name = String::from_utf8_lossy(name_bytes).replace('\\', "/");
    Ok((name, Part { header_at, packed, crc: u32_at(bytes, 16)?, is_deflated }, length))
}

/// The field of longer values among an entry's extra fields.
fn zip64(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0).ok()?, usize::from(u16_at(extra, 2).ok()?));
        let field = extra.get(4..4 + length)?;
        if id == 1 {
            return Some(field);
        }
        extra = &extra[4 + length..];
    }
    None
}

fn bytes_at(file: &File, at: u64, length: usize) -> Result<Vec<u8>, Refused> {
    let end = at.checked_add(length as u64).ok_or(DAMAGED)?;
    if end > file.metadata()?.len() {
        return Err(DAMAGED);
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Refused> {
    bytes.get(at..at + N).and_then(|b| b.try_into().ok()).ok_or(DAMAGED)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Refused> {
    Ok(u16::from_le_bytes(array(bytes, at)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Refused> {
    Ok(u32::from_le_bytes(array(bytes, at)?))
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Refused> {
    Ok(u64::from_le_bytes(array(bytes, at)?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::DeflateEncoder;
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    /// What unpacks to `chunks` MB of blanks.
    fn bomb(chunks: usize) -> Vec<u8> {
        let blanks = vec![b' '; 1024 * 1024];
        let mut chunk = Vec::with_capacity(64 * 1024);
        Compress::new(Compression::best(), false).compress_vec(&blanks, &mut chunk, FlushCompress::Full).unwrap();
        let mut packed: Vec<u8> = chunk.repeat(chunks);
        let mut end = DeflateEncoder::new(Vec::new(), Compression::fast());
        end.write_all(b" ").unwrap();
        packed.extend(end.finish().unwrap());
        packed
    }

    #[test]
    fn a_sheet_that_unpacks_to_far_more_than_it_takes_is_refused() {
        let packed = bomb(80);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&packed).unwrap();
        let part = Part { header_at: 0, packed: packed.len() as u64, crc: 0, is_deflated: true };
        let slice = Slice { file: Arc::new(file), at: 0, left: part.packed };
        let bytes = CrcReader::new(Unpack::Deflated(Box::new(DeflateDecoder::new(slice))));
        let mut reader = PartReader { bytes, part, unpacked: 0 };
        let mut chunk = vec![0; 64 * 1024];
        let refused = loop {
            match reader.read(&mut chunk) {
                Ok(0) => panic!("it was read to its end"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        let reason = super::super::super::refused::reason(&refused);
        assert!(matches!(reason, Refused::TooLarge("a sheet")), "{reason}");
        assert!(reader.unpacked < SUSPICIOUS + 1024 * 1024, "{}", reader.unpacked);
    }
}
