//! The planner: a run's rows become queued messages, or exclusions with a reason.
//!
//! The rows are read on a thread of their own and come in pieces; each piece's messages and exclusions and the cursor
//! `run.planned_rows` (rows done so far) change in one transaction, so that a crash leaves neither a hole nor a double.

mod amend;
mod piece;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::feed::Failure;
use super::holds::ITSELF;
use super::readings::{Going, Subject};
use super::template::mapping;
use super::templates::reads_otherwise;
use super::{Engine, EngineError, feed, load};
use crate::config::Config;
use crate::domain::amend::FileKeys;
use crate::domain::canary::Share;
use crate::domain::change::Change;
use crate::domain::id::RunId;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows::{Names, ResolvedRow, RowsRequest, file_keys, open_rows_telling};
use crate::store::run::{self, Run};
use crate::store::template::own;
use crate::store::{StoreError, amendment, statistics, version};

use amend::Amending;
use piece::{Before, Plan};

/// Rows kept in one unit of work. On SQLite everything else waits for it; a thousand rows took 30 to 35 ms.
const PIECE: usize = 250;

/// Pieces read ahead while the database writes.
const AHEAD: usize = 4;

const IDLE: Duration = Duration::from_secs(1);

/// Plans the runs of every sender, one after the other.
#[derive(Clone, Debug)]
pub struct Planner {
    engine: Engine,
}

/// What the reading thread needs.
#[derive(Clone)]
struct Reading {
    file: CampaignFile,
    /// What the run was started with.
    template: Snapshot,
    /// What the rows are made for, where that is another.
    own: Option<Snapshot>,
    config: Arc<Config>,
    vars: BTreeMap<String, String>,
    names: Arc<dyn Names>,
    /// Why they could not be read.
    failure: Failure,
    audience: PathBuf,
    started_at: UnixMs,
    done: i64,
}

