//! Taking a text with `{{ … }}` apart, with an eye on quotes.

/// A part of an expression's source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// What is between the braces.
    Code(&'a str),
}

/// Why a source cannot be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Malformed {
    /// `{{` without `}}`.
    Open,
    /// `}}` without `{{`.
    Close,
    /// A statement or a comment.
    Statement,
}

impl Malformed {
    /// What the problem shows, in signs that need no language.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "{{ … ?",
            Self::Close => "? … }}",
            Self::Statement => "{% %}, {# #}",
        }
    }
}

/// The pieces in order.
pub(super) fn split(source: &str) -> Result<Vec<Piece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut rest = source;
    loop {
        let open = rest.find("{{");
        let text = &rest[..open.unwrap_or(rest.len())];
        if text.contains("{%") || text.contains("{#") {
            return Err(Malformed::Statement);
        }
        if text.contains("}}") {
            return Err(Malformed::Close);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        let Some(open) = open else { return Ok(pieces) };
        let inside = &rest[open + 2..];
        let close = end(inside).ok_or(Malformed::Open)?;
        let code = &inside[..close];
        // `{{-` and `-}}` ask Jinja to drop blanks around; there are none to drop here.
        let code = code.strip_prefix('-').unwrap_or(code);
        pieces.push(Piece::Code(code.strip_suffix('-').unwrap_or(code).trim()));
        rest = &inside[close + 2..];
    }
}

/// Where the `}}` is that ends the code. Braces inside quotes or of a map do not.
fn end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut found = None;
    outside_quotes(code, |at, c| {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' if code[at..].starts_with("}}") => {
                found = Some(at);
                return false;
            }
            _ => {}
        }
        true
    });
    found
}

/// The names behind each `|`.
pub(super) fn filters(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    outside_quotes(code, |at, c| {
        if c == '|' {
            let rest = code[at + 1..].trim_start();
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            names.push(&rest[..length]);
        }
        true
    });
    names
}

/// Calls `see` with each character that is not inside quotes, until it says no.
fn outside_quotes(code: &str, mut see: impl FnMut(usize, char) -> bool) {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {
                if !see(at, c) {
                    return;
                }
            }
        }
    }
}
