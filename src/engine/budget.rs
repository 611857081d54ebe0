//! Budgets of campaigns: what they are, what is spent, and charges that nothing was reserved for.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::warn;

use super::{Engine, EngineError, load};
use crate::billing::card::Cards;
use crate::billing::estimate;
use crate::billing::market::Market;
use crate::config::Account;
use crate::domain::budget::{Budget, next_months};
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::CampaignFile;
use crate::store::budget::Spent;
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::receipt::{ReceiptChange, Standing};
use crate::store::run::{self, Run};
use crate::store::{Tx, budget, message, version};

/// What Meta keeps an undelivered message for when the template does not say (cloud-api.md 4), and a margin.
const USUAL_LIFE: Duration = Duration::from_hours(30 * 24 + 1);

/// A campaign's budget and what is spent of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purse {
    /// The budget.
    pub budget: Budget,
    /// What is charged and reserved, in this month where the budget is a monthly one.
    pub spent: Spent,
}

impl Purse {
    /// What is left.
    pub fn left(&self) -> Micros {
        self.budget.left(self.spent.sum())
    }
}

/// The version of `campaign` that was loaded last, and the budget it gives: a corrected file counts at once, also for a
/// run that is open.
pub(super) async fn latest(
    engine: &Engine,
    campaign: CampaignId,
    known: Option<VersionId>,
) -> Result<Option<(VersionId, Option<Budget>)>, EngineError> {
    let Some(version) = version::latest(&engine.store, campaign).await? else { return Ok(None) };
    if known == Some(version.id) {
        return Ok(None);
    }
    let budget = load::parse(&version.definition).ok().and_then(|file| file.limits.budget);
    Ok(Some((version.id, budget)))
}

/// The budget of `campaign` and what is spent of it at `now`; `None` when it has none.
pub async fn purse(engine: &Engine, campaign: CampaignId, account: &str) -> Result<Option<Purse>, EngineError> {
    let Some((_, Some(budget))) = latest(engine, campaign, None).await? else { return Ok(None) };
    let Some(account) = engine.config.accounts.get(account) else { return Ok(None) };
    let month = budget.period(&engine.clock.now().day_in(&account.timezone));
    let spent = budget::spent(&engine.store, campaign, &month).await?;
    Ok(Some(Purse { budget, spent }))
}

/// What is spent of the budget that `file` gives `campaign`; nothing where it gives none.
pub(super) async fn spent_of(
    engine: &Engine,
    file: &CampaignFile,
    campaign: CampaignId,
    account: Option<&Account>,
) -> Result<Micros, EngineError> {
    let (Some(budget), Some(account)) = (file.limits.budget, account) else { return Ok(Micros::default()) };
    let month = budget.period(&engine.clock.now().day_in(&account.timezone));
    Ok(budget::spent(&engine.store, campaign, &month).await?.sum())
}

/// Why a run is out of budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Out {
    /// The budget.
    pub budget: String,
    /// Charged of it.
    pub charged: String,
    /// Kept of it for messages under way.
    pub reserved: String,
    /// When the next month begins, where it is a monthly one.
    pub until: Option<UnixMs>,
}

/// Whether the budget of `run`'s campaign does not suffice for its next message.
pub(super) async fn out(engine: &Engine, run: &Run) -> Result<Option<Out>, EngineError> {
    let (store, now) = (&engine.store, engine.clock.now());
    let Some(at_most) = budget::at_most(store, run.campaign_id).await? else { return Ok(None) };
    let Some((_, Some(budget))) = latest(engine, run.campaign_id, None).await? else { return Ok(None) };
    let Some(account) = engine.config.accounts.get(&run.account) else { return Ok(None) };
    let Some((market, estimated)) = budget::next_price(store, run.id).await? else { return Ok(None) };
    let worst = worst_prices(&engine.cards, account, &run.snapshots()?, now);
    let price = worst.get(&market).copied().unwrap_or_default().max(estimated);
    // What the claim goes by says that there is enough: then there is.
    if budget.left(at_most) >= price {
        return Ok(None);
    }
    let month = budget.period(&now.day_in(&account.timezone));
    let spent = budget::spent(store, run.campaign_id, &month).await?;
    if budget.left(spent.sum()) >= price {
        return Ok(None);
    }
    let until = budget.monthly.then(|| next_months(now, &account.timezone).next()).flatten();
    let said = |amount: Micros| format!("{amount} {}", budget.currency);
    let (charged, reserved) = (said(spent.charged), said(spent.reserved));
    Ok(Some(Out { budget: said(budget.amount), charged, reserved, until }))
}

