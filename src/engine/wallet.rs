//! Prepaid wallets: read from time to time, kept to at each claim. A low one holds the account before it runs dry, and
//! lifts the hold after the recharge; reminders use the rest first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Engine, EngineError, budget};
use crate::config::{Account, Sender};
use crate::domain::change::Change;
use crate::domain::kind::Priority;
use crate::domain::money::{Currency, Micros};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::domain::wallet::Purse;
use crate::engine::holds::ITSELF;
use crate::store::hold::{self, Hold, HoldCause, HoldScope, NewHold};
use crate::store::wallet::{self, Wallet};

/// How often a wallet is read (real time).
const EVERY: Duration = Duration::from_secs(20);

/// The same while the account waits for a recharge, or a message for the next reading.
const EVERY_WHILE_HELD: Duration = Duration::from_secs(5);

/// Between two looks at whose turn it is (real time).
const LOOK: Duration = Duration::from_secs(1);

/// What was claimed this long before a reading may not be in it yet (real time).
const LAG: Duration = Duration::from_mins(1);

/// A reading that is older says nothing of what may be spent now (real time).
const OLD: Duration = Duration::from_mins(5);

/// What is in line is summed up at most this often (real time), and for one part of the time in so many.
const SUM_EVERY: Duration = Duration::from_secs(1);
const SUM_SHARE: u32 = 20;

/// A recharge has to bring this much more than nothing where less does not do for what is in line, so that a hold does not
/// end for one message.
const WORTH_IT: Micros = Micros(1_000_000);

/// What the wallets of this process's accounts hold, as last summed up.
#[derive(Debug, Default)]
pub struct Wallets(Mutex<BTreeMap<String, Known>>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    reminders: Micros,
    planned: Micros,
    /// When what is in line was summed up, and how long that took.
    summed: Option<(Instant, Duration)>,
    /// When the wallet was read.
    read: Option<Instant>,
    /// Something waits for the next reading.
    awaited: bool,
}

impl Wallets {
    fn of(&self, account: &str) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied().unwrap_or_default()
    }

    fn change(&self, account: &str, change: impl FnOnce(&mut Known)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(account.to_owned()).or_default());
    }
}

/// How an account's wallet stands.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct WalletStanding {
    /// The account.
    pub account: String,
    /// ISO 4217.
    pub currency: String,
    /// What it held when it was last read, as a decimal.
    pub balance: String,
    /// How far below zero it may go.
    pub overdraft: String,
    /// With no more than this left, nothing is sent.
    pub low: String,
    /// What is left for messages not sent yet, as far as is known.
    pub left: String,
    /// What the messages in line will cost, with the provider's own fee.
    pub planned: String,
    /// What of it is for reminders, which go first.
    pub reminders: String,
    /// What has to be put in at least for everything in line to go out; `null`: nothing.
    pub recharge: Option<String>,
    /// When it was read, Unix milliseconds.
    pub read_at: UnixMs,
}

/// Reads the wallets.
#[derive(Clone, Debug)]
pub struct WalletReader {
    engine: Engine,
}

