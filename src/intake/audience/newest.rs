//! Which file of a campaign's folder is its audience.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::campaign_file::fits_pattern;

/// The file of `folder` that `pattern` names: itself, or with `*` and `?` the one written last (of two written in the
/// same instant, the later name). Links are not followed and folders do not count. `None` when there is none.
pub fn newest(folder: &Path, pattern: &str) -> io::Result<Option<PathBuf>> {
    let mut best: Option<(SystemTime, PathBuf)> = None;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !entry.file_type()?.is_file() || !name.to_str().is_some_and(|name| fits_pattern(pattern, name)) {
            continue;
        }
        let found = (entry.metadata()?.modified()?, entry.path());
        if best.as_ref().is_none_or(|best| found > *best) {
            best = Some(found);
        }
    }
    Ok(best.map(|(_, path)| path))
}
