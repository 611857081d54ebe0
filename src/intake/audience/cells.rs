//! Cells that spreadsheets and other systems damaged: repaired only where it is certain what stood there.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use serde::Serialize;

/// What was wrong with a cell that was repaired.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Characters that are not seen, and blanks that are none: hard spaces, zero-width spaces, control characters.
    OddSpaces,
    /// `'1155550101`: the apostrophe by which Excel keeps a text.
    Apostrophe,
    /// `="0123"`: the formula by which a number keeps its zeros.
    FormulaText,
    /// `FranÃ§ois`: UTF-8 read as Windows-1252 and written as UTF-8 again.
    Mojibake,
    /// `5.491155550101E+12`, of which no digit is missing.
    Exponent,
    /// `46351.604`: a date as the number of its day.
    SerialDate,
}

/// A cell as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cleaned<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// What was repaired.
    pub repairs: Vec<Repair>,
    /// Accents are damaged, and it is not certain what stood there.
    pub is_damaged: bool,
}

/// Repairs a cell.
pub fn clean(cell: &str) -> Cleaned<'_> {
    let mut cleaned = Cleaned { text: Cow::Borrowed(cell), repairs: Vec::new(), is_damaged: false };
    if is_plain(cell) {
        return cleaned;
    }
    if looks_decoded_twice(cell) {
        match decoded_once(cell) {
            Some(text) => cleaned.take(Cow::Owned(text), Repair::Mojibake),
            None => cleaned.is_damaged = true,
        }
    }
    if let Some(text) = seen(&cleaned.text) {
        cleaned.take(Cow::Owned(text), Repair::OddSpaces);
    }
    if let Some(text) = formula_text(&cleaned.text).map(str::to_owned) {
        cleaned.take(Cow::Owned(text), Repair::FormulaText);
    }
    if let Some(text) = without_apostrophe(&cleaned.text).map(str::to_owned) {
        cleaned.take(Cow::Owned(text), Repair::Apostrophe);
    }
    cleaned
}

impl<'a> Cleaned<'a> {
    fn take(&mut self, text: Cow<'a, str>, repair: Repair) {
        self.text = text;
        self.repairs.push(repair);
    }
}

/// Nothing in it can be damage: the usual case, told in one pass.
fn is_plain(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    !matches!(bytes.first(), Some(b'\'' | b'=')) && bytes.iter().all(|b| matches!(b, 0x20..=0x7E | b'\n'))
}

/// The text without what is not seen, every blank a plain one; `None` when nothing changes. Line ends and tabs stay: they
/// are flattened, and counted, where the value is used. What joins letters and emoji stays too.
fn seen(cell: &str) -> Option<String> {
    let is_odd = |c: char| {
        is_invisible(c) || is_odd_blank(c) || is_odd_break(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    };
    if !cell.contains(is_odd) {
        return None;
    }
    let plain = |c: char| match c {
        c if is_odd_blank(c) => ' ',
        c if is_odd_break(c) => '\n',
        c => c,
    };
    let kept = cell.chars().map(plain);
    let kept = kept.filter(|c| !is_invisible(*c) && (!c.is_control() || matches!(c, '\n' | '\r' | '\t')));
    let text: String = kept.collect();
    Some(text.trim().to_owned())
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Line ends of other systems: between two words, like any other.
fn is_odd_break(c: char) -> bool {
    matches!(c, '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_odd_blank(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// `="0123"`
fn formula_text(cell: &str) -> Option<&str> {
    let inner = cell.strip_prefix("=\"")?.strip_suffix('"')?;
    (!inner.contains('"')).then_some(inner)
}

/// An apostrophe before what Excel would take for a number, a date or a formula. Names have one too: `'t Hooft`.
fn without_apostrophe(cell: &str) -> Option<&str> {
    let rest = cell.strip_prefix('\'')?;
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '=' | '(' | '@'));
    (is_number && !rest.contains('\'')).then_some(rest)
}

/// `Ã§` for `ç`, `Ã‰` for `É`. Portuguese has `Ã` too, but before a letter or a blank, never before one of these.
fn looks_decoded_twice(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    if !bytes.contains(&0xC3) && !bytes.contains(&0xC2) && !bytes.contains(&0xE2) {
        return false;
    }
    let chars: Vec<char> = cell.chars().collect();
    chars.windows(2).any(|pair| match pair {
        ['Ã', second] => *second != '\u{A0}' && is_continuation(*second),
        ['Â', second] => matches!(second, '¿' | '¡' | 'º' | 'ª' | '°' | '´' | '«' | '»' | '\u{A0}'),
        ['â', '€'] => true,
        _ => false,
    })
}

/// What a byte from 80 to BF is in Windows-1252.
fn is_continuation(c: char) -> bool {
    ('\u{80}'..='\u{BF}').contains(&c) || "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ".contains(c)
}

/// The text that gives this one when its UTF-8 is read as Windows-1252: certain when all of it goes back.
fn decoded_once(cell: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(cell.len());
    for c in cell.chars() {
        // Half of the readers leave these bytes as they are, the others write the signs that Windows has in their place.
        if ('\u{80}'..='\u{9F}').contains(&c) {
            bytes.push(c as u8);
            continue;
        }
        let mut text = [0; 4];
        // The codec writes what it cannot as `&#…;`, and tells so.
        let (one, _, has_others) = WINDOWS_1252.encode(c.encode_utf8(&mut text));
        if has_others {
            return None;
        }
        bytes.extend_from_slice(&one);
    }
    let text = String::from_utf8(bytes).ok()?;
    (!looks_decoded_twice(&text)).then(|| text.trim().to_owned())
}