/// The worst price by market of a message of `template`, in whatever language, that is claimed at `now`.
pub(super) fn worst_prices(
    cards: &Cards,
    account: &Account,
    template: &Snapshot,
    now: UnixMs,
) -> BTreeMap<String, Micros> {
    let mut worst = BTreeMap::new();
    for (market, price) in template.all().flat_map(|t| worst_of(cards, account, t, now)) {
        let most = worst.entry(market).or_insert(price);
        *most = price.max(*most);
    }
    worst
}

fn worst_of(cards: &Cards, account: &Account, template: &Template, now: UnixMs) -> BTreeMap<String, Micros> {
    let life = template.time_to_live_s.and_then(|s| u64::try_from(s).ok()).map_or(USUAL_LIFE, Duration::from_secs);
    let (from, until) = (now.day_in(&account.timezone), now.plus(life).day_in(&account.timezone));
    let worst = |market: Market| {
        let price = estimate::worst(cards, account.currency, market.as_str(), template.category, &from, &until)?;
        Some((market.as_str().to_owned(), price))
    };
    Market::all().filter_map(worst).collect()
}

/// Books what receipts charge and nothing was reserved for, and stops the run of a charge above its reservation: the
/// prices that the budget reckons with are not the provider's. Returns whether something was stopped.
pub(super) async fn book(
    tx: &mut Tx,
    before: &[Standing],
    changes: &[ReceiptChange],
    now: UnixMs,
) -> Result<bool, EngineError> {
    let before: BTreeMap<_, &Standing> = before.iter().map(|s| (s.id, s)).collect();
    let mut more: BTreeMap<CampaignId, Micros> = BTreeMap::new();
    let mut over: BTreeMap<RunId, CampaignId> = BTreeMap::new();
    for ReceiptChange { standing: after, .. } in changes {
        let Some(old) = before.get(&after.id).filter(|_| after.run_id != RunId::BY_HAND) else { continue };
        let grown = (after.charged + after.reserved) - (old.charged + old.reserved);
        if grown <= 0 {
            continue;
        }
        let sum = more.entry(after.campaign_id).or_default();
        *sum = sum.plus(Micros(grown));
        // One that had been given up had its reservation let go.
        if old.reserved > 0 && old.state != MessageState::Undelivered {
            over.insert(after.run_id, after.campaign_id);
        }
    }
    budget::more(tx, &more).await?;
    let mut stopped = false;
    for (run, campaign) in over {
        if budget::is_kept(tx, campaign).await? {
            warn!(run.id = %run, "the provider charged more than was reserved: run {run} is held");
            let (scope, cause) = (HoldScope::Run, HoldCause::Budget);
            let new = NewHold { scope, scope_key: run.to_string(), cause, code: None, until_at: None };
            stopped |= hold::place_in(tx, &new, now).await?;
        }
    }
    Ok(stopped)
}

/// What is in line of `run` is told at the price of what its template is billed as now.
pub(super) async fn reprice(engine: &Engine, run: RunId) -> Result<(), EngineError> {
    let store = &engine.store;
    let Some(run) = run::get(store, run).await? else { return Ok(()) };
    // Where its translations are billed differently, the planned category of each message says more.
    let (Some(account), Some(category)) = (engine.config.accounts.get(&run.account), run.snapshots()?.one_category())
    else {
        return Ok(());
    };
    let day = engine.clock.now().day_in(&account.timezone);
    for market in message::stale_markets(store, run.id, category).await? {
        let price = estimate::estimate(&engine.cards, account.currency, &market, category, &day);
        message::reprice(store, run.id, &market, (category, price.unwrap_or_default())).await?;
    }
    Ok(())
}
