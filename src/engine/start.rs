//! The pre-flight of a version, and starting it.

use std::ops::Range;
use std::time::Duration;

use tracing::{info, warn};

use super::holds::restrict;
use super::readings::{Soon, Subject};
use super::{Engine, EngineError, feed, load};
use crate::config::{Account, Sender};
use crate::domain::change::Change;
use crate::domain::id::{RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::CampaignFile;
use crate::preflight::{self, Behind, Listed, Sheet, Shown};
use crate::store::idempotency::Once;
use crate::store::run::{self, NewRun, Run, Sort};
use crate::store::template::own;
use crate::store::version::Version;
use crate::store::{campaign, version};

/// What became of a start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StartOutcome {
    /// It runs, or its standing run takes it up.
    Started(RunId),
    /// It runs then, and again and again.
    Scheduled(UnixMs),
    /// These must be mended first.
    Refused(Vec<Problem>),
    /// It is not what was shown any more: it is to be looked at again, and this is what changed.
    Changed(Vec<Problem>),
}

/// What somebody says yes to, besides the version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Yes<'a> {
    /// What they were shown: version, template, audience, prices, and what is left of it to send. If it is not that any
    /// more, to the letter, nothing starts.
    pub shown: Option<&'a Shown>,
    /// The file may be empty, not whole, have other columns or take much back.
    pub anyway: bool,
    /// The key under which they say so: what it has begun already is not begun again.
    pub once: Option<&'a Once>,
}

/// A version with everything a decision about it needs.
pub(super) struct Candidate {
    pub version: Version,
    pub file: CampaignFile,
    pub sender: Option<Sender>,
    pub account: Option<Account>,
    /// The run that it amends.
    pub standing: Option<Run>,
}

/// What a run needs besides its rows.
pub(super) struct Ready<'a> {
    sender: &'a Sender,
    account: &'a Account,
    /// The template as it is now, as JSON.
    snapshot: String,
}

/// Why a run cannot begin.
pub(super) struct Hindered {
    /// What stands in the way, or what is otherwise.
    pub problems: Vec<Problem>,
    /// It is not what was shown any more.
    is_changed: bool,
}

impl Engine {
    /// The pre-flight of a version: what would happen if it were started now.
    pub async fn sheet(&self, id: VersionId) -> Result<Sheet, EngineError> {
        self.sheet_listing(id, None).await
    }

    /// The same with what becomes of every row; without them where not every row is known.
    pub async fn sheet_with_rows(&self, id: VersionId) -> Result<(Sheet, Option<Listed>), EngineError> {
        let (candidate, template) = self.to_judge(id).await?;
        let (sheet, rows) = self.judge_every_row(&candidate, template.clone()).await?;
        Ok((self.signed(sheet, &candidate, template.as_ref()).await?, rows))
    }

    /// The same with the rows of these numbers: no more of a long file is kept than is shown.
    pub async fn sheet_listing(&self, id: VersionId, listed: Option<Range<i64>>) -> Result<Sheet, EngineError> {
        let (candidate, template) = self.to_judge(id).await?;
        let sheet = self.judge(&candidate, template.clone(), listed).await?;
        self.signed(sheet, &candidate, template.as_ref()).await
    }

    /// The pre-flight, if it is there within `patience`. The reading of a long file goes on, and whoever looks again finds
    /// it: for some seconds after its end too, unless `anew`.
    pub async fn sheet_soon(&self, id: VersionId, anew: bool, patience: Duration) -> Result<Soon<Sheet>, EngineError> {
        if anew {
            self.readings.forget(&Subject::Sheet(id));
        }
        let (candidate, template) = self.to_judge(id).await?;
        Ok(match self.judge_soon(&candidate, template.clone(), patience).await? {
            Soon::Ready(sheet) => Soon::Ready(self.signed(sheet, &candidate, template.as_ref()).await?),
            Soon::Reading(progress) => Soon::Reading(progress),
        })
    }

    /// A version with its template as it is known, and what that puts into variables that the file leaves open.
    async fn to_judge(&self, id: VersionId) -> Result<(Candidate, Option<Snapshot>), EngineError> {
        let mut candidate = self.candidate(id).await?;
        let template = match &candidate.account {
            Some(account) => self.known_templates(account, &candidate.file).await?,
            None => None,
        };
        if let Some(account) = &candidate.account {
            self.with_mapping(&account.name, &mut candidate.file, template.as_ref().map(|t| &t.main)).await?;
        }
        Ok((candidate, template))
    }

    /// The sheet with the mark of what it shows, and all that a start would be refused for.
    async fn signed(
        &self,
        mut sheet: Sheet,
        candidate: &Candidate,
        template: Option<&Snapshot>,
    ) -> Result<Sheet, EngineError> {
        // The file is kept under the mark of its content; people know it by its name.
        sheet.audience.clone_from(&candidate.version.audience_name);
        sheet.shown = Some(self.mark(candidate, template, &sheet).to_string());
        // What a start would be refused for is told before it is tried.
        sheet.blockers.splice(0..0, self.standing_in_the_way(candidate).await?);
        Ok(sheet)
    }

