//! What is compared, and what a condition takes for true by itself. Cells are texts: to Jinja each of them is more than any
//! number, and true where something stands in it, also a `no`. What would say that silently is a problem of the file.

use super::WHEN;

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

/// A text that is put before or behind another that begins like a number, a time or a date: letter by letter 10:00 comes before
/// 9:00. A date as 2026-11-30 comes where it belongs, and so does a time of two digits beside what `time` writes.
pub(super) fn letter_by_letter(code: &str) -> Option<(String, &str)> {
    let tokens = tokens(code);
    tokens.iter().enumerate().find_map(|(at, token)| {
        if !matches!(token, Token::Sign("<" | ">" | "<=" | ">=")) {
            return None;
        }
        let (side, quoted) = match (before(&tokens, at), after(&tokens, at)) {
            ([Token::Quoted(quoted)], side) | (side, [Token::Quoted(quoted)]) => (side, *quoted),
            _ => return None,
        };
        let text = quoted.trim_matches(['"', '\'']).trim();
        let begins_with_digit = text.trim_start_matches(['-', '+', '$', ' ']).starts_with(|c: char| c.is_ascii_digit());
        // Of the row's moment Jinja puts every text before it.
        let is_moment = matches!(side, [Token::Word(WHEN)]);
        let is_in_place = !is_moment && is_iso_date(text) || is_time_of_two_digits(text) && ends_with(side, "time");
        (begins_with_digit && !is_in_place && !matches!(side, [Token::Quoted(_)])).then(|| (written(side), quoted))
    })
}

/// The first name that `and`, `or`, `not` or `if` takes for true because something stands in it.
pub(super) fn bare(code: &str) -> Option<&str> {
    taken_for_true(&tokens(code)).first().map(|taken| taken.name)
}

/// The names by which a value says something else where something stands in them. What gives the text itself, or another where
/// there is none (`nota if nota else '-'`, `apodo or nombre`), asks nothing else.
pub(super) fn deciding(code: &str) -> Vec<&str> {
    let tokens = tokens(code);
    let has_if = tokens.contains(&Token::Word("if"));
    let decides = |taken: &Taken<'_>| !taken.gives_itself && (has_if || taken.by != "or");
    taken_for_true(&tokens).into_iter().filter(decides).map(|taken| taken.name).collect()
}

/// A name that is taken for true.
struct Taken<'a> {
    name: &'a str,
    /// The word that does.
    by: &'a str,
    /// It is what `if` gives.
    gives_itself: bool,
}

fn taken_for_true<'a>(tokens: &[Token<'a>]) -> Vec<Taken<'a>> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(by @ ("and" | "or" | "not" | "if")) = *token else { continue };
        let (left, right) = (before(tokens, at), after(tokens, at));
        let both = matches!(by, "and" | "or");
        let beside = |side: &[Token<'_>], is_left: bool| {
            if is_left { tokens[..at - side.len()].last() } else { tokens.get(at + 1 + side.len()) }
        };
        let sides = [(left, true), (right, false)].into_iter().filter(|(_, is_left)| both || !is_left);
        for (side, is_left) in sides {
            // What is compared is asked for.
            let name = name_of(side).filter(|_| !beside(side, is_left).is_some_and(is_comparison));
            let gives = |name: &str| by == "if" && left.contains(&Token::Word(name));
            found.extend(name.map(|name| Taken { name, by, gives_itself: gives(name) }));
        }
    }
    found
}

/// The name that an operand is, by itself, in brackets, or written otherwise by filters; a number is true where it is not 0.
fn name_of<'a>(side: &[Token<'a>]) -> Option<&'a str> {
    match side {
        [Token::Sign("("), inner @ .., Token::Sign(")")] => name_of(inner),
        [Token::Word("true" | "false" | "none"), ..] => None,
        [Token::Word(name)] if !is_number(side) => Some(*name),
        [Token::Word(name), Token::Sign("|"), ..] if !becomes_number(side) => Some(*name),
        _ => None,
    }
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

fn ends_with(side: &[Token<'_>], filter: &str) -> bool {
    matches!(side, [.., Token::Sign("|"), Token::Word(last)] if *last == filter)
}

/// `2026-11-30`, with or without a time.
fn is_iso_date(text: &str) -> bool {
    let day = text.as_bytes().get(..10);
    day.is_some_and(|day| {
        day.iter().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
    })
}

/// `09:00`
fn is_time_of_two_digits(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
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
            ("not (baja)", "baja"),
            ("not baja | lower", "baja"),
            ("true if enviar else false", "enviar"),
            ("'x' if a == 'x' else ('y' if b else 'z')", "b"),
            ("'x' if (a and b == 'y') else 'z'", "a"),
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
            "'x' if n|number else 'y'",
            "'x' if a|lower == 'sí' else 'y'",
            "'x' if a in ['x'] else 'y'",
            "'not so'",
        ] {
            assert_eq!(bare(code), None, "{code}");
        }
    }

    #[test]
    fn a_value_is_decided_by_names_that_it_does_not_give() {
        for (code, names) in [
            ("'con ayuno' if ayuno else 'sin ayuno'", &["ayuno"][..]),
            ("'VIP' if vip|lower else 'común'", &["vip"]),
            ("'x' if not a else ('y' if (b) else 'z')", &["a", "b"]),
            ("vip and 'Beneficio'", &["vip"]),
            ("'x' if a or b else 'y'", &["a", "a", "b"]),
            ("nota if nota else 'sin nota'", &[]),
            ("'Nota: ' ~ nota|trim if nota else '-'", &[]),
            ("apodo or nombre", &[]),
            ("'x' if a == 'sí' else 'y'", &[]),
            ("nombre | default('x')", &[]),
        ] {
            assert_eq!(deciding(code), names, "{code}");
        }
    }

    #[test]
    fn texts_are_not_put_in_order_as_numbers_are() {
        for (code, text) in [
            ("hora < '9:00'", "hora"),
            ("'9:00' >= hora", "hora"),
            ("hora < '09:00'", "hora"),
            ("hora | time < '9:00'", "hora | time"),
            ("total | number > '1000'", "total | number"),
            ("total > '1000'", "total"),
            ("total <= \"$ 500\"", "total"),
            ("fecha > '25/11/2026'", "fecha"),
            ("when >= '2026-11-30'", "when"),
            ("a == 'x' and edad < '18'", "edad"),
        ] {
            assert_eq!(letter_by_letter(code).map(|(text, _)| text).as_deref(), Some(text), "{code}");
        }
        for code in [
            "hora | time < '09:00'",
            "fecha >= '2026-11-30'",
            "apellido < 'M'",
            "hora == '9:00'",
            "nombre | default('1 < 2')",
            "total | number > 1000",
            "'1' < '2'",
        ] {
            assert_eq!(letter_by_letter(code), None, "{code}");
        }
    }
}
