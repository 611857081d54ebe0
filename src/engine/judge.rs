//! What a sheet is made from: everything that is known of a version, its sender, and what was sent before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::is_marketing;
use super::feed::Failure;
use super::forecast::{self, USUAL_THROUGHPUT};
use super::readings::{Made, Soon, Subject};
use super::start::Candidate;
use super::{Engine, EngineError, aside, budget, feed, funds, holds, people_pace, wallet};
use crate::billing::card::Cards;
use crate::config::{Account, Config, Sender};
use crate::domain::earlier::Earlier;
use crate::domain::forecast::Scene;
use crate::domain::id::RunId;
use crate::domain::money::Micros;
use crate::domain::people_pace::WHOLE;
use crate::domain::phone::Phone;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::domain::wallet::Purse;
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows::Names;
use crate::preflight::diff::Feed;
use crate::preflight::{self, Balance, Listed, Listing, Sheet, SheetInputs, SheetRow, SheetTier};
use crate::store::erased::{self, Erased};
use crate::store::run::SameAudience;
use crate::store::suppression::SuppressionScope;
use crate::store::{place, run, suppression, template, token, user};

impl Engine {
    /// What earlier runs have sent, but for one: nothing counts for a campaign that comes again, and a standing run knows
    /// its own.
    async fn sent_before(&self, candidate: &Candidate, but: Option<RunId>) -> Result<Earlier, EngineError> {
        let (mut earlier, id) = (Earlier::default(), candidate.version.campaign_id);
        if let Some(run) = feed::left_out_for(self, &candidate.version, &candidate.file).await? {
            feed::each_sent(self, run, |gone| earlier.add(gone.of_person())).await?;
        }
        if candidate.file.every.is_some() {
            return Ok(earlier.done());
        }
        let own = but.or(candidate.standing.as_ref().map(|run| run.id));
        for run in run::ids_of_campaign(&self.store, id, RunId::BY_HAND).await? {
            if Some(run) != own {
                feed::each_sent(self, run, |gone| earlier.add(gone)).await?;
            }
        }
        Ok(earlier.done().with_erased(erased::sent(&self.store, id).await?))
    }

    /// What there is to send with.
    async fn funds(&self, account: Option<&Account>) -> Result<(Option<Balance>, Option<SheetTier>), EngineError> {
        let Some(account) = account else { return Ok((None, None)) };
        Ok((funds::balance(self, account).await?, funds::people_left(self, account).await?))
    }

    /// How fast it would go, and what it would find.
    async fn around(&self, candidate: &Candidate) -> Result<(u32, Scene), EngineError> {
        let (Some(sender), Some(account)) = (&candidate.sender, &candidate.account) else {
            return Ok((
                USUAL_THROUGHPUT,
                Scene::alone(self.clock.now(), f64::from(USUAL_THROUGHPUT), self.clock.speed()),
            ));
        };
        Ok((forecast::throughput(self, sender).await?, forecast::around(self, sender, account).await?))
    }

    /// The sheet of a run that is to be corrected, whose own messages stand in nobody's way, and how many messages it has for
    /// rows that are not among `gone`.
    pub(super) async fn judge_but(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        (run, gone): (RunId, BTreeSet<i64>),
    ) -> Result<(Sheet, i64), EngineError> {
        let known = Box::pin(self.known(candidate, template, Some(run))).await?;
        let failure = known.failure.clone();
        let judged = aside(move || {
            let mut rest = 0;
            let is_more = |row: &SheetRow| row.reason.is_none() && !gone.contains(&row.row);
            let sheet = known.sheet(None, &|_, _| (), &mut |row| rest += i64::from(is_more(row)));
            (sheet, rest)
        });
        let judged = judged.await?;
        failure.told()?;
        Ok(judged)
    }

    /// The template that tells a new time, and what the version would amend.
    async fn amended(
        &self,
        candidate: &Candidate,
        template: Option<&Snapshot>,
        failure: &Failure,
    ) -> Result<(Option<Snapshot>, Option<Feed>), EngineError> {
        let moved = match &candidate.account {
            Some(account) => feed::moved_template(self, account, &candidate.file).await?,
            None => None,
        };
        let feed = match &candidate.standing {
            Some(run) => Some(feed::of(self, run, (template, moved.as_ref()), failure).await?),
            None => None,
        };
        Ok((moved, feed))
    }

