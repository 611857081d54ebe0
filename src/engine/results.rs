//! Files that people get back, in `<folder>/out/`: their own file with what became of each row, what people answered for the
//! system that made the file, and whom to phone. Written by rename, never watched.

mod answers;
mod cell;
mod day;
mod fates;
mod make;
mod outcomes;
mod phone;
mod sink;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Engine, EngineError};
use crate::domain::id::{CampaignId, RunId};
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::store::run::{self, Run};
use crate::store::view::result::{self, Pulse};
use crate::store::{campaign, outcome};

pub use make::{Kind, Made};

/// Real time between two looks.
const EVERY: Duration = Duration::from_secs(30);

/// What people answered, for the system that made the file.
const OUTCOMES: &str = "outcomes.csv";

/// A file about a run that goes on is this old at most, by the clock.
const FRESH_FOR: Duration = Duration::from_mins(10);

/// The files of a long run may be older, a minute for so many rows.
const ROWS_A_MINUTE: u64 = 5_000;

/// What people answered is written sooner: a minute of the clock for so many rows of a long run, others at the next look.
const ANSWERS_A_MINUTE: u64 = 60_000;

/// Runs that ended longer ago are not looked at any more.
const ENDED_FOR: Duration = Duration::from_hours(72);

/// Runs looked at of each campaign.
const RUNS: i64 = 3;

/// Writes result files.
#[derive(Debug)]
pub struct Writer {
    engine: Engine,
    /// What each run's files show, and when they were written.
    written: BTreeMap<RunId, (Pulse, RunState, UnixMs)>,
    /// The newest outcome at the last look.
    newest: Option<i64>,
    /// Runs with outcomes that their file does not have yet.
    answered: BTreeSet<RunId>,
    /// When what people answered was written last.
    answers_at: BTreeMap<RunId, UnixMs>,
}

impl Writer {
    /// A writer that has written nothing yet.
    pub fn new(engine: Engine) -> Self {
        let (written, newest, answered, answers_at) = Default::default();
        Self { engine, written, newest, answered, answers_at }
    }

