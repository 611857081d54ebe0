//! Long files are read where nobody waits for the end: how far each reading is, and what came of it, for pages that come
//! back to look.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{EngineError, Preview, aside};
use crate::domain::id::{DraftId, RunId, VersionId};
use crate::preflight::Sheet;

/// What came of a reading is shown this long, or for [`KEPT_TIMES`] as long as it took: whoever looks again finds it.
const KEPT: Duration = Duration::from_secs(10);

/// See [`KEPT`].
const KEPT_TIMES: u32 = 3;

/// What is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A campaign's folder, to be loaded.
    Folder(String),
    /// The audience of a version, for its sheet.
    Sheet(VersionId),
    /// A row of a draft, and all that the whole file tells of it.
    Draft(DraftId),
    /// The rows of a run that is planned.
    Plan(RunId),
}

/// How far a reading is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Rows read so far.
    pub rows: u64,
    /// Rows in all; `None`: not known before the whole file was looked through.
    pub of: Option<u64>,
}

/// What came of waiting for a reading.
#[derive(Clone, Debug)]
pub enum Soon<T> {
    /// It is there.
    Ready(T),
    /// It goes on.
    Reading(Progress),
}

/// What a reading makes.
#[derive(Clone)]
pub(super) enum Made {
    Sheet(Arc<Sheet>),
    Preview(Arc<Preview>),
}

enum State {
    Going(Progress),
    Done { made: Made, until: Instant },
}

struct Reading {
    /// Tells this reading from an earlier one of the same subject, of other content.
    mark: String,
    state: State,
}

/// What is being read, and what was read lately. Cloning shares it.
#[derive(Clone, Default)]
pub(super) struct Readings {
    known: Arc<Mutex<BTreeMap<Subject, Reading>>>,
    changed: Arc<Notify>,
}

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().keys()).finish()
    }
}

/// A reading that goes on. When it is dropped without having been told of an end, it has none.
pub(super) struct Going {
    readings: Readings,
    subject: Subject,
    mark: String,
    began: Instant,
}

impl Going {
    /// So many rows are read, of so many where that is known (0: it is not).
    pub fn tell(&self, rows: u64, of: u64) {
        let progress = Progress { rows, of: (of > 0).then_some(of) };
        self.put(State::Going(progress));
    }

    /// It came to its end.
    fn end(self, made: Made) {
        let kept = KEPT.max(self.began.elapsed() * KEPT_TIMES);
        self.put(State::Done { made, until: Instant::now() + kept });
    }

    /// Unless another reading of the subject has begun since.
    fn put(&self, state: State) {
        if let Some(reading) = self.readings.lock().get_mut(&self.subject).filter(|r| r.mark == self.mark) {
            reading.state = state;
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let mut known = self.readings.lock();
        let is_going = |r: &Reading| r.mark == self.mark && matches!(r.state, State::Going(_));
        if known.get(&self.subject).is_some_and(is_going) {
            known.remove(&self.subject);
        }
        drop(known);
        self.readings.changed.notify_waiters();
    }
}

impl Readings {
    /// A panic while it was held left nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Subject, Reading>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a reading; one of the same subject that goes on is forgotten.
    pub fn begin(&self, subject: Subject, mark: &str) -> Going {
        let now = Instant::now();
        let mut known = self.lock();
        known.retain(|_, reading| !matches!(reading.state, State::Done { until, .. } if until < now));
        known.insert(subject.clone(), Reading { mark: mark.to_owned(), state: State::Going(Progress::default()) });
        Going { readings: self.clone(), subject, mark: mark.to_owned(), began: now }
    }

    /// How far the reading of a subject is; `None`: nobody reads it.
    pub fn progress(&self, subject: &Subject) -> Option<Progress> {
        match self.lock().get(subject)?.state {
            State::Going(progress) => Some(progress),
            State::Done { .. } => None,
        }
    }

    /// How far the readings are that are of this kind.
    pub fn going(&self, wanted: impl Fn(&Subject) -> bool) -> Vec<(Subject, Progress)> {
        let known = self.lock();
        let going = known.iter().filter(|(subject, _)| wanted(subject)).filter_map(|(subject, reading)| {
            let State::Going(progress) = reading.state else { return None };
            Some((subject.clone(), progress))
        });
        going.collect()
    }

    /// What was made of a subject is not shown again.
    pub fn forget(&self, subject: &Subject) {
        let mut known = self.lock();
        if known.get(subject).is_some_and(|reading| matches!(reading.state, State::Done { .. })) {
            known.remove(subject);
        }
    }

