//! Which file of a campaign's folder is its audience.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file of `folder` that `pattern` names: itself, or with `*` and `?` the one written last (of two written in the
/// same instant, the later name). Links are not followed and folders do not count. `None` when there is none.
pub fn newest(folder: &Path, pattern: &str) -> io::Result<Option<PathBuf>> {
    let mut best: Option<(SystemTime, PathBuf)> = None;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !entry.file_type()?.is_file() || !name.to_str().is_some_and(|name| matches(pattern, name)) {
            continue;
        }
        let found = (entry.metadata()?.modified()?, entry.path());
        if best.as_ref().is_none_or(|best| found > *best) {
            best = Some(found);
        }
    }
    Ok(best.map(|(_, path)| path))
}

/// `*` is any characters, `?` one; everything else is itself.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // reach[i]: the pattern so far matches the first i characters.
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    for p in pattern {
        let mut next = vec![false; name.len() + 1];
        for i in 0..=name.len() {
            next[i] = match p {
                '*' => reach[..=i].contains(&true),
                _ => i > 0 && reach[i - 1] && (p == '?' || p == name[i - 1]),
            };
        }
        reach = next;
    }
    reach[name.len()]
}