    /// Starts a version, unless something stands in the way. The template is read again, and kept with the run. A version
    /// of a campaign with a standing run is taken up by that; one that comes again runs at its times.
    pub async fn start(&self, id: VersionId, by: &str) -> Result<StartOutcome, EngineError> {
        self.start_if(id, Yes::default(), by).await
    }

    /// Starts a version if it is, to the letter, what was `shown`: version, template, audience, prices, and what is left
    /// of it to send. Otherwise says what changed.
    pub async fn start_shown(&self, id: VersionId, shown: &Shown, by: &str) -> Result<StartOutcome, EngineError> {
        self.start_if(id, Yes { shown: Some(shown), ..Yes::default() }, by).await
    }

    /// The same, although the file is empty, not whole, has other columns or takes much back: a person has said so.
    pub async fn start_anyway(&self, id: VersionId, by: &str) -> Result<StartOutcome, EngineError> {
        self.start_if(id, Yes { anyway: true, ..Yes::default() }, by).await
    }

    /// What the mark of a sheet is made from.
    fn mark(&self, candidate: &Candidate, template: Option<&Snapshot>, sheet: &Sheet) -> Shown {
        Shown::of(Behind {
            version: candidate.version.id,
            definition: &candidate.version.definition,
            audience: &candidate.version.audience_hash,
            template,
            cards: &self.cards,
            at: self.clock.now(),
            sheet,
        })
    }

    /// Starts a version if that is what was said yes to.
    pub async fn start_if(&self, id: VersionId, yes: Yes<'_>, by: &str) -> Result<StartOutcome, EngineError> {
        let once = yes.once.cloned().unwrap_or_default();
        if let Some((run, version)) = once.made()? {
            self.approved(&self.candidate(version).await?, by).await?;
            return Ok(StartOutcome::Started(run));
        }
        let mut candidate = self.candidate(id).await?;
        if let Some(problem) = self.standing_in_the_way(&candidate).await? {
            return Ok(StartOutcome::Refused(vec![problem]));
        }
        let ready = match Box::pin(self.ready(&mut candidate, yes)).await? {
            Ok(ready) => ready,
            Err(hindered) => return Ok(hindered.told()),
        };
        let started = match &candidate {
            Candidate { file: CampaignFile { every: Some(_), .. }, .. } => self.schedule(&candidate, by).await?,
            Candidate { standing: Some(run), .. } => self.amend(run, id, (by, &once)).await?,
            _ => {
                let sort = if candidate.file.is_standing() { Sort::Standing } else { Sort::Once };
                let at = self.clock.now();
                self.begin(&ready.run(&candidate, (by, at), sort), &once).await?
            }
        };
        let Some(started) = started else {
            return Ok(StartOutcome::Refused(vec![Problem::new("run_open", &[])]));
        };
        self.approved(&candidate, by).await?;
        if let StartOutcome::Started(run) = started {
            info!(run.id = %run, version.id = %id, "run {run} of version {id} is started");
            self.tell(Change::Run(run));
        }
        self.wake.notify_waiters();
        Ok(started)
    }

    /// A run begins; `None` when the campaign has an open one.
    async fn begin(&self, new: &NewRun<'_>, once: &Once) -> Result<Option<StartOutcome>, EngineError> {
        let mut tx = self.store.begin().await?;
        let Some(run) = run::insert(&mut tx, new).await? else { return Ok(None) };
        restrict(&mut tx, run, new).await?;
        once.settle(&mut tx, &(run, new.version)).await?;
        tx.commit().await?;
        Ok(Some(StartOutcome::Started(run)))
    }

    /// The standing run takes the version up; `None` when it is just taking up another.
    async fn amend(
        &self,
        run: &Run,
        version: VersionId,
        (by, once): (&str, &Once),
    ) -> Result<Option<StartOutcome>, EngineError> {
        let mut tx = self.store.begin().await?;
        if !run::standing::amend(&mut tx, (run.id, run.revision), version, self.clock.now(), by).await? {
            return Ok(None);
        }
        once.settle(&mut tx, &(run.id, version)).await?;
        tx.commit().await?;
        Ok(Some(StartOutcome::Started(run.id)))
    }

    /// It was approved, and its file has been used.
    async fn approved(&self, candidate: &Candidate, by: &str) -> Result<(), EngineError> {
        let version = &candidate.version;
        version::approve(&self.store, version.id, self.clock.now(), by).await?;
        self.tell(Change::Campaign(version.campaign_id));
        let used = (version.audience_name.as_str(), version.audience_hash.as_str());
        if let Err(cause) = self.file_away(version.campaign_id, &candidate.file, used).await {
            // The run has begun; the file is tried again when the folder is looked at next.
            let error = &cause as &dyn std::error::Error;
            warn!(error, campaign.id = %version.campaign_id, "a used file could not be filed away");
        }
        Ok(())
    }