    /// What came of the reading with that mark, or how far it is; `None`: there is none.
    fn look(&self, subject: &Subject, mark: &str) -> Option<Soon<Made>> {
        let known = self.lock();
        let reading = known.get(subject).filter(|reading| reading.mark == mark)?;
        match &reading.state {
            State::Going(progress) => Some(Soon::Reading(*progress)),
            State::Done { made, until } if *until >= Instant::now() => Some(Soon::Ready(made.clone())),
            State::Done { .. } => None,
        }
    }

    /// Whether a reading with that mark goes on, or its end is still kept.
    pub fn has(&self, subject: &Subject, mark: &str) -> bool {
        self.look(subject, mark).is_some()
    }

    /// Waits for what was begun, at most for `patience`. `None`: it was not, or has failed.
    pub async fn wait(&self, (subject, mark): (&Subject, &str), patience: Duration) -> Option<Soon<Made>> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let changed = self.changed.notified();
            match self.look(subject, mark) {
                Some(Soon::Reading(_)) => {}
                other => return other,
            }
            if tokio::time::timeout_at(until, changed).await.is_err() {
                return self.look(subject, mark);
            }
        }
    }

    /// Reads on a thread of its own, which goes on when nobody waits any more.
    pub fn read_aside(&self, (subject, mark): (Subject, &str), read: impl FnOnce(&Going) -> Made + Send + 'static) {
        let going = self.begin(subject, mark);
        drop(tokio::task::spawn_blocking(move || {
            let made = read(&going);
            going.end(made);
        }));
    }
}

impl super::Engine {
    /// How far the reading of something is; `None`: it is not being read.
    pub fn reading(&self, subject: &Subject) -> Option<Progress> {
        self.readings.progress(subject)
    }

    /// Folders that are being loaded, with how far each is.
    pub fn loading(&self) -> Vec<(String, Progress)> {
        let all = self.readings.going(|subject| matches!(subject, Subject::Folder(_)));
        let named = all.into_iter().filter_map(|(subject, progress)| match subject {
            Subject::Folder(name) => Some((name, progress)),
            _ => None,
        });
        named.collect()
    }

    /// Runs `read`, which tells how far it is, where it blocks nobody, and waits for its end.
    pub(super) async fn read_telling<T: Send + 'static>(
        &self,
        subject: Subject,
        read: impl FnOnce(&Going) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let going = self.readings.begin(subject, "");
        aside(move || read(&going)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject::Draft(DraftId(1))
    }

    #[tokio::test]
    async fn a_reading_tells_how_far_it_is_and_what_came_of_it() {
        let readings = Readings::default();
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let (told, was_told) = std::sync::mpsc::channel();
        readings.read_aside((subject(), "a"), move |going| {
            going.tell(20_000, 0);
            told.send(()).unwrap();
            may_go.recv().unwrap();
            Made::Preview(Arc::new(Preview { row: 7, ..Preview::default() }))
        });
        was_told.recv().unwrap();
        let soon = readings.wait((&subject(), "a"), Duration::ZERO).await;
        let Some(Soon::Reading(progress)) = soon else { panic!("it goes on") };
        assert_eq!(progress, Progress { rows: 20_000, of: None });
        assert!(!readings.has(&subject(), "b"), "other content was not read");
        go.send(()).unwrap();
        let soon = readings.wait((&subject(), "a"), Duration::from_secs(20)).await;
        assert!(matches!(soon, Some(Soon::Ready(Made::Preview(preview))) if preview.row == 7));
        readings.forget(&subject());
        assert!(!readings.has(&subject(), "a"));
    }

    #[tokio::test]
    async fn a_reading_that_dies_is_none() {
        let readings = Readings::default();
        readings.read_aside((subject(), "a"), |_| panic!("this test wants it to"));
        assert!(readings.wait((&subject(), "a"), Duration::from_secs(20)).await.is_none());
    }

    #[test]
    fn what_an_older_reading_tells_is_not_taken_for_the_newer_ones() {
        let readings = Readings::default();
        let old = readings.begin(subject(), "old");
        let new = readings.begin(subject(), "new");
        new.tell(5, 10);
        old.tell(9, 10);
        drop(old);
        assert_eq!(readings.progress(&subject()), Some(Progress { rows: 5, of: Some(10) }));
    }
}
