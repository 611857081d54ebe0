//! What is compared, and what a condition takes for true by itself. Cells are texts: to Jinja each of them is more than any
//! number, and true where something stands in it, also a `no`. What would say that silently is a problem of the file.

/// Words between two operands.
const BETWEEN: [&str; 7] = ["and", "or", "not", "if", "else", "in", "is"];
/// Signs between two operands.
const COMPARED: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

/// A part of an expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token<'a> {
    /// A name, a number or a word of the language.
    Word(&'a str),
    /// A text with its quotes.
    Quoted(&'a str),
    /// Whatever else stands between blanks.
    Sign(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Quoted(text) | Self::Sign(text) => text,
        }
    }
}

/// The first operand that is compared as a text where a number is meant.
pub(super) fn text_for_number(code: &str) -> Option<String> {
    let tokens = tokens(code);
    tokens.iter().enumerate().find_map(|(at, token)| {
        let Token::Sign(sign) = token else { return None };
        if !COMPARED.contains(sign) {
            return None;
        }
        let sides = [before(&tokens, at), after(&tokens, at)];
        if sides.iter().any(|side| matches!(side, [Token::Quoted(_)])) {
            return None;
        }
        let is_equality = matches!(*sign, "==" | "!=");
        let number_is_meant = !is_equality || sides.iter().any(|side| is_number(side));
        let text = sides.into_iter().find(|side| !is_number(side) && !becomes_number(side))?;
        number_is_meant.then(|| written(text))
    })
}

/// The first name that `and`, `or` or `not` takes for true because something stands in it.
pub(super) fn bare(code: &str) -> Option<&str> {
    let tokens = tokens(code);
    tokens.iter().enumerate().find_map(|(at, token)| {
        let Token::Word(word @ ("and" | "or" | "not")) = token else { return None };
        let (left, right) = (before(&tokens, at), after(&tokens, at));
        let left = Some(left).filter(|_| *word != "not").map(|side| (side, tokens[..at - side.len()].last()));
        let right = (right, tokens.get(at + 1 + right.len()));
        left.into_iter().chain([right]).find_map(|(side, beside)| match side {
            // What is compared is asked for.
            _ if beside.is_some_and(is_comparison) => None,
            [Token::Word(name)] if !is_number(side) && !matches!(*name, "true" | "false") => Some(*name),
            _ => None,
        })
    })
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let token = if matches!(first, '"' | '\'') {
            Token::Quoted(&rest[..quoted(rest)])
        } else if is_word(first) {
            Token::Word(&rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())])
        } else {
            let sign = COMPARED.iter().find(|sign| rest.starts_with(**sign));
            Token::Sign(&rest[..sign.map_or(first.len_utf8(), |sign| sign.len())])
        };
        rest = rest[token.text().len()..].trim_start();
        found.push(token);
    }
    found
}

/// Length of the quoted text at the beginning of `rest`; what is not closed goes on to the end.
fn quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    let mut is_escaped = false;
    for (at, c) in chars {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if Some(c) == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The operand that ends before `at`.
fn before<'t, 'a>(tokens: &'t [Token<'a>], at: usize) -> &'t [Token<'a>] {
    let mut depth = 0;
    let end = tokens[..at].iter().rposition(|token| is_over(token, &mut depth, [")", "("]));
    &tokens[end.map_or(0, |end| end + 1)..at]
}

/// The operand that begins behind `at`.
fn after<'t, 'a>(tokens: &'t [Token<'a>], at: usize) -> &'t [Token<'a>] {
    let (mut depth, rest) = (0, &tokens[at + 1..]);
    let end = rest.iter().position(|token| is_over(token, &mut depth, ["(", ")"]));
    &rest[..end.unwrap_or(rest.len())]
}

/// Whether an operand is over at `token`; parentheses as they are met on the way.
fn is_over(token: &Token<'_>, depth: &mut usize, [open, close]: [&str; 2]) -> bool {
    match token {
        Token::Sign(sign) if *sign == open => *depth += 1,
        Token::Sign(sign) if *sign == close && *depth > 0 => *depth -= 1,
        Token::Sign(sign) if *sign == close => return true,
        Token::Sign(sign) if COMPARED.contains(sign) || *sign == "," => return *depth == 0,
        Token::Word(word) => return *depth == 0 && BETWEEN.contains(word),
        Token::Sign(_) | Token::Quoted(_) => {}
    }
    false
}

fn is_comparison(token: &Token<'_>) -> bool {
    matches!(token, Token::Word("in" | "is")) || COMPARED.contains(&token.text())
}

fn is_number(side: &[Token<'_>]) -> bool {
    match side {
        [Token::Word(number)] | [Token::Sign("-"), Token::Word(number)] => number.parse::<f64>().is_ok(),
        _ => false,
    }
}

/// Whether the filter makes a number of it.
fn becomes_number(side: &[Token<'_>]) -> bool {
    side.windows(2).any(|pair| matches!(pair, [Token::Sign("|"), Token::Word("number")]))
}

fn written(side: &[Token<'_>]) -> String {
    side.iter().map(|token| token.text()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_compared_with_numbers() {
        for (code, text) in [
            ("n > 5", "n"),
            ("5 < n", "n"),
            ("años>=18", "años"),
            ("'VIP' if saldo > 1000 else 'comun'", "saldo"),
            ("n == 5 and otro", "n"),
            ("(n) != -1.5", "( n )"),
            ("saldo | number > limite", "limite"),
            ("saldo > limite | number", "saldo"),
            ("n|default('>')|upper > 5", "n | default ( '>' ) | upper"),
        ] {
            assert_eq!(text_for_number(code).as_deref(), Some(text), "{code}");
        }
        for code in [
            "n | number > 5",
            "(n|number) >= 5 and (otro|default('0')|number) < 3",
            "estado == 'no'",
            "fecha > '2026-01-01'",
            "a == b",
            "nombre | default('5 > 3')",
            "'VIP' if saldo|number > 1000 else 'comun'",
            "'it\\'s > 5'",
            "1 < 2",
        ] {
            assert_eq!(text_for_number(code), None, "{code}");
        }
    }

    #[test]
    fn names_alone_decide_nothing() {
        for (code, name) in [
            ("enviar and activo == 'si'", "enviar"),
            ("activo == 'si' and enviar", "enviar"),
            ("not baja", "baja"),
            ("a == 'x' or (b == 'y' and not c)", "c"),
        ] {
            assert_eq!(bare(code), Some(name), "{code}");
        }
        for code in [
            "enviar",
            "a == 'x' and b != 'y'",
            "'x' == a and 'y' != b",
            "not (a == 'x')",
            "a in ['x'] and b in ['y']",
            "n|number > 5 or true",
            "'not so'",
        ] {
            assert_eq!(bare(code), None, "{code}");
        }
    }
}
