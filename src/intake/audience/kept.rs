//! Bytes that are no letters of a text's encoding, so that a row which cannot be read comes back as it stood: each stands
//! in a text as a character of a plane that nobody writes with.

use std::borrow::Cow;

/// The character of byte 0 (Supplementary Private Use Area B); only bytes from 80 on are kept so.
const FIRST: u32 = 0x0010_FF00;

/// The text of a cell in UTF-8 in which no byte is lost.
pub(super) fn keep(cell: &[u8]) -> String {
    let mut text = String::with_capacity(cell.len());
    for chunk in cell.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(FIRST + u32::from(*byte))));
    }
    text
}

fn byte(c: char) -> Option<u8> {
    u32::from(c).checked_sub(FIRST).and_then(|at| u8::try_from(at).ok()).filter(|byte| *byte >= 0x80)
}

/// The bytes of a text as they stood.
pub fn as_it_stood(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(|c| byte(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// The same where only letters can stand: `�` for each byte that is none.
pub fn in_letters(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| byte(c).is_some()) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if byte(c).is_some() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_cell_is_lost() {
        for cell in [&b"Luc\xEDa"[..], b"\xDA", "Lucía →".as_bytes(), b"", b"\xF0\x9F x \xC3"] {
            let kept = keep(cell);
            assert_eq!(as_it_stood(&kept), cell);
            assert_eq!(in_letters(&kept).chars().any(|c| c == '\u{FFFD}'), std::str::from_utf8(cell).is_err());
        }
    }
}
