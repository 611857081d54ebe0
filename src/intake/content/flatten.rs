//! Values in the form that Meta takes.

use std::fmt::Write as _;

/// Meta refuses a value with a newline, a tab or more than four spaces in a row. Each such stretch becomes one space,
/// other control characters too; blanks at both ends go. The flag says whether anything inside the text changed.
pub fn flatten(text: &str) -> (String, bool) {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut blanks = String::new();
    for c in text.trim_matches(is_blank).chars() {
        if is_blank(c) {
            blanks.push(c);
            continue;
        }
        changed |= push_blanks(&mut out, &blanks);
        blanks.clear();
        out.push(c);
    }
    (out, changed)
}

fn push_blanks(out: &mut String, blanks: &str) -> bool {
    let plain = blanks.chars().all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}'));
    let keeps = plain && blanks.chars().count() <= 4;
    out.push_str(if keeps { blanks } else { " " });
    !keeps
}

/// The end of a URL with everything encoded that a URL cannot hold; what is encoded already stays.
pub fn encode_suffix(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let is_encoded = |rest: &[u8]| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        let stays = match byte {
            b'%' => is_encoded(&bytes[at + 1..]),
            // The unreserved and reserved characters of RFC 3986.
            b => b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(b),
        };
        if stays {
            out.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
