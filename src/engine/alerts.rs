//! Alerts: one message when a condition begins and one when it ends, by each configured way.
//!
//! Conditions are found anew at each look and compared with the alerts that are open. What is to be told is a row, and
//! whoever moves its time tells it: one node of several, and after a restart whoever comes next. A full disk, of which no
//! row can be written, is told from memory and written down when there is room.

mod command;
mod conditions;
mod elsewhere;
mod email;
mod lateness;
mod nodes;
mod paused;
mod renamed;
mod unwritten;
mod ways;
mod webhook;
mod words;

use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{Engine, EngineError, refusals};
use crate::domain::alert::{self as domain, AlertKind, Step};
use crate::domain::change::Change;
use crate::domain::time::UnixMs;
use crate::store::alert::{self, Alert, Due, NewAlert};
use crate::store::json;

use conditions::{Found, Slow};
use unwritten::Unwritten;
use ways::Of;
pub use ways::{Notice, Untold, Way, Ways};
pub use words::{Detail, Phase};

/// Real time between two looks.
const EVERY: Duration = Duration::from_secs(3);

/// Real time between two looks at what needs more questions.
const SLOWLY: Duration = Duration::from_secs(30);

/// Real time until the second try, and how often that doubles. Longer than a try may take: until then it is reserved.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const DOUBLINGS: u32 = 7;

/// Tries of one message: about five hours.
const MOST_TRIES: i64 = 12;

/// Messages told by one way in one look.
const TOGETHER: i64 = 10;

/// Finds, compares and tells.
#[derive(Debug)]
pub struct Alerts {
    engine: Engine,
    ways: Ways,
    /// Since when this process looks.
    began: UnixMs,
    slow: Option<(UnixMs, Slow)>,
    unwritten: Option<Unwritten>,
}

impl Alerts {
    /// Alerts told by `ways`.
    pub fn new(engine: Engine, ways: Ways) -> Self {
        let began = engine.clock.now();
        Self { engine, ways, began, slow: None, unwritten: None }
    }

    /// Looks until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await {
                let error = &cause as &dyn std::error::Error;
                error!(error, "what is wrong could not be told; trying again");
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// One look, and what is due to be told. Returns how many messages were told.
    pub async fn step(&mut self) -> Result<usize, EngineError> {
        let now = self.engine.clock.now();
        match refusals::write_down(&self.engine).await {
            // What cannot be written now is told by whatever is refused next.
            Err(error) if !error.is_full() => return Err(error),
            _ => {}
        }
        let found = self.look(now).await?;
        match self.keep_and_tell(&found, now).await {
            Err(error) if error.is_full() => self.tell_unwritten(&found, now).await,
            done => done,
        }
    }

    async fn look(&mut self, now: UnixMs) -> Result<Vec<Found>, EngineError> {
        let mut found = conditions::at_once(&self.engine, self.ways.config().disk_free).await?;
        let is_fresh = |at: UnixMs| now.since(at) < self.engine.clock_span(SLOWLY);
        if !self.slow.as_ref().is_some_and(|(at, _)| is_fresh(*at)) {
            self.slow = Some((now, conditions::slow(&self.engine, self.began, self.ways.config()).await?));
        }
        found.extend(self.slow.iter().flat_map(|(_, slow)| slow.found.clone()));
        Ok(found)
    }

    async fn keep_and_tell(&mut self, found: &[Found], now: UnixMs) -> Result<usize, EngineError> {
        self.write_down(now).await?;
        let open: Vec<Alert> = alert::open(&self.engine.store).await?.into_iter().filter(|a| self.judges(a)).collect();
        let keys: Vec<&str> = found.iter().map(|one| &*one.key).collect();
        let seen: Vec<domain::Open<'_>> = open.iter().map(seen).collect();
        let steps = domain::diff(&keys, &seen, self.ways.config().lasting, now);
        for step in &steps {
            self.take(*step, found, &open, now).await?;
        }
        self.renew(found, &open).await?;
        let is_told = |a: &Alert| a.told_at.is_some();
        if open.iter().any(is_told) || steps.iter().any(|step| matches!(step, Step::Tell(_))) {
            for way in self.ways.all() {
                alert::add_way(&self.engine.store, way.as_str(), now).await?;
            }
        }
        self.tell_due(now).await
    }

    /// Whether this process can say that the alert is over: not of another node's disk, and not too early.
    fn judges(&self, alert: &Alert) -> bool {
        let is_unknown = self.slow.as_ref().is_some_and(|(_, slow)| slow.unknown.contains(&alert.kind));
        let is_disk = matches!(alert.kind, AlertKind::DiskLow | AlertKind::DiskFull);
        let is_ours = self.engine.store.is_of_one_node() || alert.key.ends_with(&conditions::place(&self.engine));
        !is_unknown && (!is_disk || is_ours)
    }