    /// The sheet of a version with that template.
    pub(super) async fn judge(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        listed: Option<Range<i64>>,
    ) -> Result<Sheet, EngineError> {
        let known = Box::pin(self.known(candidate, template, None)).await?;
        let failure = known.failure.clone();
        let sheet = aside(move || known.sheet(listed, &|_, _| (), &mut |_| ())).await?;
        failure.told()?;
        Ok(sheet)
    }

    /// The sheet, and every row where they are known.
    pub(super) async fn judge_every_row(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
    ) -> Result<(Sheet, Option<Listed>), EngineError> {
        let known = Box::pin(self.known(candidate, template, None)).await?;
        let (mut listing, failure) = (Listing::default(), known.failure.clone());
        let read = move || {
            let sheet = known.sheet(None, &|_, _| (), &mut |row| listing.add(row));
            let rows = sheet.messages.is_some().then(|| listing.done()).transpose();
            rows.map(|rows| (sheet, rows))
        };
        let done = aside(read).await?;
        failure.told()?;
        done.map_err(|cause| EngineError::File { place: "the folder for temporary files", cause })
    }

    /// The sheet, if it is there within `patience`; a longer reading goes on, and is found by whoever looks again.
    pub(super) async fn judge_soon(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        patience: Duration,
    ) -> Result<Soon<Sheet>, EngineError> {
        let subject = Subject::Sheet(candidate.version.id);
        if !self.readings.has(&subject, "") {
            let known = Box::pin(self.known(candidate, template, None)).await?;
            self.readings.read_aside((subject.clone(), ""), move |going| {
                Made::Sheet(Arc::new(known.sheet(None, &|rows, of| going.tell(rows, of), &mut |_| ())))
            });
        }
        match self.readings.wait((&subject, ""), patience).await {
            Some(Soon::Reading(progress)) => Ok(Soon::Reading(progress)),
            Some(Soon::Ready(Made::Sheet(sheet))) => Ok(Soon::Ready((*sheet).clone())),
            _ => Err(EngineError::File { place: "the audiences", cause: std::io::Error::other("its reading ended") }),
        }
    }

    async fn left_alone(&self, marketing: bool) -> Result<LeftAlone, EngineError> {
        let suppressed = suppression::phones(&self.store, marketing).await?;
        Ok(LeftAlone { suppressed, erased: erased::all(&self.store).await?, marketing })
    }

    /// Names of those who may answer people, and of bots with what they are.
    async fn who_answers(&self) -> Result<BTreeSet<String>, EngineError> {
        let bots = token::bots(&self.store).await?.into_iter().map(|name| format!("bot:{name}"));
        Ok(user::answering(&self.store).await?.into_iter().chain(bots).collect())
    }

    /// Templates that an account is known to have.
    async fn names_of_templates(&self, account: Option<&Account>) -> Result<Vec<(String, String)>, EngineError> {
        let Some(account) = account else { return Ok(Vec::new()) };
        let all = template::list(&self.store, &account.name).await?;
        Ok(all.into_iter().map(|t| (t.name, t.language)).collect())
    }

    async fn known(
        &self,
        candidate: &Candidate,
        template: Option<Snapshot>,
        but: Option<RunId>,
    ) -> Result<Known, EngineError> {
        let category = template.as_ref().map_or(Category::Utility, Snapshot::strictest_category);
        let Candidate { version, file, sender, account, .. } = candidate;
        let (id, hash) = (version.campaign_id, &version.audience_hash);
        let failure = Failure::default();
        let (moved, feed) = self.amended(candidate, template.as_ref(), &failure).await?;
        let (throughput, around) = self.around(candidate).await?;
        let (balance, tier) = self.funds(account.as_ref()).await?;
        let portfolio = account.as_ref().map_or("", Account::portfolio_name);
        let now = self.clock.now();
        Ok(Known {
            left_alone: self.left_alone(is_marketing(file.kind, category)).await?,
            vars: self.vars().await?,
            names: self.client_names(file, &failure).await?,
            users: self.who_answers().await?,
            templates: self.names_of_templates(account.as_ref()).await?,
            same_audience: run::of_same_audience(&self.store, id, &version.rows_hash).await?,
            earlier: self.sent_before(candidate, but).await?,
            reached: place::phones(&self.store, portfolio, now).await?,
            countries: holds::countries(self).await?,
            audience: self.audience(hash).await?,
            spent: budget::spent_of(self, file, id, account.as_ref()).await?,
            purse: wallet::purse_of(self, account.as_ref().zip(sender.as_ref())).await?,
            file: file.clone(),
            sender: sender.clone(),
            account: account.clone(),
            config: Arc::clone(&self.config),
            cards: Arc::clone(&self.cards),
            template,
            moved,
            feed,
            failure,
            throughput,
            around,
            people: people_pace::of(self, file).await?.map_or(1.0, |standing| standing.share as f64 / WHOLE as f64),
            balance,
            tier,
            now,
        })
    }
}

