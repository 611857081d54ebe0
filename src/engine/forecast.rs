//! When runs end: what is queued, how fast it goes and what stands in the way, read in buckets for
//! [`crate::domain::forecast`]. The same for a run that goes on and for a campaign that is only looked at.

mod ledger;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::{Account, Sender};
use crate::domain::forecast::{Forecast, Pace, Scene, Tier, forecasts};
use crate::domain::id::RunId;
use crate::domain::run::RunState;
use crate::domain::tier::{KEPT, Limit, REMINDERS_AHEAD, Taken};
use crate::domain::time::UnixMs;
use crate::store::hold::{self, Hold};
use crate::store::run::{self, Run};
use crate::store::view::queued;
use crate::store::{place, setting};

use super::tier;
use super::waiting::Keys;
use super::{Engine, EngineError, aside};
use ledger::Ledger;

/// What Meta grants a number of which nothing else is known, messages per second (cloud-api.md 5).
pub const USUAL_THROUGHPUT: u32 = 80;

/// Habits are those of the last days.
const HABITS_OF: Duration = Duration::from_hours(7 * 24);

/// So few messages say nothing about how many people answer.
const TOO_FEW: i64 = 200;

/// A scene, and which of its lines is which run.
struct Known {
    scene: Scene,
    runs: Vec<RunId>,
    /// Lines that are held, nobody knows until when.
    held: Vec<usize>,
}

/// The forecasts of the runs that leave from `sender` now, for those that have something queued and are not paused. Those
/// that are held are told as if they went on now, where nobody knows when they do.
pub async fn of_sender(engine: &Engine, sender: &str) -> Result<BTreeMap<RunId, Forecast>, EngineError> {
    let Ok((sender, account)) = engine.way_out(sender) else { return Ok(BTreeMap::new()) };
    let Known { scene, runs, held } = known(engine, sender, account).await?;
    let told = aside(move || with_held(scene, &held)).await?;
    Ok(runs.into_iter().zip(told).filter_map(|(run, told)| Some((run, told?))).collect())
}

/// The forecasts of a scene; of the lines `held` as if all of them went on now.
fn with_held(mut scene: Scene, held: &[usize]) -> Vec<Option<Forecast>> {
    let mut told = forecasts(&scene);
    if held.is_empty() {
        return told;
    }
    for no in held {
        scene.lines[*no].stopped = false;
    }
    let all = forecasts(&scene);
    for no in held {
        told[*no] = all[*no].map(|told| Forecast { if_it_went_on: true, ..told });
    }
    told
}

/// What a campaign would find that were started on `sender` now: the first of the scene's senders is that one.
pub async fn around(engine: &Engine, sender: &Sender, account: &Account) -> Result<Scene, EngineError> {
    let mut scene = known(engine, sender, account).await?.scene;
    scene.lines.iter_mut().for_each(|line| line.watched = false);
    Ok(scene)
}

/// Messages per second that `sender` may send: the smaller of what is configured and what the provider grants.
pub async fn throughput(engine: &Engine, sender: &Sender) -> Result<u32, EngineError> {
    let granted = setting::read(&engine.store, &granted_key(&sender.name)).await?;
    let granted = granted.and_then(|granted| granted.parse::<u32>().ok()).filter(|granted| *granted > 0);
    Ok(smaller(granted, sender))
}

/// The smaller of what is `granted` and what is configured, messages per second; where neither is known, the usual.
pub fn smaller(granted: Option<u32>, sender: &Sender) -> u32 {
    let configured = sender.throughput.map(NonZeroU32::get);
    [granted, configured].into_iter().flatten().min().unwrap_or(USUAL_THROUGHPUT)
}

