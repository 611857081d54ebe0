//! What a claim keeps to besides the pace: the portfolio's free places, worst prices, budgets. What is asked of the
//! database here is asked rarely; what must be exact is exact in the claim's transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::run_facts::RunFacts;
use crate::config::Account;
use crate::domain::budget::Budget;
use crate::domain::id::{CampaignId, PersonId, RunId, VersionId};
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::tier::{Limit, Reserve};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, budget, tier};
use crate::store::message::{Bounds, Places, Purse, Taken, Terms, Turn};
use crate::store::{budget as purses, place};

/// What is asked again and again takes at most this share of the time: one in so many.
const SHARE: u32 = 20;

/// How often another daemon's change of a limit, or a corrected budget, is looked for (real time).
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Keeps something costly from being asked too often, by the daemon's clock: when it was answered, and what that took.
#[derive(Debug, Default)]
struct Throttle(Option<(UnixMs, Duration)>);

impl Throttle {
    fn allows(&self, now: UnixMs) -> bool {
        self.0.is_none_or(|(answered, cost)| now.since(answered) >= cost * SHARE)
    }

    fn asked(&mut self, began: UnixMs, answered: UnixMs) {
        self.0 = Some((answered, answered.since(began)));
    }
}

/// What is known of a campaign's budget.
#[derive(Debug, Default)]
struct Kept {
    version: Option<VersionId>,
    budget: Option<Budget>,
    /// The month that was counted.
    counted: Option<String>,
    /// The last claim found too little left.
    short: bool,
    throttle: Throttle,
}

/// What one sender's claims keep to.
#[derive(Debug)]
pub(super) struct Keeper {
    portfolio: String,
    reserve: Reserve,
    limited: bool,
    /// The last claim found no place for somebody.
    full: bool,
    recount: Throttle,
    reminders: i64,
    reminders_asked: Throttle,
    looked: Throttle,
    /// Where the next look for people already reached begins.
    after: PersonId,
    day: String,
    terms: BTreeMap<RunId, Terms>,
    budgets: BTreeMap<CampaignId, Kept>,
    /// When another's changes were last looked for.
    fresh: Option<Instant>,
}

impl Keeper {
    pub(super) fn new(engine: &Engine, account: &Account) -> Self {
        let (portfolio, reserve) = tier::terms(engine, account);
        Self {
            portfolio,
            reserve,
            limited: false,
            full: false,
            recount: Throttle::default(),
            reminders: 0,
            reminders_asked: Throttle::default(),
            looked: Throttle::default(),
            after: PersonId::default(),
            day: String::new(),
            terms: BTreeMap::new(),
            budgets: BTreeMap::new(),
            fresh: None,
        }
    }

    /// Learns what the claim of `runs` has to keep to.
    pub(super) async fn prepare(
        &mut self,
        engine: &Engine,
        account: &Account,
        runs: &[(Turn, Option<Arc<RunFacts>>)],
        now: UnixMs,
    ) -> Result<(), EngineError> {
        let stale = self.fresh.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
        if stale {
            place::look(&engine.store).await?;
            self.fresh = Some(Instant::now());
        }
        self.prepare_places(engine, runs, now).await?;
        self.price(engine, account, runs, now);
        self.prepare_budgets(engine, runs, now, stale).await
    }

    async fn prepare_places(
        &mut self,
        engine: &Engine,
        runs: &[(Turn, Option<Arc<RunFacts>>)],
        now: UnixMs,
    ) -> Result<(), EngineError> {
        self.limited = place::is_limited(&engine.store)
            && place::get(&engine.store, &self.portfolio).await?.is_some_and(|p| p.limit() != Limit::Unlimited);
        if !self.limited {
            return Ok(());
        }
        if self.full && self.recount.allows(now) {
            place::recount(&engine.store, &self.portfolio, now).await?;
            self.recount.asked(now, engine.clock.now());
        }
        let promotions = runs.iter().any(|(turn, _)| turn.priority == Priority::PROMOTION);
        if promotions && self.reminders_asked.allows(now) {
            let began = engine.clock.now();
            self.reminders = tier::reminders(engine, &self.portfolio).await?;
            self.reminders_asked.asked(began, engine.clock.now());
        }
        Ok(())
    }

