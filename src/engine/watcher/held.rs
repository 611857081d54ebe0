//! Files that would be taken, but that a program of this machine has open: told once each, when that has lasted a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;

/// So long a program may keep a file open without a word. An export closes it at once; a spreadsheet may have it for
/// hours.
const PATIENCE: Duration = Duration::from_mins(2);

/// The files that are held, by campaign.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<String, Open>);

#[derive(Debug)]
struct Open {
    file: String,
    /// Since when it is known to be open, in real time and on our clock.
    since: (Instant, UnixMs),
    told: Option<Problem>,
}

impl Held {
    /// `file` of the campaign `name` is as it was for long enough, and open. Since when, if it is to be told now.
    pub(super) fn see(&mut self, name: &str, file: &str, now: (Instant, UnixMs)) -> Option<UnixMs> {
        let is_other = self.0.get(name).is_none_or(|open| open.file != file);
        if is_other {
            self.0.insert(name.to_owned(), Open { file: file.to_owned(), since: now, told: None });
        }
        let open = self.0.get(name).filter(|open| open.told.is_none())?;
        (now.0.saturating_duration_since(open.since.0) >= PATIENCE).then_some(open.since.1)
    }

    /// Somebody was told so.
    pub(super) fn told(&mut self, name: &str, problem: Problem) {
        if let Some(open) = self.0.get_mut(name) {
            open.told = Some(problem);
        }
    }

    /// No file of the campaign is held any more; what was told of one, if anything was.
    pub(super) fn over(&mut self, name: &str) -> Option<Problem> {
        self.0.remove(name).and_then(|open| open.told)
    }
}
