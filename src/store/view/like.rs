//! Search words in `LIKE`.

/// The pattern that finds `words` anywhere, with `!` as the escape; empty for no search.
pub fn anywhere(words: &str) -> String {
    let words = words.trim().to_lowercase();
    if words.is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for c in words.chars() {
        // A NUL cannot be in any text of the store, and PostgreSQL refuses to be asked for one.
        if c == '\0' {
            continue;
        }
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signs_of_like_are_only_signs() {
        assert_eq!(anywhere(" 50%_off! "), "%50!%!_off!!%");
        assert_eq!(anywhere("  "), "");
    }
}