    /// The worst prices of each run, worked out once a day.
    fn price(&mut self, engine: &Engine, account: &Account, runs: &[(Turn, Option<Arc<RunFacts>>)], now: UnixMs) {
        let day = now.day_in(&account.timezone);
        if day != self.day {
            self.terms.clear();
            self.day = day;
        }
        self.terms.retain(|run, _| runs.iter().any(|(turn, _)| turn.run == *run));
        for (turn, facts) in runs {
            let Some(facts) = facts else { continue };
            self.terms.entry(turn.run).or_insert_with(|| {
                let worst = budget::worst_prices(&engine.cards, account, &facts.template, now);
                Terms { worst: Arc::new(worst), purse: None }
            });
        }
    }

    async fn prepare_budgets(
        &mut self,
        engine: &Engine,
        runs: &[(Turn, Option<Arc<RunFacts>>)],
        now: UnixMs,
        stale: bool,
    ) -> Result<(), EngineError> {
        let campaigns: BTreeSet<CampaignId> = runs.iter().filter_map(|(_, f)| Some(f.as_ref()?.campaign)).collect();
        self.budgets.retain(|campaign, _| campaigns.contains(campaign));
        for campaign in campaigns {
            let kept = self.budgets.entry(campaign).or_default();
            if stale || kept.version.is_none() || kept.short {
                kept.renew(engine, campaign).await?;
            }
            kept.count(engine, campaign, (&self.day, now)).await?;
        }
        for (turn, facts) in runs {
            let (Some(facts), Some(terms)) = (facts, self.terms.get_mut(&turn.run)) else { continue };
            terms.purse = self.budgets.get(&facts.campaign).and_then(|kept| kept.purse(facts.campaign, &self.day));
        }
        Ok(())
    }

    /// What the next claim keeps to.
    pub(super) fn bounds(&self, now: UnixMs) -> Bounds<'_> {
        let places = self.limited.then(|| Places {
            portfolio: &self.portfolio,
            reserve: self.reserve,
            reminders: self.reminders,
            reached_after: self.looked.allows(now).then_some(self.after),
        });
        Bounds { places, terms: Some(&self.terms) }
    }

    /// Learns from what a claim took that `began` and ended then.
    pub(super) fn learn(&mut self, taken: &Taken, began: UnixMs, ended: UnixMs) {
        self.full = taken.full;
        if let Some(next) = taken.reached_to {
            self.after = next;
            self.looked.asked(began, ended);
        }
        for (campaign, kept) in &mut self.budgets {
            kept.short = taken.spent.contains(campaign);
        }
    }
}

impl Kept {
    async fn renew(&mut self, engine: &Engine, campaign: CampaignId) -> Result<(), EngineError> {
        let Some((version, budget)) = budget::latest(engine, campaign, self.version).await? else { return Ok(()) };
        if self.budget.is_some() && budget.is_none() {
            purses::close(&engine.store, campaign).await?;
        }
        if budget.map(|b| b.monthly) != self.budget.map(|b| b.monthly) {
            self.counted = None;
        }
        (self.version, self.budget) = (Some(version), budget);
        Ok(())
    }

    /// Counts what is spent where it is not counted yet, or where the last claim found too little left.
    async fn count(
        &mut self,
        engine: &Engine,
        campaign: CampaignId,
        (day, now): (&str, UnixMs),
    ) -> Result<(), EngineError> {
        let Some(month) = self.budget.map(|budget| budget.period(day)) else { return Ok(()) };
        let counted = self.counted.as_ref() == Some(&month);
        if counted && !(self.short && self.throttle.allows(now)) {
            return Ok(());
        }
        let began = engine.clock.now();
        purses::recount(&engine.store, campaign, &month).await?;
        self.throttle.asked(began, engine.clock.now());
        self.counted = Some(month);
        Ok(())
    }

    fn purse(&self, campaign: CampaignId, day: &str) -> Option<Purse> {
        let budget = self.budget?;
        Some(Purse { campaign, month: budget.period(day), amount: Micros(budget.amount.0) })
    }
}
