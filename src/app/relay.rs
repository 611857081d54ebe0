//! Carries what changed from node to node, so that every page hears of it wherever it is open.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::domain::change::{Change, News, Teller};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::changes::{self, Ear, Heard};

/// What changes within this is told together, and once.
const TOGETHER: Duration = Duration::from_millis(200);

/// Wait after the database failed.
const TROUBLE: Duration = Duration::from_secs(1);

/// Tells the other nodes what changes here.
#[derive(Debug)]
pub struct Mouth {
    engine: Engine,
    news: Receiver<News>,
}

impl Mouth {
    /// From now on.
    pub fn new(engine: Engine) -> Self {
        Self { news: engine.changes.subscribe(), engine }
    }

    /// Tells until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        if self.engine.store.is_of_one_node() {
            return stop.cancelled().await;
        }
        while let Some(Some(first)) = stop.run_until_cancelled(self.wait()).await {
            sleep(TOGETHER).await;
            if let Err(cause) = self.tell(first).await {
                say(&cause, "the other nodes cannot be told what changed; their pages look by themselves");
                sleep(TROUBLE).await;
            }
        }
    }

    /// The next change of this node; `None`: there will be none.
    pub async fn wait(&mut self) -> Option<Change> {
        loop {
            match self.news.recv().await {
                Ok(News { change, by: Teller::Here }) => return Some(change),
                Ok(News { by: Teller::Elsewhere, .. }) => {}
                Err(RecvError::Lagged(_)) => return Some(Change::All),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Tells `first` and what has changed here since.
    ///
    /// # Errors
    /// The store.
    pub async fn tell(&mut self, first: Change) -> Result<(), StoreError> {
        let mut all = BTreeSet::from([first]);
        loop {
            match self.news.try_recv() {
                Ok(News { change, by: Teller::Here }) => {
                    all.insert(change);
                }
                Ok(News { by: Teller::Elsewhere, .. }) => {}
                Err(TryRecvError::Lagged(_)) => {
                    all.insert(Change::All);
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let all: Vec<Change> = if all.contains(&Change::All) { vec![Change::All] } else { all.into_iter().collect() };
        let what = Heard { changes: all, written: self.engine.inbound.untold() };
        changes::tell(&self.engine.store, &self.engine.instance, &self.engine.node, &what).await
    }
}

/// Hears what the other nodes tell, and tells it to the pages of this one.
pub async fn hear(engine: Engine, stop: CancellationToken) {
    if engine.store.is_of_one_node() {
        return stop.cancelled().await;
    }
    while !stop.is_cancelled() {
        if let Some(Err(cause)) = stop.run_until_cancelled(hear_on(&engine)).await {
            say(&cause, "what changes at the other nodes cannot be heard; trying again");
            stop.run_until_cancelled(sleep(TROUBLE)).await;
        }
    }
}

/// Hears until the database fails.
async fn hear_on(engine: &Engine) -> Result<(), StoreError> {
    let Some(mut ear) = Ear::open(&engine.store, &engine.instance, &engine.node).await? else { return Ok(()) };
    // Nobody listened until now.
    pass_on(engine, Heard { changes: vec![Change::All], ..Heard::default() });
    loop {
        pass_on(engine, ear.next().await?);
    }
}

/// What another node has told goes to the pages and the paces of this one, and to no other node.
pub fn pass_on(engine: &Engine, heard: Heard) {
    engine.inbound.hear(&heard.written);
    for change in heard.changes {
        // An error only says that nobody watches.
        drop(engine.changes.send(News::elsewhere(change)));
    }
}

fn say(cause: &StoreError, what: &str) {
    warn!(error = cause as &dyn std::error::Error, "{what}");
}
