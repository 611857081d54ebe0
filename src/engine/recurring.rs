//! Campaigns with `every`: what is due is a persisted instant, computed in the campaign's time zone with our clock. A time
//! that was missed is caught up once; past `until` there are no more.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::holds::restrict;
use super::start::{Candidate, Yes};
use super::{Engine, EngineError, StartOutcome};
use crate::domain::change::Change;
use crate::domain::id::{CampaignId, RunId};
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::CampaignFile;
use crate::intake::occasions::Occasions;
use crate::intake::open_hours::OpenHours;
use crate::store::recurrence::{self, Recurrence};
use crate::store::run::{self, Sort};
use crate::store::{campaign, json, version};

/// Real time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Begins the runs of campaigns that come again.
#[derive(Clone, Debug)]
pub struct Recurring {
    engine: Engine,
}

impl Recurring {
    /// One that has begun nothing yet.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Begins runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await
                && !cause.is_full()
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "a recurring campaign could not begin; trying again");
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// Begins what is due. Returns the runs.
    pub async fn step(&self) -> Result<Vec<RunId>, EngineError> {
        let mut begun = Vec::new();
        for due in recurrence::due(&self.engine.store, self.engine.clock.now()).await? {
            begun.extend(self.begin(&due).await?);
        }
        Ok(begun)
    }

    async fn begin(&self, due: &Recurrence) -> Result<Option<RunId>, EngineError> {
        let engine = &self.engine;
        let Some(due_at) = due.next_due_at else { return Ok(None) };
        let campaign = campaign::get(&engine.store, due.campaign_id).await?;
        // A folder that was removed may come back: its time is then caught up.
        if campaign.is_none_or(|campaign| campaign.removed_at.is_some()) {
            return Ok(None);
        }
        let mut candidate = engine.candidate(due.version_id).await?;
        let now = engine.clock.now();
        let hours = self.engine.hours_of(&candidate.file);
        let Some(times) = Occasions::of(&candidate.file, &hours) else { return Ok(None) };
        let (next, is_met) = (times.after(now), times.is_met(now));
        if candidate.file.schedule.until.is_some_and(|until| until < now) {
            info!(campaign.id = %due.campaign_id, "campaign {} does not come again: its time is over", due.campaign_id);
            self.pass(due, (due_at, None)).await?;
            return Ok(None);
        }
        if is_met {
            info!(campaign.id = %due.campaign_id, "a time of campaign {} is closed until its next one, which takes its place", due.campaign_id);
            self.pass(due, (due_at, next)).await?;
            return Ok(None);
        }
        let ready = match engine.ready(&mut candidate, Yes::default()).await?.map_err(|hindered| hindered.problems) {
            Ok(ready) => ready,
            Err(problems)
                if problems.iter().all(|p| matches!(p.code.as_str(), "template_unread" | "template_changed")) =>
            {
                return Ok(None);
            }
            Err(problems) => {
                self.refuse(due, (due_at, next), &problems).await?;
                return Ok(None);
            }
        };
        let mut tx = engine.store.begin().await?;
        let new = ready.run(&candidate, (&due.begun_by, now), Sort::Recurring);
        // While the run before is still being sent its time waits, and is caught up then.
        let Some(run) = run::insert(&mut tx, &new).await? else { return Ok(None) };
        restrict(&mut tx, run, &new).await?;
        if !recurrence::advance(&mut tx, due.campaign_id, due_at, next).await? {
            return Ok(None);
        }
        tx.commit().await?;
        info!(run.id = %run, campaign.id = %due.campaign_id, "run {run} of campaign {} is started by its time", due.campaign_id);
        engine.tell(Change::Campaign(due.campaign_id));
        engine.tell(Change::Run(run));
        engine.wake.notify_waiters();
        Ok(Some(run))
    }

    async fn pass(&self, due: &Recurrence, (at, next): (UnixMs, Option<UnixMs>)) -> Result<(), EngineError> {
        let mut tx = self.engine.store.begin().await?;
        recurrence::advance(&mut tx, due.campaign_id, at, next).await?;
        tx.commit().await?;
        self.engine.tell(Change::Campaign(due.campaign_id));
        Ok(())
    }

    /// Something stands in the way of this time: it is said with the campaign, and the next time is tried.
    async fn refuse(
        &self,
        due: &Recurrence,
        times: (UnixMs, Option<UnixMs>),
        why: &[Problem],
    ) -> Result<(), EngineError> {
        self.pass(due, times).await?;
        if let Some(known) = campaign::get(&self.engine.store, due.campaign_id).await? {
            campaign::save_problem(&self.engine.store, &known.name, &json(why), self.engine.clock.now()).await?;
        }
        warn!(campaign.id = %due.campaign_id, "campaign {} could not begin at its time", due.campaign_id);
        Ok(())
    }
}

impl Engine {
    /// From now on a version runs at its times; `None`: none of them is still to come.
    pub(super) async fn schedule(&self, candidate: &Candidate, by: &str) -> Result<Option<StartOutcome>, EngineError> {
        let (now, hours) = (self.clock.now(), self.hours_of(&candidate.file));
        let Some(next) = Occasions::of(&candidate.file, &hours).and_then(|times| times.after(now)) else {
            return Ok(None);
        };
        let of = (candidate.version.campaign_id, candidate.version.id);
        recurrence::set(&self.store, of, by, now, Some(next)).await?;
        Ok(Some(StartOutcome::Scheduled(next)))
    }

    /// When a campaign's messages may leave. Lists that are not known any more are told where it would begin.
    fn hours_of(&self, file: &CampaignFile) -> OpenHours {
        OpenHours::of(file, &self.config.holidays, &self.config.laws, None).unwrap_or_default()
    }

    /// No more runs of a campaign that comes again; what runs goes on. False when there would have been none.
    pub async fn end_recurring(&self, campaign: CampaignId) -> Result<bool, EngineError> {
        let done = recurrence::end(&self.store, campaign).await?;
        if done {
            info!(campaign.id = %campaign, "campaign {campaign} does not come again");
            self.tell(Change::Campaign(campaign));
        }
        Ok(done)
    }

    /// When the next run of a campaign is due; `None`: it does not come again.
    pub async fn next_run(&self, campaign: CampaignId) -> Result<Option<UnixMs>, EngineError> {
        let known = recurrence::of(&self.store, campaign).await?;
        let Some(known) = known.filter(|known| known.next_due_at.is_some()) else { return Ok(None) };
        let version = version::get(&self.store, known.version_id).await?;
        Ok(version.and(known.next_due_at))
    }
}