/// The provider says what it grants `sender`; `None`: it does not say.
pub(super) async fn granted(engine: &Engine, sender: &str, granted: Option<u32>) -> Result<(), EngineError> {
    let (key, value) = (granted_key(sender), granted.map_or_else(String::new, |granted| granted.to_string()));
    if setting::read(&engine.store, &key).await?.unwrap_or_default() != value {
        setting::write(&engine.store, &key, &value).await?;
    }
    Ok(())
}

fn granted_key(sender: &str) -> String {
    format!("granted.{sender}")
}

async fn known(engine: &Engine, sender: &Sender, account: &Account) -> Result<Known, EngineError> {
    let now = engine.clock.now();
    let tier = limit(engine, account, now).await?;
    let mut senders = vec![sender];
    if tier.is_some() {
        // Whoever shares the limit takes places too.
        let portfolio = account.portfolio_name();
        let shares = |s: &&Sender| {
            let of = engine.config.accounts.get(&s.account);
            s.name != sender.name && of.is_some_and(|a| a.portfolio_name() == portfolio)
        };
        senders.extend(engine.config.senders.values().filter(shares));
    }
    let mut paces = Vec::new();
    for sender in &senders {
        paces.push(pace(engine, sender, now).await?);
    }
    let holds = hold::open(&engine.store).await?;
    let reached = match &tier {
        Some(_) => queued::reached(&engine.store, account.portfolio_name(), now).await?,
        None => BTreeMap::new(),
    };
    let (mut lines, mut runs, mut stuck) = (Vec::new(), Vec::new(), Vec::new());
    for run in run::open(&engine.store).await? {
        let Some(no) = senders.iter().position(|sender| sender.name == run.sender) else { continue };
        let keys = Keys::of(&run.account, &run.sender, Some(&run))?;
        let stops: Vec<&Hold> = keys.all(&holds).collect();
        let ends: Option<Vec<UnixMs>> = stops.iter().map(|hold| hold.known_end()).collect();
        let reached = reached.get(&run.id).copied().unwrap_or_default();
        let ledger = Ledger { engine, run: &run, now, limited: tier.is_some(), reached };
        let mut line = ledger.line().await?;
        (line.sender, line.stopped) = (no, ends.is_none() || run.state == RunState::Paused);
        line.held = ends.and_then(|ends| ends.into_iter().max());
        line.watched = no == 0 && is_told(&run);
        if line.stopped && run.state != RunState::Paused {
            stuck.push(lines.len());
        }
        lines.push(line);
        runs.push(run.id);
    }
    Ok(Known { scene: Scene { now, speed: engine.clock.speed(), paces, tier, lines }, runs, held: stuck })
}

/// Whether all of a run is queued: nobody knows the end of what is still being read.
fn is_told(run: &Run) -> bool {
    run.state == RunState::Running
}

/// The pace on the clock that due times are on: the sender's is real time.
async fn pace(engine: &Engine, sender: &Sender, now: UnixMs) -> Result<Pace, EngineError> {
    let per_second = f64::from(throughput(engine, sender).await?) / engine.clock.speed();
    let (messages, replies) = queued::habits(&engine.store, &sender.name, now.minus(HABITS_OF)).await?;
    let replies = if messages < TOO_FEW { 0.0 } else { replies as f64 / messages as f64 };
    Ok(Pace { per_second, replies })
}

async fn limit(engine: &Engine, account: &Account, now: UnixMs) -> Result<Option<Tier>, EngineError> {
    let (name, reserve) = tier::terms(engine, account);
    let Some(portfolio) = place::get(&engine.store, &name).await? else { return Ok(None) };
    let Limit::People(people) = portfolio.limit() else { return Ok(None) };
    let Taken { others, .. } = portfolio.at_most_taken(now);
    let room = people - (reserve.of(people) - others).max(0);
    let held = place::held_until(&engine.store, &name, now).await?;
    let held = held.into_iter().map(|until| (until, 1.0)).collect();
    Ok(Some(Tier { room: room as f64, held, kept: KEPT, ahead: REMINDERS_AHEAD }))
}
