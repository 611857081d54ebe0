//! Fields of forms and addresses.

use axum::response::Redirect;

/// Back to `path` with what was done, told once at its top.
pub fn done(path: &str, word: &str) -> Redirect {
    Redirect::to(&format!("{path}{}done={word}", if path.contains('?') { '&' } else { '?' }))
}

/// The same with a count.
pub fn done_n(path: &str, word: &str, n: u64) -> Redirect {
    Redirect::to(&format!("{path}{}done={word}&n={n}", if path.contains('?') { '&' } else { '?' }))
}

/// A path of this site, whatever was asked for: never another host's.
pub fn local(path: &str) -> &str {
    let safe = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|b| (0x21..0x7f).contains(&b));
    if safe { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_never_leaves_the_site() {
        for (asked, given) in [
            ("/runs/5?state=failed", "/runs/5?state=failed"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(asked), given);
        }
    }
}
