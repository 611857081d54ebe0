//! What the bytes of a file tell: another format, the encoding, signs of damage.

use std::io::Read;
use std::path::Path;

use super::{Encoding, Refused};

/// Of the whole file.
pub(super) struct ByteSurvey {
    pub(super) encoding: Encoding,
    /// Starts with UTF-8's byte order mark.
    pub(super) bom: bool,
    /// `�` found: characters lost before the file came here.
    pub(super) lost: u64,
}

pub(super) const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";
const CHUNK: usize = 64 * 1024;

/// Refuses by name what is not delimited text.
pub(super) fn refuse_other_formats(path: &Path, beginning: &[u8]) -> Result<(), Refused> {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let by_name = match extension.as_deref() {
        Some("xlsx" | "xlsm") => Some("Excel (.xlsx)"),
        Some("xls") => Some("Excel (.xls)"),
        Some("ods") => Some("OpenDocument (.ods)"),
        _ => None,
    };
    let by_content = match beginning {
        [0x50, 0x4B, 0x03, 0x04, ..] => Some("Excel (.xlsx) or OpenDocument (.ods)"),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Some("Excel (.xls)"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        // UTF-16 without its mark: every second byte of Western text is 0.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some("UTF-16"),
        _ => None,
    };
    by_name.or(by_content).map_or(Ok(()), |format| Err(Refused::Format(format)))
}

/// Reads the file once. A file is UTF-8 when all of it is, when more characters than not are, or when as many lines are
/// UTF-8 throughout as are not: hardly any text in Windows-1252 is UTF-8 by chance. The rows with the others cannot be
/// read then. Everything else with bytes above 127 is Windows-1252, which any bytes are.
pub(super) fn survey(file: &mut impl Read) -> Result<ByteSurvey, Refused> {
    let mut scan = Scan { line: 1, ..Scan::default() };
    let mut chunk = vec![0; CHUNK];
    let mut bytes: Vec<u8> = Vec::with_capacity(CHUNK + 4);
    let mut bom = None;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        if chunk[..read].contains(&0) {
            return Err(Refused::Nul);
        }
        bytes.extend_from_slice(&chunk[..read]);
        bom.get_or_insert(bytes.starts_with(UTF8_BOM));
        let left = scan.read(&bytes);
        bytes.drain(..bytes.len() - left);
    }
    if !bytes.is_empty() {
        scan.break_off();
    }
    scan.end_line();
    let bom = bom.unwrap_or(false);
    let is_utf8 = bom || scan.broken == 0 || scan.whole > scan.broken || scan.good_lines >= scan.bad_lines;
    let encoding = if is_utf8 { Encoding::Utf8 } else { Encoding::Windows1252 };
    match scan.mojibake {
        Some(line) if encoding == Encoding::Utf8 => Err(Refused::Mojibake { line }),
        _ => Ok(ByteSurvey { encoding, bom, lost: scan.lost }),
    }
}

#[derive(Default)]
struct Scan {
    /// Line in hand, from 1.
    line: u64,
    /// Characters of several bytes.
    whole: u64,
    /// Places that are no UTF-8.
    broken: u64,
    lost: u64,
    mojibake: Option<u64>,
    /// Lines with characters of several bytes and nothing that is no UTF-8.
    good_lines: u64,
    /// Lines with something that is no UTF-8.
    bad_lines: u64,
    /// Of the line in hand: characters of several bytes, and places that are no UTF-8.
    in_line: (bool, bool),
}

impl Scan {
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
                    self.whole += 1;
                    self.in_line.0 = true;
                    if self.mojibake.is_none() && is_mojibake(&bytes[i..]) {
                        self.mojibake = Some(self.line);
                    }
                    self.lost += u64::from(bytes[i..].starts_with("\u{FFFD}".as_bytes()));
                }
                _ => {}
            }
        }
    }
}

/// `Ã§` for `ç`, `Ã‰` for `É`: UTF-8 read as Windows-1252 and written as UTF-8 again. Portuguese has `Ã` too, but
/// before a letter or a space, never before one of these.
fn is_mojibake(bytes: &[u8]) -> bool {
    match bytes {
        [0xC3, 0x83, 0xC2, last, ..] => *last != 0xA0,
        [0xC3, 0x83, 0xE2, 0x80 | 0x82 | 0x84, ..] | [0xC3, 0x83, 0xC5 | 0xC6 | 0xCB, ..] => true,
        _ => false,
    }
}