    /// Writes until `stop`. What is half written then is given up, and made at the next start: the files of a long run would
    /// keep the daemon from stopping for minutes.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let done = tokio::select! { () = stop.cancelled() => return, done = self.step() => done };
            if let Err(cause) = done
                && !cause.is_full()
            {
                let error = &cause as &dyn std::error::Error;
                warn!(error, "result files could not be written; trying again");
            }
            tokio::select! { () = stop.cancelled() => return, () = sleep(EVERY) => {} }
        }
    }

    /// Writes the files of runs of which something is new. Returns how many runs those were.
    pub async fn step(&mut self) -> Result<usize, EngineError> {
        let mut done = 0;
        self.look_at_outcomes().await?;
        for known in campaign::list(&self.engine.store).await? {
            let out = self.engine.config.campaigns_dir.join(&known.name);
            if known.removed_at.is_some() || !out.is_dir() {
                continue;
            }
            let runs = run::of_campaign(&self.engine.store, known.id, RUNS).await?;
            for (at, run) in runs.iter().enumerate() {
                let (is_latest, out) = (at == 0, out.join("out"));
                if self.is_due(run).await? {
                    self.write(run, &out, is_latest).await?;
                } else if is_latest && self.has_new_answers(run) {
                    self.write_answers(run, &out).await?;
                } else {
                    continue;
                }
                done += 1;
            }
        }
        Ok(done)
    }

    /// Which runs have outcomes that were not there at the last look.
    async fn look_at_outcomes(&mut self) -> Result<(), EngineError> {
        let newest = outcome::newest(&self.engine.store).await?;
        if let Some(before) = self.newest.filter(|before| *before < newest) {
            self.answered.extend(outcome::runs_since(&self.engine.store, before).await?);
        }
        self.newest = Some(newest);
        Ok(())
    }

    fn has_new_answers(&self, run: &Run) -> bool {
        let rows = u64::try_from(run.rows_read.unwrap_or_default()).unwrap_or_default();
        let rest = Duration::from_mins(rows / ANSWERS_A_MINUTE);
        let now = self.engine.clock.now();
        self.answered.contains(&run.id) && self.answers_at.get(&run.id).is_none_or(|at| now.since(*at) >= rest)
    }

    async fn write_answers(&mut self, run: &Run, out: &Path) -> Result<(), EngineError> {
        std::fs::create_dir_all(out).map_err(make::unwritten)?;
        self.engine.make_result(run, Kind::Outcomes, &out.join(OUTCOMES)).await?;
        self.answers_are_written(run);
        Ok(())
    }

    fn answers_are_written(&mut self, run: &Run) {
        self.answered.remove(&run.id);
        self.answers_at.insert(run.id, self.engine.clock.now());
    }

    async fn is_due(&mut self, run: &Run) -> Result<bool, EngineError> {
        let now = self.engine.clock.now();
        let ended = run.closed_at.is_some_and(|at| now.since(at) > ENDED_FOR);
        if run.rows_read.is_none() || ended {
            return Ok(false);
        }
        let before = self.written.get(&run.id);
        // Counting a long run takes a while, and so does writing it.
        let rows = u64::try_from(run.rows_read.unwrap_or_default()).unwrap_or_default();
        let fresh_for = FRESH_FOR.max(Duration::from_mins(rows / ROWS_A_MINUTE));
        if before.is_some_and(|(_, state, at)| *state == run.state && now.since(*at) < fresh_for) {
            return Ok(false);
        }
        let pulse = result::pulse(&self.engine.store, run.id).await?;
        let due = before.is_none_or(|(shown, state, _)| (*shown, *state) != (pulse, run.state));
        if due {
            self.written.insert(run.id, (pulse, run.state, now));
        }
        Ok(due)
    }

    /// The files of a run; of the latest of a campaign also what is about the campaign.
    async fn write(&mut self, run: &Run, out: &Path, is_latest: bool) -> Result<(), EngineError> {
        std::fs::create_dir_all(out).map_err(make::unwritten)?;
        let source = self.engine.source(run).await?;
        let day = self.engine.clock.now().day_in(&source.voice.zone);
        let both = |name: String, text: Kind, sheet: Kind| {
            vec![(text, out.join(format!("{name}.csv"))), (sheet, out.join(format!("{name}.xlsx")))]
        };
        let mut wanted = vec![both(format!("results-run-{}", run.id), Kind::Own, Kind::OwnSheet)];
        if is_latest {
            wanted.push(both(format!("results-{day}"), Kind::Day, Kind::DaySheet));
            wanted.push(vec![(Kind::Outcomes, out.join(OUTCOMES))]);
            wanted.push(both("please-phone".to_owned(), Kind::Phone, Kind::PhoneSheet));
        }
        for of_kind in wanted {
            let made = self.engine.make_results(run, &source, &of_kind).await?;
            let file = of_kind[0].1.file_name().unwrap_or_default().to_string_lossy();
            debug!(run.id = %run.id, file = %file, made = ?made, "a result file is written");
        }
        self.answers_are_written(run);
        Ok(())
    }
}

impl Engine {
    /// Makes a file of a campaign's `out` folder anew as it would be now; false: nothing makes such a file any more.
    pub(super) async fn remake_result(&self, campaign: CampaignId, file: &Path) -> Result<bool, EngineError> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let runs = run::of_campaign(&self.store, campaign, 1).await?;
        let of_run = name.strip_prefix("results-run-").and_then(|rest| rest.split('.').next()?.parse().ok());
        let run = match of_run {
            Some(no) => run::get(&self.store, RunId(no)).await?.filter(|run| run.campaign_id == campaign),
            None => runs.into_iter().next(),
        };
        let Some(run) = run else { return Ok(false) };
        let day = format!("results-{}.", self.day_of(&run).await?);
        let as_sheet = name.rsplit_once('.').is_some_and(|(_, kind)| kind == "xlsx");
        let kind = match (name.as_str(), as_sheet) {
            (_, true) if of_run.is_some() => Kind::OwnSheet,
            (_, false) if of_run.is_some() => Kind::Own,
            (name, true) if name.starts_with(&day) => Kind::DaySheet,
            (name, false) if name.starts_with(&day) => Kind::Day,
            (OUTCOMES, _) => Kind::Outcomes,
            ("please-phone.csv", _) => Kind::Phone,
            ("please-phone.xlsx", _) => Kind::PhoneSheet,
            _ => return Ok(false),
        };
        Ok(self.make_result(&run, kind, file).await? == Made::Written)
    }
}
