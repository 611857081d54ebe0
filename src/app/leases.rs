//! Which senders this node sends for. On SQLite all of them; on PostgreSQL those it holds the lease of: a fair share of
//! what is configured, and whatever a node that died has left.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::lifecycle::Lifecycle;
use super::silence::send_after;
use crate::clock::Clock;
use crate::domain::node::{LEASE, MARGIN, RENEW};
use crate::domain::time::UnixMs;
use crate::engine::dispatcher::Dispatcher;
use crate::engine::{Engine, nodes};
use crate::store::lease::{self, Node};
use crate::store::message::Settlement;
use crate::store::{StoreError, home, mark};

/// A lease may be taken when its end has passed.
const PASSED: Duration = Duration::from_millis(1);

/// Starts and stops the senders of this node.
pub struct Keeper {
    engine: Engine,
    settled: mpsc::Sender<Settlement>,
    /// How long to listen before the first send.
    listen: Duration,
    /// The data directory's own name.
    home: String,
    life: Lifecycle,
    held: BTreeMap<String, Held>,
    /// When the first lease of another node ends, if that renews none.
    another_ends: Option<UnixMs>,
    real: Clock,
}

/// A sender of this node.
struct Held {
    stop: CancellationToken,
    renewed: Instant,
}

impl Keeper {
    /// A keeper that holds nothing yet.
    pub fn new(
        engine: Engine,
        settled: mpsc::Sender<Settlement>,
        listen: Duration,
        home: &str,
        life: Lifecycle,
    ) -> Self {
        let real = engine.clock.unscaled();
        Self { engine, settled, listen, home: home.to_owned(), life, held: BTreeMap::new(), another_ends: None, real }
    }

    /// Keeps until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        if self.engine.store.is_of_one_node() {
            let all: Vec<String> = self.engine.config.senders.keys().cloned().collect();
            for sender in &all {
                self.start(sender, Instant::now());
            }
            return stop.cancelled().await;
        }
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await {
                let error = &cause as &dyn std::error::Error;
                error!(error, "the leases of the senders cannot be renewed; trying again");
            }
            self.give_up_late();
            tokio::select! { () = stop.cancelled() => {}, () = sleep(self.pause()) => {} }
        }
        self.leave().await;
    }

    /// Renews what is held, lets go of more than a fair share, takes what is free.
    pub async fn step(&mut self) -> Result<(), StoreError> {
        self.another_ends = None;
        let engine = self.engine.clone();
        let (store, now, home) = (&engine.store, self.real.now(), self.home.clone());
        let begun = Instant::now();
        let node = Node { process: &engine.node, home: &home, name: nodes::own_name(&engine) };
        let said = self.leads();
        let living = lease::beat(store, node, &said, now).await?.max(1);
        let mut senders: Vec<String> = engine.config.senders.keys().cloned().collect();
        // What is held is renewed first: taking another's may have to wait for a node that hangs.
        senders.sort_by_key(|sender| !self.held.contains_key(sender));
        let share = senders.len().div_ceil(usize::try_from(living).unwrap_or(1));
        if !mark::learn(store).await? {
            home::hold_older(store, engine.clock.now()).await?;
        }
        self.let_go_above(share).await?;
        for sender in senders {
            let has = self.held.contains_key(&sender);
            if !has && self.held.len() >= share {
                continue;
            }
            match (lease::take(store, &sender, node, now, now.plus(LEASE)).await?, has) {
                (true, false) => self.start(&sender, begun),
                (true, true) => self.renewed(&sender, begun),
                (false, true) => self.stop(&sender, "another node holds it"),
                (false, false) => {}
            }
        }
        let leads = self.leads();
        if leads != said {
            lease::leads(store, &home, &leads).await?;
        }
        self.another_ends = lease::first_end(store, &home, self.real.now()).await?;
        Ok(())
    }

    /// How long until the next step: others' leases are looked at when they end, and not some time afterwards.
    pub fn pause(&self) -> Duration {
        let ends = self.another_ends.map(|at| at.since(self.real.now()).saturating_add(PASSED));
        ends.map_or(RENEW, |ends| ends.min(RENEW))
    }

    /// The senders of this node.
    pub fn leads(&self) -> Vec<String> {
        self.held.keys().cloned().collect()
    }

    async fn let_go_above(&mut self, share: usize) -> Result<(), StoreError> {
        while self.held.len() > share {
            let Some(sender) = self.held.keys().next_back().cloned() else { break };
            self.stop(&sender, "another node takes its share");
            lease::let_go(&self.engine.store, &sender, &self.engine.node).await?;
        }
        Ok(())
    }

    /// Stops what could not be renewed in time, before another node may begin.
    fn give_up_late(&mut self) {
        let late = |held: &Held| held.renewed.elapsed() + MARGIN > LEASE;
        let late: Vec<String> =
            self.held.iter().filter(|(_, held)| late(held)).map(|(sender, _)| sender.clone()).collect();
        for sender in &late {
            self.stop(sender, "its lease could not be renewed");
        }
    }

    /// Its lease counts from `asked` on.
    fn start(&mut self, sender: &str, asked: Instant) {
        let Some(dispatcher) = Dispatcher::new(self.engine.clone(), sender, self.settled.clone()) else {
            warn!(sender.name = sender, "sender {sender} cannot send: its provider is not connected");
            return;
        };
        let stop = self.life.soft().child_token();
        self.life.start_until("dispatcher", &stop, send_after(self.listen, dispatcher, stop.clone()));
        info!(sender.name = sender, "this node sends for {sender}");
        self.held.insert(sender.to_owned(), Held { stop, renewed: asked });
    }

    fn renewed(&mut self, sender: &str, at: Instant) {
        if let Some(held) = self.held.get_mut(sender) {
            held.renewed = at;
        }
    }

    fn stop(&mut self, sender: &str, why: &str) {
        if let Some(held) = self.held.remove(sender) {
            info!(sender.name = sender, "this node no longer sends for {sender}: {why}");
            held.stop.cancel();
        }
    }

    /// Ends: the others take over at once. Whoever ends in good order says goodbye; a daemon that stops because a part of it
    /// died is missed.
    pub async fn leave(self) {
        let store = &self.engine.store;
        for sender in self.held.keys() {
            drop(lease::let_go(store, sender, &self.engine.node).await);
        }
        // Nobody counts on it any more, either way.
        let gone = self.real.now().minus(LEASE + PASSED);
        let said = if self.life.has_died() {
            lease::heard(store, &self.home, gone).await
        } else {
            lease::forget(store, &self.home).await.map(drop)
        };
        drop(said);
    }
}