    async fn take(&self, step: Step<'_>, found: &[Found], open: &[Alert], now: UnixMs) -> Result<(), EngineError> {
        let store = &self.engine.store;
        let now_found = |key: &str| found.iter().find(|one| one.key == key);
        match step {
            Step::Begin(key) => {
                let Some(one) = now_found(key) else { return Ok(()) };
                let (kind, detail) = (one.kind, json(&one.detail));
                alert::begin(store, &NewAlert { key, kind, detail: &detail, began_at: now, told_at: None }).await?;
            }
            Step::Tell(id) => {
                let Some(told) = open.iter().find(|alert| alert.id == id) else { return Ok(()) };
                // Figures are those of now.
                let detail = now_found(&told.key).map_or_else(|| told.detail.clone(), |one| json(&one.detail));
                alert::tell(store, id, now, &detail).await?;
                warn!(alert.key = told.key, "something is wrong: {}", told.key);
                self.engine.tell(Change::Holds);
            }
            Step::Gone(id) => alert::gone(store, id, now).await?,
            Step::Back(id) => alert::back(store, id).await?,
            Step::End(id) => {
                let told = open.iter().find(|alert| alert.id == id);
                if let Some(detail) = conditions::ended(&self.engine, told).await? {
                    alert::renew(store, id, &detail).await?;
                }
                alert::end(store, id).await?;
                self.engine.tell(Change::Holds);
            }
            Step::Forget(id) => alert::forget(store, id).await?,
        }
        Ok(())
    }

    /// What an alert says is what is so now: a file that was refused for one reason may be refused for another.
    async fn renew(&self, found: &[Found], open: &[Alert]) -> Result<(), EngineError> {
        for one in found {
            let detail = json(&one.detail);
            if let Some(known) = open.iter().find(|alert| alert.key == one.key && alert.detail != detail) {
                alert::renew(&self.engine.store, known.id, &detail).await?;
                if known.told_at.is_some() {
                    self.engine.tell(Change::Holds);
                }
            }
        }
        Ok(())
    }

    async fn tell_due(&self, now: UnixMs) -> Result<usize, EngineError> {
        let mut all = Vec::new();
        for way in self.ways.all() {
            let due = alert::due(&self.engine.store, way.as_str(), now, TOGETHER).await?;
            all.extend(due.into_iter().map(|due| (way, due)));
        }
        let mut told = 0;
        for done in join_all(all.iter().map(|(way, due)| self.tell(*way, due, now))).await {
            told += usize::from(done?);
        }
        Ok(told)
    }

    /// Tells one thing by one way, unless another node does.
    async fn tell(&self, way: Way, due: &Due, now: UnixMs) -> Result<bool, EngineError> {
        let (store, name) = (&self.engine.store, way.as_str());
        if !alert::reserve(store, due, name, now.plus(self.wait(due.tries))).await? {
            return Ok(false);
        }
        let told = self.ways.tell(way, &self.notice(&due.alert)).await;
        let at = self.engine.clock.now();
        match told {
            Ok(()) => {
                alert::told(store, due, name, at).await?;
                info!(alert.id = %due.alert.id, alert.way = name, "alert {} is told by {name}", due.alert.id);
                return Ok(true);
            }
            Err(why) if due.tries + 1 < MOST_TRIES => {
                let why = why.to_string();
                info!(alert.id = %due.alert.id, alert.way = name, why, "an alert could not be told yet");
                alert::failed(store, due, name, &why).await?;
            }
            Err(why) => {
                let why = why.to_string();
                warn!(alert.id = %due.alert.id, alert.way = name, why, "an alert could not be told and is given up");
                alert::given_up(store, due, name, &why).await?;
            }
        }
        Ok(false)
    }

    /// How long a try is reserved, and therefore the wait until the next.
    fn wait(&self, tries: i64) -> Duration {
        let doublings = u32::try_from(tries).unwrap_or(DOUBLINGS).min(DOUBLINGS);
        self.engine.clock_span(FIRST_WAIT * 2_u32.pow(doublings))
    }

    fn notice(&self, alert: &Alert) -> Notice {
        let phase = if alert.ended_at.is_some() { Phase::Ended } else { Phase::Began };
        let id = format!("{}.{}.{}", self.engine.instance.as_str(), alert.id, phase.as_str());
        let of = Of { kind: alert.kind, key: &alert.key, began_at: alert.began_at, ended_at: alert.ended_at };
        self.ways.notice(id, of, phase, &Detail::read(&alert.detail))
    }
}

fn seen(alert: &Alert) -> domain::Open<'_> {
    let Alert { id, key, began_at, told_at, gone_at, .. } = alert;
    domain::Open { id: *id, key, began_at: *began_at, told_at: *told_at, gone_at: *gone_at }
}
