//! The pre-flight of a version, and starting it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::info;

use super::forecast::{self, USUAL_THROUGHPUT};
use super::{Engine, EngineError, aside, budget, funds, holds, load};
use crate::config::{Account, Sender};
use crate::domain::change::Change;
use crate::domain::earlier::Earlier;
use crate::domain::forecast::Scene;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Category;
use crate::intake::campaign_file::CampaignFile;
use crate::preflight::{self, Balance, Behind, Sheet, SheetInputs, SheetTier, Shown};
use crate::store::run::{self, NewRun};
use crate::store::version::Version;
use crate::store::{campaign, message, place, suppression, user, version};

use super::dispatcher::is_marketing;

/// What became of a start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StartOutcome {
    /// It runs.
    Started(RunId),
    /// These must be mended first.
    Refused(Vec<Problem>),
    /// It is not what was shown any more: it is to be looked at again, and this is what changed.
    Changed(Vec<Problem>),
}

/// A version with everything a decision about it needs.
pub(super) struct Candidate {
    pub(super) version: Version,
    pub(super) file: CampaignFile,
    pub(super) sender: Option<Sender>,
    pub(super) account: Option<Account>,
}

impl Engine {
    /// The pre-flight of a version: what would happen if it were started now. `with_rows` lists every row's fate.
    pub async fn sheet(&self, id: VersionId, with_rows: bool) -> Result<Sheet, EngineError> {
        let candidate = self.candidate(id).await?;
        let template = match &candidate.account {
            Some(account) => self.known_templates(account, &candidate.file).await?,
            None => None,
        };
        let known = template.clone();
        let mut sheet = self.judge(&candidate, template, with_rows).await?;
        // The file is kept under the mark of its content; people know it by its name.
        sheet.audience.clone_from(&candidate.version.audience_name);
        sheet.shown = Some(self.mark(&candidate, known.as_ref(), &sheet).to_string());
        // What a start would be refused for is told before it is tried.
        sheet.blockers.splice(0..0, self.standing_in_the_way(&candidate).await?);
        Ok(sheet)
    }

    /// Starts a version, unless something stands in the way. The template is read again, and kept with the run.
    pub async fn start(&self, id: VersionId, by: &str) -> Result<StartOutcome, EngineError> {
        self.start_if(id, None, by).await
    }

