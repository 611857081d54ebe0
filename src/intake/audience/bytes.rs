//! What the bytes of a text tell: the encoding.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::Encoding;
use super::decode::Text;
use super::facts::EncodingEvidence;
use super::letters::Letters;
use super::refused::Refused;

/// Of the whole file.
pub(super) struct ByteSurvey {
    pub(super) encoding: Encoding,
    pub(super) evidence: EncodingEvidence,
}

pub(super) const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";
const CHUNK: usize = 64 * 1024;

/// Reads the file once. `utf16` is what its first bytes told, `named` what the campaign file says.
///
/// A file is UTF-8 when all of it is, when more characters than not are, or when as many lines are UTF-8 throughout as
/// are not: hardly any text in Windows-1252 is UTF-8 by chance. The rows with the others cannot be read then. Everything
/// else with bytes above 127 is Windows-1252, Mac Roman or DOS, which any bytes are; its letters tell which.
pub(super) fn survey(file: &mut File, utf16: Option<Encoding>, named: Option<Encoding>) -> Result<ByteSurvey, Refused> {
    let wide = |e: &Encoding| matches!(e, Encoding::Utf16Le | Encoding::Utf16Be);
    if named.as_ref().map_or(utf16.is_some(), wide) {
        // The file's own mark says which byte is first, whatever was named.
        let encoding = utf16.or(named).unwrap_or_default();
        let mut mark = [0; 2];
        let marked = file.read(&mut mark)? == 2 && matches!(mark, [0xFF, 0xFE] | [0xFE, 0xFF]);
        file.seek(SeekFrom::Start(0))?;
        scan(&mut Text::of(file.try_clone()?, encoding))?;
        let evidence = match named {
            Some(_) => EncodingEvidence::Named,
            None if marked => EncodingEvidence::Mark,
            None => EncodingEvidence::Zeros,
        };
        return Ok(ByteSurvey { encoding, evidence });
    }
    let scan = scan(file)?;
    let (encoding, evidence) = match named {
        Some(encoding) => (encoding, EncodingEvidence::Named),
        None => scan.encoding(),
    };
    Ok(ByteSurvey { encoding, evidence })
}

fn scan(file: &mut impl Read) -> Result<Scan, Refused> {
    let mut scan = Scan { line: 1, ..Scan::default() };
    let mut chunk = vec![0; CHUNK];
    let mut bytes: Vec<u8> = Vec::with_capacity(CHUNK + 4);
    let mut is_first = true;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        let found = &chunk[..read];
        if let Some(at) = found.iter().position(|b| *b == 0) {
            let before = found[..at].split(|b| *b == b'\n').count() as u64 - 1;
            return Err(Refused::Nul { line: scan.line + before });
        }
        scan.letters.read(found);
        bytes.extend_from_slice(found);
        if is_first {
            scan.mark = bytes.starts_with(UTF8_BOM);
            is_first = false;
        }
        let left = scan.read(&bytes);
        bytes.drain(..bytes.len() - left);
    }
    if !bytes.is_empty() {
        scan.break_off();
    }
    scan.end_line();
    Ok(scan)
}

#[derive(Default)]
struct Scan {
    /// Starts with UTF-8's byte order mark.
    mark: bool,
    /// Line in hand, from 1.
    line: u64,
    /// Characters of several bytes.
    whole: u64,
    /// Places that are no UTF-8.
    broken: u64,
    /// Lines with characters of several bytes and nothing that is no UTF-8.
    good_lines: u64,
    /// Lines with something that is no UTF-8.
    bad_lines: u64,
    /// Of the line in hand: characters of several bytes, and places that are no UTF-8.
    in_line: (bool, bool),
    letters: Letters,
}

impl Scan {
    fn encoding(&self) -> (Encoding, EncodingEvidence) {
        if self.mark {
            return (Encoding::Utf8, EncodingEvidence::Mark);
        }
        if self.whole == 0 && self.broken == 0 {
            return (Encoding::Utf8, EncodingEvidence::Ascii);
        }
        if self.broken == 0 || self.whole > self.broken || self.good_lines >= self.bad_lines {
            return (Encoding::Utf8, EncodingEvidence::Valid { characters: self.whole });
        }
        self.letters.encoding()
    }

    fn end_line(&mut self) {
        let (whole, broken) = std::mem::take(&mut self.in_line);
        self.bad_lines += u64::from(broken);
        self.good_lines += u64::from(whole && !broken);
    }

    fn break_off(&mut self) {
        self.broken += 1;
        self.in_line.1 = true;
    }

    /// Returns how many bytes at the end are the beginning of a character.
    fn read(&mut self, mut bytes: &[u8]) -> usize {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.look(text);
                    return 0;
                }
                Err(e) => {
                    let (valid, rest) = bytes.split_at(e.valid_up_to());
                    self.look(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(length) = e.error_len() else { return rest.len() };
                    self.break_off();
                    bytes = &rest[length..];
                }
            }
        }
    }

    fn look(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (i, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.end_line();
                }
                0xC2.. => {
                    let is_mark = bytes[i..].starts_with(UTF8_BOM);
                    self.whole += u64::from(!is_mark);
                    self.in_line.0 |= !is_mark;
                }
                _ => {}
            }
        }
    }
}
