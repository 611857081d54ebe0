//! Which file of a campaign's folder is its audience.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::campaign_file::fits_pattern;
use crate::domain::problem::Problem;

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

/// What `folder` has in place of the plain file that `pattern` names: a link, a folder, a pipe. Nothing of it is opened: a
/// link may lead anywhere, and a pipe would be waited for without end. `None` where there is nothing of that name.
pub fn not_plain(folder: &Path, pattern: &str) -> io::Result<Option<Problem>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let Some(name) = name.to_str().filter(|name| fits_pattern(pattern, name)) else { continue };
        let code = if kind.is_symlink() {
            "audience_link"
        } else if kind.is_dir() {
            "audience_folder"
        } else if kind.is_fifo() {
            "audience_pipe"
        } else if kind.is_file() {
            continue;
        } else {
            "audience_device"
        };
        return Ok(Some(Problem::new(code, &[("file", name)])));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_file_is_called_what_it_is_and_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let code = |pattern: &str| not_plain(dir.path(), pattern).unwrap().map(|problem| problem.code);
        assert_eq!(code("a.csv"), None);
        std::fs::write(dir.path().join("plain.csv"), "a").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.csv")).unwrap();
        std::fs::create_dir(dir.path().join("folder.csv")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pipe.csv"), rustix::fs::Mode::RUSR).unwrap();
        for (pattern, expected) in [
            ("plain.csv", None),
            ("link.csv", Some("audience_link")),
            ("folder.csv", Some("audience_folder")),
            ("pi*.csv", Some("audience_pipe")),
        ] {
            assert_eq!(code(pattern).as_deref(), expected, "{pattern}");
            assert_eq!(newest(dir.path(), pattern).unwrap().is_some(), expected.is_none(), "{pattern}");
        }
    }
}
