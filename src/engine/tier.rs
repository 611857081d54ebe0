//! The messaging limit of each portfolio: what is configured, what the provider says, how it stands.

use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use super::{Engine, EngineError};
use crate::config::{Account, Portfolio};
use crate::domain::event::{Identity, Receipt, ReceiptStatus};
use crate::domain::tier::{KEPT, Limit, REMINDERS_AHEAD, Taken, free, next_free};
use crate::domain::time::UnixMs;
use crate::inbox::reply::told_at;
use crate::store::place::{self, Begins, Foreign};
use crate::store::{Tx, identity, orphan};

/// More reminders than this need not be counted: no limit is as high.
const MOST_REMINDERS: i64 = 200_000;

/// How a portfolio stands.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// Its name.
    pub portfolio: String,
    /// People who may be reached in 24 h; `None`: any number.
    pub limit: Option<i64>,
    /// People who hold a place now, with what was used before the first start.
    pub taken: i64,
    /// People left to others.
    pub reserve: i64,
    /// New people who may be reached now; 0 while the places are being gathered.
    pub free: i64,
    /// When the next place frees, where none is free; `None`: one is, or nobody knows yet.
    pub next_frees_at: Option<UnixMs>,
}

/// The portfolio of `account` as it is configured.
fn settings(engine: &Engine, portfolio: &str) -> Portfolio {
    engine.config.portfolios.get(portfolio).copied().unwrap_or_default()
}

/// Every portfolio with its accounts.
fn portfolios(engine: &Engine) -> BTreeMap<&str, Vec<&Account>> {
    let mut all: BTreeMap<&str, Vec<&Account>> = BTreeMap::new();
    for account in engine.config.accounts.values() {
        all.entry(account.portfolio_name()).or_default().push(account);
    }
    all
}

/// Begins to keep the portfolios of the configuration: limits in force, and the places of those that are limited.
/// Repeating it changes nothing.
pub async fn begin(engine: &Engine) -> Result<(), EngineError> {
    let (store, now) = (&engine.store, engine.clock.now());
    let all = portfolios(engine);
    let begins: Vec<Begins> = all
        .iter()
        .flat_map(|(name, accounts)| accounts.iter().map(move |a| (name, a)))
        .map(|(name, account)| Begins { account: account.name.clone(), portfolio: (*name).to_owned() })
        .collect();
    place::assign(store, &begins).await?;
    for name in all.into_keys() {
        let settings = settings(engine, name);
        place::begin(store, name, settings.used_at_start, now).await?;
        let Some(kept) = place::get(store, name).await? else { continue };
        let told = kept.told.as_deref().and_then(Limit::parse);
        put(engine, name, told.or(settings.tier).unwrap_or(Limit::Unlimited), None).await?;
    }
    Ok(())
}

/// The provider says what `account`'s portfolio is granted, in its own word; a word that nobody knows changes nothing.
pub async fn told(engine: &Engine, account: &Account, word: &str) -> Result<(), EngineError> {
    let Some(limit) = Limit::parse(word) else {
        info!(account.name = account.name, "the provider names an unknown messaging limit");
        return Ok(());
    };
    put(engine, account.portfolio_name(), limit, Some(word)).await
}

/// Meta's `pricing.category` of free texts, which take no place.
const SERVICE: &str = "service";

/// A receipt of another installation's message on `account`, that happened at `at`: its person takes a place too.
pub(super) async fn foreign(
    tx: &mut Tx,
    engine: &Engine,
    (account, receipt, at): (&str, &Receipt, UnixMs),
    now: UnixMs,
) -> Result<(), EngineError> {
    let is_text = receipt.pricing.as_ref().is_some_and(|pricing| pricing.category.ends_with(SERVICE));
    let Some(account) = engine.config.accounts.get(account).filter(|_| !is_text) else { return Ok(()) };
    let (wa_id, bsuid) = (receipt.wa_id.clone(), receipt.bsuid.clone());
    if wa_id.is_none() && bsuid.is_none() {
        return Ok(());
    }
    let until = match receipt.status {
        ReceiptStatus::Sent | ReceiptStatus::Delivered => at.plus(KEPT),
        ReceiptStatus::Failed => UnixMs(0),
        // Reading it says nothing about when it came.
        ReceiptStatus::Accepted | ReceiptStatus::Read | ReceiptStatus::Played | ReceiptStatus::Other => return Ok(()),
    };
    let identity = Identity { wa_id, bsuid, name: None, username: None };
    let person = identity::meet(tx, &identity, now).await?.root();
    let (id, portfolio) = (receipt.provider_id.clone(), account.portfolio_name().to_owned());
    Ok(place::foreign(tx, &Foreign { id, portfolio, person, until }, now).await?)
}

/// Gathers the places of a portfolio that is limited from now on: of its messages, and of other installations'.
async fn gather(engine: &Engine, name: &str, now: UnixMs) -> Result<(), EngineError> {
    let store = &engine.store;
    for kept in orphan::foreign_since(store, now.minus(KEPT)).await? {
        let ours = engine.config.accounts.get(&kept.account).is_some_and(|a| a.portfolio_name() == name);
        let Some(receipt) = serde_json::from_str::<Receipt>(&kept.receipt).ok().filter(|_| ours) else { continue };
        let at = told_at(receipt.at, kept.received_at);
        let mut tx = store.begin().await?;
        foreign(&mut tx, engine, (&kept.account, &receipt, at), now).await?;
        tx.commit().await?;
    }
    Ok(place::rebuild(store, name, now).await?)
}