    /// Starts a version if it is, to the letter, what was `shown`: version, template, audience, prices, and what is left
    /// of it to send. Otherwise says what changed.
    pub async fn start_shown(&self, id: VersionId, shown: &Shown, by: &str) -> Result<StartOutcome, EngineError> {
        self.start_if(id, Some(shown), by).await
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

    async fn start_if(&self, id: VersionId, shown: Option<&Shown>, by: &str) -> Result<StartOutcome, EngineError> {
        let candidate = self.candidate(id).await?;
        if let Some(problem) = self.standing_in_the_way(&candidate).await? {
            return Ok(StartOutcome::Refused(vec![problem]));
        }
        let (sender, account) = match self.way_out(&candidate.file.sender) {
            Ok(way) => way,
            Err(problem) => return Ok(StartOutcome::Refused(vec![problem])),
        };
        let template = match self.approved_templates(account, &candidate.file).await? {
            Ok(template) => template,
            // Who names what they saw is told below what changed of it.
            Err(problem) if shown.is_some() && problem.code == "template_changed" => {
                return Ok(StartOutcome::Changed(vec![Problem::new("shown_template", &[])]));
            }
            Err(problem) => return Ok(StartOutcome::Refused(vec![problem])),
        };
        let sheet = self.judge(&candidate, Some(template.clone()), false).await?;
        if let Some(shown) = shown {
            let changes = shown.changes(&self.mark(&candidate, Some(&template), &sheet));
            if !changes.is_empty() {
                return Ok(StartOutcome::Changed(changes));
            }
        }
        if !sheet.blockers.is_empty() {
            return Ok(StartOutcome::Refused(sheet.blockers));
        }
        self.begin(&candidate, (sender, account), &template, by).await
    }

    /// Writes the run of what was found good.
    async fn begin(
        &self,
        candidate: &Candidate,
        (sender, account): (&Sender, &Account),
        template: &Snapshot,
        by: &str,
    ) -> Result<StartOutcome, EngineError> {
        let (snapshot, id) = (crate::store::json(template), candidate.version.id);
        let new = NewRun {
            campaign: candidate.version.campaign_id,
            version: id,
            kind: candidate.file.kind,
            account: &account.name,
            sender: &sender.name,
            template: &snapshot,
            currency: account.currency.as_str(),
            starter: by,
            at: self.clock.now(),
        };
        let Some(run) = run::insert(&self.store, &new).await? else {
            return Ok(StartOutcome::Refused(vec![Problem::new("run_open", &[])]));
        };
        version::approve(&self.store, id, new.at, by).await?;
        info!(run.id = %run, version.id = %id, "run {run} of version {id} is started");
        self.tell(Change::Campaign(new.campaign));
        self.tell(Change::Run(run));
        self.wake.notify_waiters();
        Ok(StartOutcome::Started(run))
    }

    pub(super) async fn candidate(&self, id: VersionId) -> Result<Candidate, EngineError> {
        let version = version::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "version" })?;
        // A version is kept only after its definition was read.
        let corrupt = |_| crate::store::StoreError::Corrupt { what: "version.definition" };
        let file = load::parse(&version.definition).map_err(corrupt)?;
        let way = self.way_out(&file.sender).ok();
        let (sender, account) = way.map(|(s, a)| (s.clone(), a.clone())).unzip();
        Ok(Candidate { version, file, sender, account })
    }

    /// What makes a start wrong whatever the rows say.
    async fn standing_in_the_way(&self, candidate: &Candidate) -> Result<Option<Problem>, EngineError> {
        let id = candidate.version.campaign_id;
        let campaign = campaign::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        if campaign.removed_at.is_some() {
            return Ok(Some(Problem::new("campaign_removed", &[])));
        }
        if let Some(run) = run::started_before(&self.store, candidate.version.id).await? {
            return Ok(Some(Problem::new("already_started", &[("run", &run.to_string())])));
        }
        let open = run::open_of_campaign(&self.store, id).await?;
        Ok(open.map(|_| Problem::new("run_open", &[])))
    }

    /// What runs of a campaign have sent, but for one.
    async fn earlier(&self, campaign: CampaignId, but: Option<RunId>) -> Result<Earlier, EngineError> {
        let gone = message::gone_of(&self.store, campaign).await?;
        Ok(Earlier::of(gone.into_iter().filter(|gone| Some(gone.run) != but).collect::<Vec<_>>()))
    }

    /// What there is to send with.
    async fn funds(&self, account: Option<&Account>) -> Result<(Option<Balance>, Option<SheetTier>), EngineError> {
        let Some(account) = account else { return Ok((None, None)) };
        Ok((funds::balance(self, account).await?, funds::people_left(self, account).await?))
    }

    /// How fast it would go, and what it would find.
    async fn around(&self, candidate: &Candidate) -> Result<(u32, Scene), EngineError> {
        let (Some(sender), Some(account)) = (&candidate.sender, &candidate.account) else {
            return Ok((USUAL_THROUGHPUT, Scene::alone(self.clock.now(), f64::from(USUAL_THROUGHPUT))));
        };
        Ok((forecast::throughput(self, sender).await?, forecast::around(self, sender, account).await?))
    }

    /// The sheet of a run that is to be corrected, whose own messages stand in nobody's way.
    pub(super) async fn judge_but(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        run: Option<RunId>,
    ) -> Result<Sheet, EngineError> {
        self.judged(candidate, template, (false, run)).await
    }

    async fn judge(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        with_rows: bool,
    ) -> Result<Sheet, EngineError> {
        self.judged(candidate, template, (with_rows, None)).await
    }

    async fn judged(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        (with_rows, but): (bool, Option<RunId>),
    ) -> Result<Sheet, EngineError> {
        let category = template.as_ref().map_or(Category::Utility, Snapshot::strictest_category);
        let suppressed = suppression::phones(&self.store, is_marketing(candidate.file.kind, category)).await?;
        let users = user::names(&self.store).await?;
        let (id, hash) = (candidate.version.campaign_id, &candidate.version.audience_hash);
        let same_audience = run::of_same_audience(&self.store, id, hash).await?;
        let earlier = self.earlier(id, but).await?;
        let (throughput, around) = self.around(candidate).await?;
        let portfolio = candidate.account.as_ref().map_or("", Account::portfolio_name);
        let reached = place::phones(&self.store, portfolio, self.clock.now()).await?;
        let (file, sender, account) = (candidate.file.clone(), candidate.sender.clone(), candidate.account.clone());
        let (balance, tier) = self.funds(account.as_ref()).await?;
        let (config, cards) = (Arc::clone(&self.config), Arc::clone(&self.cards));
        let countries = holds::countries(self).await?;
        let account_name = account.as_ref().map_or_else(String::new, |account| account.name.clone());
        let path = self.audience(&candidate.version.audience_hash).await?;
        let now = self.clock.now();
        let spent = budget::spent_of(self, &candidate.file, candidate.version.campaign_id, account.as_ref()).await?;
        aside(move || {
            preflight::sheet(&SheetInputs {
                campaign: &file,
                template: template.as_ref().map(|t| &t.main),
                translations: template.as_ref().map_or(&[], |t| &t.translations),
                account: account.as_ref(),
                sender: sender.as_ref(),
                cards: &cards,
                vars: &config.vars,
                holidays: &config.holidays,
                laws: &config.laws,
                reach: &config.reach,
                teams: Some(&config.teams),
                users: Some(&users),
                same_audience: same_audience.as_ref().map(|(name, run)| (name.as_str(), *run)),
                audience: &path,
                now,
                throughput,
                around: &around,
                reached: &|phone| has(&reached, phone),
                spent,
                balance,
                tier,
                canary: config.canary,
                suppressed: &|phone| has(&suppressed, phone),
                earlier: &earlier,
                barred: &|phone| holds::is_barred(&countries, &account_name, phone.digits()),
                with_rows,
            })
        })
        .await
    }
}

/// Whether a number is among `numbers`, in whatever way it is written.
fn has(numbers: &BTreeSet<String>, phone: &Phone) -> bool {
    !numbers.is_empty() && phone.variants().iter().any(|way| numbers.contains(way.digits()))
}
