//! What kind of file it is, by its first bytes.

use super::Encoding;
use super::refused::{Other, Refused};

/// What can be read.
pub(super) enum Format {
    /// Delimited text; the encoding where the first bytes tell that it is UTF-16.
    Text(Option<Encoding>),
    /// A package of parts: XLSX or ODS.
    Package,
}

/// Looks at the beginning of a file; what is not read is refused by name.
pub(super) fn sniff(beginning: &[u8]) -> Result<Format, Refused> {
    match beginning {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Ok(Format::Package),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => return Err(compound(beginning)),
        [0x1F, 0x8B, ..] | [b'R', b'a', b'r', b'!', ..] | [b'7', b'z', 0xBC, 0xAF, ..] => {
            return Err(Refused::Format(Other::Packed));
        }
        [b'%', b'P', b'D', b'F', ..] => return Err(Refused::Format(Other::Pdf)),
        // Excel 2 to 4: a stream without the container of later versions.
        [0x09, 0x00 | 0x02 | 0x04, 0x06 | 0x04, 0x00, ..] => return Err(Refused::Format(Other::OldExcel)),
        _ => {}
    }
    let utf16 = utf16(beginning);
    if utf16.is_none() {
        refuse_markup(beginning)?;
    }
    Ok(Format::Text(utf16))
}

/// The container of old Office files, which also holds workbooks with a password.
fn compound(beginning: &[u8]) -> Refused {
    // Names in it are UTF-16.
    let names = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        beginning.windows(wide.len()).any(|w| w == wide)
    };
    if names("EncryptedPackage") { Refused::Password } else { Refused::Format(Other::OldExcel) }
}

/// Web pages and XML that were given a spreadsheet's name, as many systems export them.
fn refuse_markup(beginning: &[u8]) -> Result<(), Refused> {
    let start = beginning.strip_prefix(super::bytes::UTF8_BOM).unwrap_or(beginning);
    let text = String::from_utf8_lossy(&start[..start.len().min(2048)]).to_lowercase();
    let text = text.trim_start();
    if ["<!doctype html", "<html", "<table", "<meta", "<head", "<style"].iter().any(|tag| text.starts_with(tag)) {
        return Err(Refused::Format(Other::WebPage));
    }
    if text.starts_with("<?xml") || text.starts_with("<workbook") {
        let is_page = text.contains("<html");
        let format = if is_page { Other::WebPage } else { Other::Xml };
        return Err(Refused::Format(format));
    }
    if text.starts_with("{\\rtf") {
        return Err(Refused::Format(Other::Document));
    }
    if is_json(text) {
        return Err(Refused::Format(Other::Json));
    }
    if is_sylk(text) {
        return Err(Refused::Format(Other::Sylk));
    }
    Ok(())
}

/// Objects of names and values, perhaps in a list: no row of a table begins so.
fn is_json(text: &str) -> bool {
    let inner = text.strip_prefix('[').unwrap_or(text).trim_start();
    let named = inner.strip_prefix('{').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
    named.and_then(|rest| rest.split_once('"')).is_some_and(|(_, rest)| rest.trim_start().starts_with(':'))
}

/// A spreadsheet's old exchange format. A table whose first column is called `ID` begins nearly so too, which is why the
/// cells of the format are looked for.
fn is_sylk(text: &str) -> bool {
    let has_cell = || text.lines().skip(1).any(|line| line.starts_with("c;y") || line.starts_with("c;x"));
    text.starts_with("id;p") && has_cell()
}

/// UTF-16, by its mark, or because nearly every second byte is 0 as in any Western text.
fn utf16(beginning: &[u8]) -> Option<Encoding> {
    match beginning {
        [0xFF, 0xFE, ..] => return Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let pairs = beginning.len() / 2;
    let zeros = |at: usize| beginning.iter().skip(at).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if pairs >= 2 && odd * 4 >= pairs * 3 && even * 20 <= pairs {
        Some(Encoding::Utf16Le)
    } else if pairs >= 2 && even * 4 >= pairs * 3 && odd * 20 <= pairs {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}
