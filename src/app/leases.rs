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
use crate::engine::Engine;
use crate::engine::dispatcher::Dispatcher;
use crate::store::lease::{self, Node};
use crate::store::message::Settlement;
use crate::store::{StoreError, home, mark};

/// How long a lease lasts. A node that dies is replaced within this.
const LEASE: Duration = Duration::from_secs(15);

/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(5);

/// A lease that could not be renewed is given up this long before it runs out: what has left by then is this node's.
const MARGIN: Duration = Duration::from_secs(4);

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
        Self { engine, settled, listen, home: home.to_owned(), life, held: BTreeMap::new(), real: Clock::real() }
    }

    /// Keeps until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        if self.engine.store.is_of_one_node() {
            let all: Vec<String> = self.engine.config.senders.keys().cloned().collect();
            for sender in &all {
                self.start(sender);
            }
            return stop.cancelled().await;
        }
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await {
                let error = &cause as &dyn std::error::Error;
                error!(error, "the leases of the senders cannot be renewed; trying again");
            }
            self.give_up_late();
            tokio::select! { () = stop.cancelled() => {}, () = sleep(RENEW) => {} }
        }
        self.leave().await;
    }

    /// Renews what is held, lets go of more than a fair share, takes what is free.
    async fn step(&mut self) -> Result<(), StoreError> {
        let (store, name, home) = (&self.engine.store, self.engine.node.clone(), self.home.clone());
        let (now, node) = (self.real.now(), Node { name: &name, home: &home });
        let nodes = lease::beat(store, node, now, now.minus(LEASE)).await?.max(1);
        let mut senders: Vec<String> = self.engine.config.senders.keys().cloned().collect();
        // What is held is renewed first: taking another's may have to wait for a node that hangs.
        senders.sort_by_key(|sender| !self.held.contains_key(sender));
        let share = senders.len().div_ceil(usize::try_from(nodes).unwrap_or(1));
        if !mark::learn(store).await? {
            home::hold_older(store, self.engine.clock.now()).await?;
        }
        self.let_go_above(share).await?;
        for sender in senders {
            let has = self.held.contains_key(&sender);
            if !has && self.held.len() >= share {
                continue;
            }
            let asked = Instant::now();
            match (lease::take(&self.engine.store, &sender, node, now, now.plus(LEASE)).await?, has) {
                (true, false) => self.start(&sender),
                (true, true) => self.renewed(&sender, asked),
                (false, true) => self.stop(&sender, "another node holds it"),
                (false, false) => {}
            }
        }
        Ok(())
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
        let late = |held: &Held| held.renewed.elapsed() + RENEW + MARGIN > LEASE + RENEW;
        let late: Vec<String> =
            self.held.iter().filter(|(_, held)| late(held)).map(|(sender, _)| sender.clone()).collect();
        for sender in &late {
            self.stop(sender, "its lease could not be renewed");
        }
    }

    fn start(&mut self, sender: &str) {
        let Some(dispatcher) = Dispatcher::new(self.engine.clone(), sender, self.settled.clone()) else {
            warn!(sender.name = sender, "sender {sender} cannot send: its provider is not connected");
            return;
        };
        let stop = self.life.soft().child_token();
        self.life.start_until("dispatcher", &stop, send_after(self.listen, dispatcher, stop.clone()));
        info!(sender.name = sender, "this node sends for {sender}");
        self.held.insert(sender.to_owned(), Held { stop, renewed: Instant::now() });
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

    /// Ends in good order: the others take over at once.
    async fn leave(self) {
        let (store, node) = (&self.engine.store, &self.engine.node);
        for sender in self.held.keys() {
            drop(lease::let_go(store, sender, node).await);
        }
        drop(lease::leave(store, node).await);
    }
}