async fn put(engine: &Engine, name: &str, limit: Limit, told: Option<&str>) -> Result<(), EngineError> {
    let (store, now) = (&engine.store, engine.clock.now());
    let before = place::get(store, name).await?;
    let same = |p: &place::Portfolio| p.limit() == limit && (told.is_none() || p.told.as_deref() == told);
    let kept = match before {
        Some(before) if same(&before) => {
            place::look(store).await?;
            Some(before)
        }
        _ => {
            info!(portfolio.name = name, "portfolio {name} may reach {limit} people in 24 hours");
            place::set_limit(store, name, limit, told, now).await?
        }
    };
    if kept.is_some_and(|p| p.limit() != Limit::Unlimited && p.ready_at.is_none()) {
        gather(engine, name, now).await?;
    }
    engine.wake.notify_waiters();
    Ok(())
}

/// How `portfolio` stands now; `None` when there is no such portfolio.
pub async fn standing(engine: &Engine, portfolio: &str) -> Result<Option<Standing>, EngineError> {
    let (store, now) = (&engine.store, engine.clock.now());
    let Some(kept) = place::get(store, portfolio).await? else { return Ok(None) };
    let Limit::People(people) = kept.limit() else {
        let portfolio = portfolio.to_owned();
        return Ok(Some(Standing { portfolio, limit: None, taken: 0, reserve: 0, free: 0, next_frees_at: None }));
    };
    let taken = place::count(store, &kept, now).await?;
    let reserve = settings(engine, portfolio).reserve;
    let free = if kept.ready_at.is_some() { free(people, reserve, taken) } else { 0 };
    let next_frees_at = if free == 0 { frees_at(engine, portfolio, (people, taken), 0).await? } else { None };
    Ok(Some(Standing {
        portfolio: portfolio.to_owned(),
        limit: Some(people),
        taken: taken.people + taken.used,
        reserve: reserve.of(people),
        free,
        next_frees_at,
    }))
}

/// How every portfolio with an account stands, by name.
pub async fn standings(engine: &Engine) -> Result<Vec<Standing>, EngineError> {
    let mut all = Vec::new();
    for name in portfolios(engine).into_keys() {
        all.extend(standing(engine, name).await?);
    }
    Ok(all)
}

async fn frees_at(
    engine: &Engine,
    portfolio: &str,
    (people, taken): (i64, Taken),
    reminders: i64,
) -> Result<Option<UnixMs>, EngineError> {
    let kept = (settings(engine, portfolio).reserve.of(people) - taken.others).max(0);
    let held = place::held_until(&engine.store, portfolio, engine.clock.now()).await?;
    Ok(next_free(&held, people - kept - reminders))
}

/// Why a message for a new person waits for a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wait {
    /// `tier`, `tier_reserve` where the places that are left are the reserve, or `tier_reminders` where they are kept for
    /// planned reminders.
    pub code: &'static str,
    /// People reached.
    pub taken: i64,
    /// Of so many.
    pub limit: i64,
    /// Of these kept back for others.
    pub reserve: i64,
    /// When a place frees, where that is known.
    pub until: Option<UnixMs>,
}

/// Whether a message for a new person would wait for a place now. A promotion leaves room for planned reminders.
pub(super) async fn wait(engine: &Engine, account: &str, promotion: bool) -> Result<Option<Wait>, EngineError> {
    let Some(account) = engine.config.accounts.get(account) else { return Ok(None) };
    let name = account.portfolio_name();
    let Some(standing) = standing(engine, name).await? else { return Ok(None) };
    let Some(limit) = standing.limit else { return Ok(None) };
    let (taken, reserve) = (standing.taken, standing.reserve);
    // Where as many have been reached as there are, nothing that is kept back stands in the way.
    let code = if reserve > 0 && taken < limit { "tier_reserve" } else { "tier" };
    let full = Wait { code, taken, limit, reserve, until: standing.next_frees_at };
    if standing.free == 0 {
        return Ok(Some(full));
    }
    let reminders = if promotion { reminders(engine, name).await? } else { 0 };
    if reminders < standing.free {
        return Ok(None);
    }
    let Some(kept) = place::get(&engine.store, name).await? else { return Ok(None) };
    let taken = place::count(&engine.store, &kept, engine.clock.now()).await?;
    let until = frees_at(engine, name, (limit, taken), reminders).await?;
    Ok(Some(Wait { code: "tier_reminders", until, ..full }))
}

/// People for whose reminders promotions of `portfolio` leave room.
pub(super) async fn reminders(engine: &Engine, portfolio: &str) -> Result<i64, EngineError> {
    let now = engine.clock.now();
    Ok(place::reminders(&engine.store, portfolio, now, now.plus(REMINDERS_AHEAD), MOST_REMINDERS).await?)
}

/// The portfolio of `account` and what it leaves to others, as the claim needs it.
pub(super) fn terms(engine: &Engine, account: &Account) -> (String, crate::domain::tier::Reserve) {
    let name = account.portfolio_name().to_owned();
    let reserve = settings(engine, &name).reserve;
    (name, reserve)
}

/// The names of the portfolios there are.
pub fn names(engine: &Engine) -> BTreeSet<String> {
    portfolios(engine).into_keys().map(str::to_owned).collect()
}
