//! Failed messages of a run that a person has tried again: what failed, why, whether another try can help and what it
//! costs; then the new attempts. They pass every gate again, as any message does.

use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use super::dispatcher::is_marketing;
use super::{Engine, EngineError, category, holds};
use crate::billing::market::Market;
use crate::domain::change::Change;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::{Currency, Micros};
use crate::domain::retry::Help;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::preflight::of_markets;
use crate::store::message::{self, Failed, RetryTerms};
use crate::store::run::{self, Run};

/// Numbers looked at together.
const NUMBERS: i64 = 1_000;

/// What it costs to send again: at least and at most, `None` without a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// A bad day.
    pub low: Option<Micros>,
    /// Everything arrives, at the worst price.
    pub high: Option<Micros>,
}

/// Messages that failed for one cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The provider's code, 0 where it gave none.
    pub code: i64,
    /// How many.
    pub n: i64,
    /// Those of them that would be sent again.
    pub again: i64,
    /// The rest, by what keeps them from it.
    pub left_out: BTreeMap<ExclusionReason, i64>,
    /// Whether it can help.
    pub help: Help,
    /// What sending them again costs.
    pub cost: Range,
}

/// What of a run may be tried again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetrySheet {
    /// Currency of the costs.
    pub currency: String,
    /// Causes; what can help first, then the largest.
    pub groups: Vec<Group>,
    /// Messages whose latest time passed before they were sent: not part of it.
    pub expired: i64,
    /// Messages that were accepted and never arrived: not part of it either.
    pub undelivered: i64,
    /// Whether the run's state allows it.
    pub is_open_to_it: bool,
}

impl RetrySheet {
    /// How many messages of the groups with these codes would be sent again, and for what.
    pub fn total(&self, codes: &BTreeSet<i64>) -> (i64, Range) {
        let mut sum = (0, Range { low: Some(Micros(0)), high: Some(Micros(0)) });
        for group in self.groups.iter().filter(|group| codes.contains(&group.code)) {
            sum.0 += group.again;
            sum.1 = sum.1.plus(group.cost);
        }
        sum
    }

    /// Messages that people may have got, of the groups with these codes and of the others: those that would be sent again.
    pub fn unsure(&self, codes: &BTreeSet<i64>) -> (i64, i64) {
        let unsure = || self.groups.iter().filter(|group| group.help == Help::Unsure);
        let sum = |chosen: bool| unsure().filter(|g| codes.contains(&g.code) == chosen).map(|g| g.again).sum();
        (sum(true), sum(false))
    }

    /// The groups that are tried again where nobody chooses.
    pub fn by_default(&self) -> BTreeSet<i64> {
        self.groups.iter().filter(|group| group.help.by_default() && group.again > 0).map(|group| group.code).collect()
    }
}

impl Range {
    fn plus(self, other: Self) -> Self {
        let sum = |a: Option<Micros>, b: Option<Micros>| Some(a?.plus(b?));
        Self { low: sum(self.low, other.low), high: sum(self.high, other.high) }
    }
}

impl Engine {
    /// What of a run failed and may be tried again.
    pub async fn retry_sheet(&self, id: RunId) -> Result<RetrySheet, EngineError> {
        let run = run::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
        let templates = category::as_billed(self, &run.account, run.snapshots()?).await?;
        let now = self.clock.now();
        let failed = message::failed(&self.store, id, now, &self.retry_terms(&run, &templates).await?).await?;
        let mut codes: BTreeMap<i64, Vec<Failed>> = BTreeMap::new();
        for part in failed {
            codes.entry(part.code).or_default().push(part);
        }
        let group = |(code, parts): (i64, Vec<Failed>)| self.group(&run, &templates.main, now, code, &parts);
        let mut groups: Vec<Group> = codes.into_iter().map(group).collect();
        groups.sort_by_key(|group| (group.help, -group.n, group.code));
        let counts = run::counts(&self.store, id).await?;
        let count = |state| counts.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
        Ok(RetrySheet {
            groups,
            expired: count(MessageState::Expired),
            undelivered: count(MessageState::Undelivered),
            is_open_to_it: run.state != RunState::Cancelled,
            currency: run.currency,
        })
    }

    /// What keeps failed messages of `run` from another try: the list that counts, and countries that are held.
    async fn retry_terms(&self, run: &Run, templates: &Snapshot) -> Result<RetryTerms, EngineError> {
        let marketing = is_marketing(run.kind, templates.strictest_category());
        let (countries, mut barred) = (holds::countries(self).await?, BTreeSet::new());
        if !countries.is_empty() {
            let mut after = MessageId(0);
            loop {
                let page = message::failed_numbers(&self.store, run.id, after, NUMBERS).await?;
                let Some((last, _)) = page.last() else { break };
                after = *last;
                let held = |number: &str| holds::is_barred(&countries, &run.account, number);
                barred.extend(page.iter().filter(|(_, number)| held(number)).map(|(id, _)| *id));
            }
        }
        Ok(RetryTerms { marketing, barred })
    }

    fn group(&self, run: &Run, template: &Template, now: UnixMs, code: i64, parts: &[Failed]) -> Group {
        let mut left_out: BTreeMap<ExclusionReason, i64> = BTreeMap::new();
        let (mut markets, mut unknown, mut again) = (BTreeMap::new(), false, 0);
        for part in parts {
            if let Some(reason) = ExclusionReason::parse(&part.left_out) {
                *left_out.entry(reason).or_default() += part.n;
                continue;
            }
            again += part.n;
            match Market::named(&part.market) {
                Some(market) => *markets.entry(market).or_default() += part.n,
                None => unknown = true,
            }
        }
        let account = self.config.accounts.get(&run.account);
        let day = now.day_in(&account.map_or(jiff::tz::TimeZone::UTC, |account| account.timezone.clone()));
        let cost = Currency::parse(&run.currency)
            .ok()
            .filter(|_| !unknown)
            .map(|currency| of_markets(&self.cards, currency, template, &day, &markets));
        let cost = cost.map_or(Range { low: None, high: None }, |cost| Range { low: cost.low, high: cost.high });
        let n = parts.iter().map(|part| part.n).sum();
        Group { code, n, again, left_out, help: Help::of(code, self.errors_of(&run.account).policy(code)), cost }
    }

    /// Opens a new attempt for what failed in a run with one of `codes` and may have one; a closed run goes on. Returns how
    /// many; `None`: the run was cancelled.
    pub async fn retry(&self, id: RunId, codes: &BTreeSet<i64>) -> Result<Option<u64>, EngineError> {
        let run = run::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
        if run.state == RunState::Cancelled {
            return Ok(None);
        }
        let templates = category::as_billed(self, &run.account, run.snapshots()?).await?;
        let (now, terms) = (self.clock.now(), self.retry_terms(&run, &templates).await?);
        let mut done = 0;
        for code in codes {
            done += message::retry(&self.store, id, *code, now, &terms).await?;
        }
        info!(run.id = %id, message.count = done, "{done} failed messages of run {id} are tried again");
        self.tell(Change::Run(id));
        self.wake.notify_waiters();
        Ok(Some(done))
    }
}