    /// What a run needs besides its rows, if nothing stands in the way. The template is read again.
    pub(super) async fn ready<'a>(
        &'a self,
        candidate: &mut Candidate,
        yes: Yes<'_>,
    ) -> Result<Result<Ready<'a>, Hindered>, EngineError> {
        let (sender, account) = match self.way_out(&candidate.file.sender) {
            Ok(way) => way,
            Err(problem) => return Ok(Err(Hindered::by(vec![problem]))),
        };
        let template = match self.approved_templates(account, &candidate.file).await? {
            Ok(template) => template,
            // Who names what they saw is told below what changed of it.
            Err(problem) if yes.shown.is_some() && problem.code == "template_changed" => {
                return Ok(Err(Hindered::changed(vec![Problem::new("shown_template", &[])])));
            }
            Err(problem) => return Ok(Err(Hindered::by(vec![problem]))),
        };
        let mapping = self.with_mapping(&account.name, &mut candidate.file, Some(&template.main)).await?;
        if let Some(moved) = feed::telling_moves(&candidate.file) {
            // What cannot be read now is judged as it was read last.
            drop(self.fresh_templates(&account.name, &moved).await);
        }
        let run = candidate.standing.as_ref();
        if let Some(problem) = run.and_then(|run| feed::stands_apart(run, &candidate.file, account, &template)) {
            return Ok(Err(Hindered::by(vec![problem])));
        }
        let mut sheet = self.judge(candidate, Some(template.clone()), None).await?;
        if let Some(shown) = yes.shown {
            let changes = shown.changes(&self.mark(candidate, Some(&template), &sheet));
            if !changes.is_empty() {
                return Ok(Err(Hindered::changed(changes)));
            }
        }
        sheet.blockers.retain(|problem| !(yes.anyway && preflight::diff::is_guard(problem)));
        if !sheet.blockers.is_empty() {
            return Ok(Err(Hindered::by(sheet.blockers)));
        }
        own::approve(&self.store, candidate.version.id, &mapping).await?;
        let snapshot = crate::store::json(&template);
        Ok(Ok(Ready { sender, account, snapshot }))
    }

    pub(super) async fn candidate(&self, id: VersionId) -> Result<Candidate, EngineError> {
        let version = version::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "version" })?;
        // A version is kept only after its definition was read.
        let corrupt = |_| crate::store::StoreError::Corrupt { what: "version.definition" };
        let file = load::parse(&version.definition).map_err(corrupt)?;
        let way = self.way_out(&file.sender).ok();
        let (sender, account) = way.map(|(s, a)| (s.clone(), a.clone())).unzip();
        let standing = feed::standing_run(self, version.campaign_id, &file).await?;
        Ok(Candidate { version, file, sender, account, standing })
    }

    /// What makes a start wrong whatever the rows say.
    async fn standing_in_the_way(&self, candidate: &Candidate) -> Result<Option<Problem>, EngineError> {
        let id = candidate.version.campaign_id;
        let campaign = campaign::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        if campaign.removed_at.is_some() {
            return Ok(Some(Problem::new("campaign_removed", &[])));
        }
        if let Some(run) = feed::started(self, &candidate.version).await? {
            return Ok(Some(Problem::new("already_started", &[("run", &run.to_string())])));
        }
        if candidate.file.every.is_some() {
            return Ok(None);
        }
        if let Some(run) = &candidate.standing {
            // The first file is planned to its end before another is compared with it.
            let half_planned = run.revision == 1 && run.state == RunState::Paused && run.rows_read.is_none();
            let busy = run.state == RunState::Planning || half_planned;
            return Ok(busy.then(|| Problem::new("feed_busy", &[("run", &run.id.to_string())])));
        }
        let open = run::open_of_campaign(&self.store, id).await?;
        Ok(open.map(|_| Problem::new("run_open", &[])))
    }
}

impl Hindered {
    fn by(problems: Vec<Problem>) -> Self {
        Self { problems, is_changed: false }
    }

    fn changed(problems: Vec<Problem>) -> Self {
        Self { problems, is_changed: true }
    }

    fn told(self) -> StartOutcome {
        if self.is_changed { StartOutcome::Changed(self.problems) } else { StartOutcome::Refused(self.problems) }
    }
}

impl Ready<'_> {
    /// The run to be.
    pub(super) fn run<'a>(&'a self, candidate: &Candidate, (by, at): (&'a str, UnixMs), sort: Sort) -> NewRun<'a> {
        NewRun {
            campaign: candidate.version.campaign_id,
            version: candidate.version.id,
            kind: candidate.file.kind,
            account: &self.account.name,
            sender: &self.sender.name,
            template: &self.snapshot,
            currency: self.account.currency.as_str(),
            starter: by,
            at,
            sort,
        }
    }
}