impl Planner {
    /// A planner.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Plans until `stop`, between two pieces at the latest.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let found = match self.next(&stop).await {
                Ok(found) => found,
                // A full disk is said once, where the room is watched.
                Err(cause) if cause.is_full() => false,
                Err(cause) => {
                    let error = &cause as &dyn std::error::Error;
                    error!(error, "a run could not be planned; trying again");
                    false
                }
            };
            if !found {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.engine.wake.notified() => {}
                    () = sleep(IDLE) => {}
                }
            }
        }
    }

    /// Plans the most urgent run to its end. False when there is none.
    pub async fn step(&self) -> Result<bool, EngineError> {
        self.next(&CancellationToken::new()).await
    }

    async fn next(&self, stop: &CancellationToken) -> Result<bool, EngineError> {
        let Some(id) = run::planning(&self.engine.store).await?.into_iter().next() else { return Ok(false) };
        let Some(run) = run::get(&self.engine.store, id).await? else { return Ok(false) };
        Box::pin(self.plan(&run, stop)).await?;
        Ok(true)
    }

    async fn plan(&self, run: &Run, stop: &CancellationToken) -> Result<(), EngineError> {
        let Some(version) = version::get(&self.engine.store, run.version_id).await? else {
            return Err(StoreError::Corrupt { what: "run.version_id" }.into());
        };
        let mut file = match load::parse(&version.definition) {
            Ok(file) => file,
            Err(problems) => return self.give_up(run.id, &problems).await,
        };
        let template = run.snapshots()?;
        // What the version was approved with, whatever the template's default is by now.
        mapping::apply(&mut file, &template.main, &own::approved(&self.engine.store, version.id).await?);
        // A standing run is sampled with its first file.
        let canary = file.limits.canary.filter(|_| run.revision <= 1);
        let runs = run::of_campaign(&self.engine.store, run.campaign_id, 2).await?;
        let repeats = file.every.is_some();
        let comes_again = !repeats && runs.iter().any(|other| other.id < run.id);
        let elsewhere = feed::left_out_for(&self.engine, &version, &file).await?;
        let before = Before { repeats, comes_again, elsewhere, stays: self.engine.stays(run).await? };
        let plan = Plan::new(&self.engine, run, (&file, &template), before)?;
        let begun = amendment::get(&self.engine.store, run.id, run.revision).await?;
        let failure = Failure::default();
        let reading = Reading {
            own: self.own_template(run, &file, &template).await?,
            names: self.engine.client_names(&file, &failure).await?,
            failure,
            file,
            template,
            config: Arc::clone(&self.engine.config),
            vars: self.engine.vars().await?,
            audience: self.engine.audience(&version.audience_hash).await?,
            started_at: begun.map_or(run.started_at, |begun| begun.began_at),
            done: run.planned_rows,
        };
        let amending = match self.amending(run, &reading).await? {
            Ok(amending) => amending,
            Err(problems) => return self.give_up(run.id, &problems).await,
        };
        Box::pin(self.keep(&plan, amending.as_ref(), reading, (canary, stop))).await
    }

    /// Reads the rows and keeps them, piece by piece.
    async fn keep(
        &self,
        plan: &Plan<'_>,
        amending: Option<&Amending>,
        reading: Reading,
        (canary, stop): (Option<Share>, &CancellationToken),
    ) -> Result<(), EngineError> {
        let (run, mut done, failure) = (plan.run.id, reading.done, reading.failure.clone());
        let (pieces, mut read) = mpsc::channel(AHEAD);
        let going = self.engine.readings.begin(Subject::Plan(plan.run.id), "");
        let thread = tokio::task::spawn_blocking(move || reading.read(&pieces, &going));
        while let Some(rows) = read.recv().await {
            let count = rows.len() as i64;
            let kept = match amending {
                _ if stop.is_cancelled() => false,
                Some(by) => plan.amend(by, rows, done).await?,
                None => plan.keep(rows, done).await?,
            };
            if !kept {
                return Ok(());
            }
            statistics::look(&self.engine.store, done, done + count).await?;
            done += count;
            self.engine.tell(Change::Run(run));
        }
        let read = thread.await?;
        // What the store could not tell is asked again, from where planning stopped.
        failure.told()?;
        match read {
            Ok(()) => {
                if let Some(by) = amending {
                    plan.finish(by).await?;
                }
                self.planned(run, done, canary).await
            }
            Err(problems) => self.give_up(run, &problems).await,
        }
    }

    /// The template of the file being taken up, where it is another than the run was started with.
    async fn own_template(
        &self,
        run: &Run,
        file: &CampaignFile,
        started_with: &Snapshot,
    ) -> Result<Option<Snapshot>, EngineError> {
        if run.revision <= 1 {
            return Ok(None);
        }
        let Some(account) = self.engine.config.accounts.get(&run.account) else { return Ok(None) };
        let known = self.engine.known_templates(account, file).await?;
        Ok(known.filter(|known| reads_otherwise(started_with, known)))
    }

    /// How a later file of a standing run is taken up; `None`: it is the first, or the run takes one only.
    async fn amending(
        &self,
        run: &Run,
        reading: &Reading,
    ) -> Result<Result<Option<Amending>, Vec<Problem>>, EngineError> {
        if run.revision <= 1 {
            return Ok(Ok(None));
        }
        let moved = match self.engine.config.accounts.get(&run.account) {
            Some(account) => feed::moved_template(&self.engine, account, &reading.file).await?,
            None => None,
        };
        let look = reading.clone();
        let keys = self.engine.read_telling(Subject::Plan(run.id), move |going| look.keys(going)).await?;
        reading.failure.told()?;
        let (now, file, own) = (reading.started_at, reading.file.clone(), reading.own.clone());
        Ok(keys.map(|keys| Some(Amending { keys, now, file, own, moved })))
    }

    async fn planned(&self, id: RunId, rows: i64, canary: Option<Share>) -> Result<(), EngineError> {
        if let Some(share) = canary {
            super::canary::begin(&self.engine, id, share).await?;
        }
        if run::planned(&self.engine.store, id).await? {
            info!(run.id = %id, row.count = rows, "run {id} is planned from {rows} rows");
            self.engine.tell(Change::Run(id));
            self.engine.wake.notify_waiters();
        }
        Ok(())
    }

    /// What was approved cannot be read any more (the data directory was touched): a person must look.
    async fn give_up(&self, id: RunId, problems: &[Problem]) -> Result<(), EngineError> {
        warn!(run.id = %id, "run {id} cannot be planned and is paused");
        self.engine.stop(id, ITSELF, problems).await?;
        Ok(())
    }
}

impl Reading {
    /// Reads from where planning stopped; ends early, without error, when nobody takes the pieces any more.
    fn read(self, pieces: &mpsc::Sender<Vec<ResolvedRow>>, going: &Going) -> Result<(), Vec<Problem>> {
        let request = self.request();
        let mut rows = open_rows_telling(&request, &|rows| going.tell(rows, 0))?;
        let of = rows.expected();
        // Rows done are read again, not only skipped over: what is a duplicate depends on the rows before it.
        let mut done = rows.by_ref().take(usize::try_from(self.done).unwrap_or(0)).count() as u64;
        loop {
            let piece: Vec<ResolvedRow> = rows.by_ref().take(PIECE).collect();
            done += piece.len() as u64;
            going.tell(done, of);
            if piece.is_empty() || pieces.blocking_send(piece).is_err() {
                return Ok(());
            }
        }
    }

    /// What all of the file names.
    fn keys(&self, going: &Going) -> Result<FileKeys, Vec<Problem>> {
        file_keys(&self.request(), &|rows| going.tell(rows, 0))
    }

    fn request(&self) -> RowsRequest<'_> {
        let template = self.own.as_ref().unwrap_or(&self.template);
        RowsRequest {
            campaign: &self.file,
            template: Some(&template.main),
            translations: &template.translations,
            vars: &self.vars,
            names: &*self.names,
            holidays: &self.config.holidays,
            laws: &self.config.laws,
            reach: &self.config.reach,
            audience: &self.audience,
            started_at: self.started_at,
        }
    }
}
