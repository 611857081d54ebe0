//! A body that is JSON but for its text: Meta cuts long texts between the two halves of an emoji, and escapes each half.

/// The body as text in which every half of a pair that stands alone (`\ud83d`) is the replacement character, and so
/// is every byte that is not UTF-8. Anything else is as it was.
pub(super) fn text(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(body.len());
    let mut rest = body.as_ref();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (half(rest), rest.get(6..).and_then(half)) {
            (Some(Half::First), Some(Half::Second)) => 12,
            (Some(_), _) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // An escape of two characters, so that `\\ud83d` (a backslash, then text) is not taken for a half.
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

enum Half {
    First,
    Second,
}

/// The half that `text` begins with, as `\ud83d`.
fn half(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::First),
        0xDC00..=0xDFFF => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn only_halves_that_stand_alone_are_replaced() {
        for (given, mended) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\u00e1\n""#, r#""\u00e1\n""#),
            ("\\", "\\"),
        ] {
            assert_eq!(text(given.as_bytes()), mended);
        }
    }
}