impl WalletReader {
    /// A reader of every wallet of the configuration.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Reads until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if stop.run_until_cancelled(self.step()).await.is_none() {
                break;
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(LOOK) => {} }
        }
    }

    /// Reads the wallets whose time has come, and places or lifts what follows.
    pub async fn step(&self) {
        for account in self.engine.config.accounts.values() {
            if let Err(cause) = self.look_at(account).await {
                let error = &cause as &dyn std::error::Error;
                info!(error, account.name = account.name, "the wallet of account {} is not known", account.name);
            }
        }
    }

    async fn look_at(&self, account: &Account) -> Result<(), EngineError> {
        let engine = &self.engine;
        let Some(provider) = engine.providers.get(&account.name) else { return Ok(()) };
        let held = hold_of(engine, account).await?;
        let known = engine.wallets.of(&account.name);
        let pause = if held.is_some() || known.awaited { EVERY_WHILE_HELD } else { EVERY };
        if known.read.is_some_and(|at| at.elapsed() < pause) {
            return Ok(());
        }
        let Some(told) = provider.wallet().await else { return Ok(()) };
        engine.wallets.change(&account.name, |known| {
            known.read = Some(Instant::now());
            known.awaited = false;
        });
        let told = told?;
        if told.currency != account.currency {
            warn!(
                account.name = account.name,
                "the wallet is in {}, the account in {}", told.currency, account.currency
            );
            return Ok(());
        }
        let read = Wallet {
            account: account.name.clone(),
            currency: told.currency.as_str().to_owned(),
            balance: told.balance,
            overdraft: told.overdraft,
            read_at: engine.clock.now(),
            raised_at: None,
        };
        wallet::read(&engine.store, &read).await?;
        self.judge(account, held).await
    }

    async fn judge(&self, account: &Account, held: Option<Hold>) -> Result<(), EngineError> {
        let engine = &self.engine;
        let Some(known) = wallet::of(&engine.store, &account.name).await? else { return Ok(()) };
        let Some(sender) = sender_of(engine, account) else { return Ok(()) };
        let Some(purse) = purse(engine, account, sender).await? else { return Ok(()) };
        let room = purse.hope(Priority::REMINDER);
        match held {
            None if purse.is_low(Micros(0)) => hold_low(engine, account).await,
            // The provider's own word that it is empty counts until more is put in.
            Some(hold) => {
                // Failures of before the recharge are told up to a minute after it.
                let heard_by = |raised: UnixMs| raised.plus(engine.clock_span(LAG));
                let recharged = hold.code.is_none() || known.raised_at.is_some_and(|at| heard_by(at) > hold.created_at);
                if recharged && room.0 > 0 && room >= worth_it(&purse) {
                    engine.lift_hold(hold.id, ITSELF).await?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// What there has to be for a hold to end: what the reminders in line need, or all that is in line where no reminder is, and
/// never more than [`WORTH_IT`].
fn worth_it(purse: &Purse) -> Micros {
    let needed = if purse.reminders.0 > 0 { purse.reminders } else { purse.planned };
    needed.min(WORTH_IT)
}

/// The sender whose messages an account's wallet pays: it has one.
fn sender_of<'a>(engine: &'a Engine, account: &Account) -> Option<&'a Sender> {
    engine.config.senders.values().find(|sender| sender.account == account.name)
}

async fn hold_of(engine: &Engine, account: &Account) -> Result<Option<Hold>, EngineError> {
    let this = |hold: &Hold| hold.scope == HoldScope::Account && hold.cause == HoldCause::Wallet;
    Ok(hold::open(&engine.store).await?.into_iter().find(|hold| this(hold) && hold.scope_key == account.name))
}

/// The wallet is low: nothing of the account leaves until it is recharged.
pub(super) async fn hold_low(engine: &Engine, account: &Account) -> Result<(), EngineError> {
    let (scope, scope_key, cause) = (HoldScope::Account, account.name.clone(), HoldCause::Wallet);
    let new = NewHold { scope, scope_key, cause, code: None, until_at: None };
    if hold::place(&engine.store, &new, engine.clock.now()).await? {
        warn!(account.name = account.name, "the wallet of account {} is low: it is held", account.name);
        engine.tell(Change::Holds);
    }
    Ok(())
}

/// What a message of `template` costs at most, the provider's own fee included; of none (by hand anything may be sent): the
/// fee.
pub(super) fn dearest(engine: &Engine, account: &Account, template: Option<&Snapshot>) -> Micros {
    let fee = account.access.wallet_terms().map_or(Micros(0), |(_, fee)| fee);
    let worst = |template| budget::worst_prices(&engine.cards, account, template, engine.clock.now());
    template.and_then(|template| worst(template).into_values().max()).unwrap_or_default().plus(fee)
}

/// Nothing can be claimed by what is left at least, and the next reading may show more. Where none has come for long, the
/// wallet counts as low.
pub(super) async fn await_reading(engine: &Engine, account: &Account) -> Result<(), EngineError> {
    engine.wallets.change(&account.name, |known| known.awaited = true);
    let read = wallet::of(&engine.store, &account.name).await?;
    let is_old = |read: Wallet| engine.clock.now().since(read.read_at) > engine.clock_span(OLD);
    if read.is_some_and(is_old) { hold_low(engine, account).await } else { Ok(()) }
}

/// How the wallet of `account` stands now; `None`: it has none, or it was never read.
pub(super) async fn purse(engine: &Engine, account: &Account, sender: &Sender) -> Result<Option<Purse>, EngineError> {
    let Some((low, fee)) = account.access.wallet_terms() else { return Ok(None) };
    let Some(read) = wallet::of(&engine.store, &account.name).await? else { return Ok(None) };
    let since = read.read_at.minus(engine.clock_span(LAG));
    let before = wallet::spent(&engine.store, &sender.name, (since, read.read_at)).await?;
    let after = wallet::spent(&engine.store, &sender.name, (read.read_at, UnixMs(i64::MAX))).await?;
    let cost = |sum: wallet::Sum| sum.amount.plus(fee.times(sum.messages));
    let known = in_line(engine, account, sender, fee).await?;
    Ok(Some(Purse {
        available: read.available(),
        spent: cost(before).plus(cost(after)),
        settled: cost(before),
        doubtful: after.doubtful.plus(fee.times(after.doubts)),
        low,
        reminders: known.reminders,
        planned: known.planned,
    }))
}

/// The same of what may not be known.
pub(super) async fn purse_of(engine: &Engine, of: Option<(&Account, &Sender)>) -> Result<Option<Purse>, EngineError> {
    match of {
        Some((account, sender)) => purse(engine, account, sender).await,
        None => Ok(None),
    }
}

/// What is in line, summed up now and then.
async fn in_line(engine: &Engine, account: &Account, sender: &Sender, fee: Micros) -> Result<Known, EngineError> {
    let known = engine.wallets.of(&account.name);
    let fresh = |(at, took): (Instant, Duration)| at.elapsed() < SUM_EVERY.max(took * SUM_SHARE);
    if known.summed.is_some_and(fresh) {
        return Ok(known);
    }
    let began = Instant::now();
    let planned = wallet::planned(&engine.store, &sender.name).await?;
    let sum = |most: Priority| {
        let these = planned.iter().filter(|p| p.priority <= most);
        these.fold(Micros(0), |sum, p| sum.plus(p.amount).plus(fee.times(p.messages)))
    };
    engine.wallets.change(&account.name, |known| {
        known.reminders = sum(Priority::REMINDER);
        known.planned = sum(Priority::PROMOTION);
        known.summed = Some((Instant::now(), began.elapsed()));
    });
    Ok(engine.wallets.of(&account.name))
}

/// How every wallet stands, by account.
pub async fn standings(engine: &Engine) -> Result<Vec<WalletStanding>, EngineError> {
    let mut all = Vec::new();
    for account in engine.config.accounts.values() {
        all.extend(standing(engine, account).await?);
    }
    Ok(all)
}

/// How the wallet of `account` stands; `None`: it has none, or it was never read.
pub async fn standing(engine: &Engine, account: &Account) -> Result<Option<WalletStanding>, EngineError> {
    let Some(sender) = sender_of(engine, account) else { return Ok(None) };
    let Some(read) = wallet::of(&engine.store, &account.name).await? else { return Ok(None) };
    let Some(purse) = purse(engine, account, sender).await? else { return Ok(None) };
    let missing = purse.missing(Micros(0));
    Ok(Some(WalletStanding {
        account: account.name.clone(),
        currency: read.currency.clone(),
        balance: read.balance.to_string(),
        overdraft: read.overdraft.to_string(),
        low: purse.low.to_string(),
        left: purse.likely().to_string(),
        planned: purse.planned.to_string(),
        reminders: purse.reminders.to_string(),
        recharge: (missing.0 > 0).then(|| missing.to_string()),
        read_at: read.read_at,
    }))
}

/// What has to be put into the wallet of `account` at least for everything in line to go out; `None`: nothing, or nobody
/// knows.
pub async fn recharge(engine: &Engine, account: &str) -> Result<Option<(Currency, Micros)>, EngineError> {
    let Some(account) = engine.config.accounts.get(account) else { return Ok(None) };
    let Some(sender) = sender_of(engine, account) else { return Ok(None) };
    let missing = purse(engine, account, sender).await?.map_or(Micros(0), |purse| purse.missing(Micros(0)));
    Ok((missing.0 > 0).then_some((account.currency, missing)))
}