/// Everything a sheet is made from, so that it can be made on a thread of its own.
struct Known {
    file: CampaignFile,
    sender: Option<Sender>,
    account: Option<Account>,
    config: Arc<Config>,
    cards: Arc<Cards>,
    template: Option<Snapshot>,
    moved: Option<Snapshot>,
    feed: Option<Feed>,
    /// Why what it has planned, or what people are called, could not be read.
    failure: Failure,
    left_alone: LeftAlone,
    vars: BTreeMap<String, String>,
    names: Arc<dyn Names>,
    users: BTreeSet<String>,
    /// What the account has: name and language.
    templates: Vec<(String, String)>,
    same_audience: Option<SameAudience>,
    earlier: Earlier,
    reached: BTreeSet<String>,
    countries: BTreeSet<String>,
    audience: PathBuf,
    throughput: u32,
    around: Scene,
    people: f64,
    spent: Micros,
    balance: Option<Balance>,
    tier: Option<SheetTier>,
    purse: Option<Purse>,
    now: UnixMs,
}

impl Known {
    fn sheet(&self, listed: Option<Range<i64>>, progress: &dyn Fn(u64, u64), each: &mut dyn FnMut(&SheetRow)) -> Sheet {
        let (config, template) = (&self.config, self.template.as_ref());
        let account_name = self.account.as_ref().map_or("", |account| account.name.as_str());
        let inputs = SheetInputs {
            campaign: &self.file,
            template: template.map(|t| &t.main),
            templates: &self.templates,
            translations: template.map_or(&[], |t| &t.translations),
            account: self.account.as_ref(),
            sender: self.sender.as_ref(),
            cards: &self.cards,
            vars: &self.vars,
            names: &*self.names,
            holidays: &config.holidays,
            laws: &config.laws,
            reach: &config.reach,
            teams: Some(&config.teams),
            users: Some(&self.users),
            same_audience: self.same_audience.as_ref(),
            audience: &self.audience,
            now: self.now,
            throughput: self.throughput,
            around: &self.around,
            people: self.people,
            reached: &|phone| has(&self.reached, phone),
            spent: self.spent,
            balance: self.balance.clone(),
            tier: self.tier,
            purse: self.purse,
            canary: config.canary,
            suppressed: &|phone| self.left_alone.has(phone),
            earlier: &self.earlier,
            feed: self.feed.as_ref(),
            moved_template: self.moved.as_ref().map(|t| &t.main),
            barred: &|phone| holds::is_barred(&self.countries, account_name, phone.digits()),
            listed,
        };
        preflight::sheet_telling(&inputs, progress, each)
    }
}

/// Who must not get a campaign.
struct LeftAlone {
    suppressed: BTreeSet<String>,
    erased: Erased,
    marketing: bool,
}

impl LeftAlone {
    fn has(&self, phone: &Phone) -> bool {
        let is_meant = |scope| self.marketing || scope == SuppressionScope::All;
        has(&self.suppressed, phone) || self.erased.scope_of(phone).is_some_and(is_meant)
    }
}

/// Whether a number is among `numbers`, in whatever way it is written.
fn has(numbers: &BTreeSet<String>, phone: &Phone) -> bool {
    !numbers.is_empty() && phone.variants().iter().any(|way| numbers.contains(way.digits()))
}
