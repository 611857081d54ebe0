//! Taking a store over that was restored, copied or moved: the original may have gone on sending after the copy was made.
//! What it may have sent is put in doubt; receipts settle it, or a person does.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use super::EngineError;
use super::budget::worst_prices;
use super::doubt::Stakes;
use super::holds::ITSELF;
use super::janitor::HEARTBEAT;
use super::steer::stop_in;
use crate::billing::card::Cards;
use crate::config::Config;
use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::store::message::{self, Reserved, Suspect};
use crate::store::{Store, home, lease, run};

/// Messages looked at together.
const PAGE: i64 = 1_000;

/// What whoever takes over knows of the original.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Original {
    /// It may have gone on sending: what may have left is put in doubt.
    MayHaveSent,
    /// Nothing was sent from it since: everything in line goes out.
    SentNothing,
}

/// The store that is taken over.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The store.
    pub store: &'a Store,
    /// The configuration of the daemon that will send.
    pub config: &'a Config,
    /// Rate cards.
    pub cards: &'a Cards,
    /// When.
    pub now: UnixMs,
}

/// What may have left without this store knowing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outlook {
    /// When a daemon last ran on this store before it was held, or on the store that it is a copy of.
    pub last_ran: Option<UnixMs>,
    /// What sending it all may do at worst.
    pub stakes: Stakes,
    /// Runs whose rows were still being read: what the original read and sent of the rest is not known.
    pub unread: Vec<RunId>,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// A hold was lifted.
    pub lifted: bool,
    /// Messages put in doubt.
    pub in_doubt: u64,
    /// Runs paused.
    pub paused: u64,
}

/// What may have left from the original.
pub async fn outlook(place: Place<'_>) -> Result<Outlook, EngineError> {
    let mut outlook =
        Outlook { last_ran: last_ran(place.store).await?, unread: unread(place).await?, ..Outlook::default() };
    let (mut prices, mut people) = (Prices::default(), BTreeSet::<PersonId>::new());
    let mut after = MessageId(0);
    loop {
        let page = message::suspects(place.store, place.now, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for suspect in &page {
            let worst = prices.of(place, suspect).await?;
            let sum = outlook.stakes.worst.entry(suspect.currency.clone()).or_default();
            *sum = sum.plus(worst);
            outlook.stakes.messages += 1;
            people.insert(suspect.person_id);
        }
    }
    outlook.stakes.people = people.len() as i64;
    Ok(outlook)
}

/// A person, `by`, says that this store, here, is the one that sends from now on. What may have left is put aside before
/// anything can be claimed.
pub async fn take_over(place: Place<'_>, original: Original, by: &str) -> Result<Taken, EngineError> {
    let mut taken = Taken::default();
    if original == Original::MayHaveSent {
        taken.in_doubt = put_in_doubt(place).await?;
        for id in unread(place).await? {
            let mut tx = place.store.begin().await?;
            let why = [Problem::new("taken_over_unread", &[])];
            taken.paused += u64::from(stop_in(&mut tx, id, ITSELF, &why, place.now).await?);
            tx.commit().await?;
        }
    }
    taken.lifted = home::take_over(place.store, place.now, by).await?;
    if taken.lifted {
        // Nobody misses the original's nodes here; one that is there says so again in a moment.
        lease::forget_all(place.store).await?;
    }
    info!(message.count = taken.in_doubt, "the store is taken over; {} messages are put in doubt", taken.in_doubt);
    Ok(taken)
}

async fn put_in_doubt(place: Place<'_>) -> Result<u64, EngineError> {
    let since = last_ran(place.store).await?.unwrap_or(place.now);
    let (mut done, mut prices, mut after) = (0, Prices::default(), MessageId(0));
    loop {
        let page = message::suspects(place.store, place.now, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = last.id;
        let mut list = Vec::with_capacity(page.len());
        for suspect in &page {
            let reserved = prices.of(place, suspect).await?;
            list.push(Reserved { id: suspect.id, campaign: suspect.campaign_id, reserved });
        }
        done += message::suspect(place.store, &list, since, place.now).await?;
    }
}

/// Noted when the store was held; while it is not, the heartbeat that came with the copy says it.
async fn last_ran(store: &Store) -> Result<Option<UnixMs>, EngineError> {
    if let Some(noted) = home::held_since(store).await? {
        return Ok(Some(noted));
    }
    let beat = crate::store::setting::read(store, HEARTBEAT).await?;
    Ok(beat.and_then(|at| at.parse().ok()).map(UnixMs))
}

async fn unread(place: Place<'_>) -> Result<Vec<RunId>, EngineError> {
    let open = run::open(place.store).await?;
    Ok(open.into_iter().filter(|run| run.state == RunState::Planning).map(|run| run.id).collect())
}

/// Worst prices, by run and market.
#[derive(Default)]
struct Prices(BTreeMap<RunId, BTreeMap<String, Micros>>);

impl Prices {
    async fn of(&mut self, place: Place<'_>, suspect: &Suspect) -> Result<Micros, EngineError> {
        if let Entry::Vacant(free) = self.0.entry(suspect.run_id) {
            let template = run::get(place.store, suspect.run_id).await?.and_then(|run| run.snapshots().ok());
            let account = place.config.accounts.get(&suspect.account);
            let known = template.zip(account);
            let worst = known.map(|(template, account)| worst_prices(place.cards, account, &template, place.now));
            free.insert(worst.unwrap_or_default());
        }
        let worst = self.0.get(&suspect.run_id).and_then(|worst| worst.get(&suspect.market)).copied();
        Ok(worst.unwrap_or_default().max(suspect.estimated))
    }
}
