//! The sending engine: from a campaign's folder to a provider's answer in the store.
//!
//! [`Engine`] holds what its parts share and offers the commands of people and of the API. The long-running parts
//! ([`watcher`], [`planner`], [`dispatcher`], [`settler`], [`receiver`], [`janitor`]) are each built from a step that tests call too.

pub mod alerts;
mod answer;
mod answer_elsewhere;
pub mod audience;
mod breaker;
pub mod budget;
pub mod canary;
pub mod canned;
mod category;
pub mod chatwoot;
mod correct;
pub mod counters;
pub mod dispatcher;
pub mod doctor;
pub mod doubt;
mod draft;
mod feed;
mod folder;
pub mod forecast;
pub mod funds;
mod hand;
pub mod holds;
pub mod inbound;
pub mod incoming;
pub mod janitor;
mod judge;
mod known_names;
mod load;
pub mod media;
pub mod nodes;
mod number_list;
pub mod outgoing;
pub mod people_pace;
pub mod person;
pub mod planner;
mod quiet;
pub mod reading;
mod readings;
pub mod receiver;
pub mod recurring;
pub mod refusals;
pub mod results;
pub mod retry;
mod room;
pub mod scope;
pub mod settler;
mod start;
mod steer;
pub mod subscriptions;
pub mod takeover;
pub mod template;
mod templates;
mod test_send;
pub mod tier;
pub mod waiting;
pub mod wallet;
pub mod watcher;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};

use crate::billing::card::Cards;
use crate::clock::Clock;
use crate::config::{Account, Config, Sender};
use crate::domain::callback::Instance;
use crate::domain::change::{Change, News};
use crate::domain::failure::Table;
use crate::domain::id::RunId;
use crate::domain::problem::Problem;
use crate::provider::{Provider, ProviderError};
use crate::store::{Store, StoreError};

pub use crate::inbox::Seen;
pub use answer::{AnswerOutcome, Reply};
pub use correct::{CorrectOutcome, Split};
pub use doubt::DoubtSettlement;
pub use draft::{Beginner, Begun, Brought, Finished, Preview};
pub use hand::{Author, HandLook, HandOutcome, HandSend, WAITS};
pub use incoming::{Arriving, Incoming};
pub use load::Loaded;
pub use quiet::TakeUp;
pub use readings::{Progress, Soon, Subject};
pub use start::{StartOutcome, Yes};
pub use template::{Stake, TemplateOutcome, Uploaded};
pub use test_send::{TestOutcome, TestSend};

/// What the engine is made of. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Engine {
    parts: Arc<Parts>,
    /// Long files that are being read.
    readings: readings::Readings,
    /// The files used last, with their campaigns.
    used_files: Arc<Mutex<Vec<(String, folder::Used)>>>,
    /// The audiences that page and API put into campaigns' folders, by campaign: they are whole as they lie there.
    placed: Arc<Mutex<BTreeMap<String, folder::Seen>>>,
}

/// What the engine's parts share.
#[derive(Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// What the operator set.
    pub config: Arc<Config>,
    /// Tells the time.
    pub clock: Clock,
    /// The provider of each account, by the account's name.
    pub providers: BTreeMap<String, Provider>,
    /// Rate cards.
    pub cards: Arc<Cards>,
    /// This store's name in callback data.
    pub instance: Instance,
    /// This process among those on one store; written into claims.
    pub node: String,
    /// Told to pages that watch. Nobody listening is no error.
    pub changes: broadcast::Sender<News>,
    /// Wakes the parts that wait for work.
    pub wake: Arc<Notify>,
    /// What people have written, for the pace of each sender.
    pub inbound: inbound::Inbound,
    /// Wakes the parts that ask the provider what it grants: a webhook said that this has changed.
    pub limits_changed: Arc<Notify>,
    /// What the accounts' wallets hold.
    pub wallets: wallet::Wallets,
    /// What is counted for Prometheus as it happens.
    pub counters: counters::Counters,
    /// Webhooks that did not prove to be the provider's.
    pub refusals: refusals::Refusals,
}

impl Deref for Engine {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// What went wrong that nobody asked about. Refusals that a person can mend are values of the commands.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such thing.
    #[error("there is no such {what}")]
    Unknown {
        /// Campaign, version, run or conversation.
        what: &'static str,
    },
    /// The store.
    #[error("store")]
    Store(#[from] StoreError),
    /// The provider.
    #[error("provider")]
    Provider(#[from] ProviderError),
    /// A file of a campaign or of the data directory.
    #[error("a file of {place} cannot be read or written")]
    File {
        /// Which folder.
        place: &'static str,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A thread that read files died.
    #[error("a reading thread died")]
    Thread(#[from] tokio::task::JoinError),
}

impl EngineError {
    /// Whether the database cannot be reached.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_away())
    }
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            readings: readings::Readings::default(),
            used_files: Arc::default(),
            placed: Arc::default(),
        }
    }

    /// What is to be done about the errors of `account`; the embedded table where it is not configured any more.
    pub(crate) fn errors_of(&self, account: &str) -> &Table {
        static EMBEDDED: LazyLock<Table> = LazyLock::new(Table::default);
        self.config.accounts.get(account).map_or(&EMBEDDED, |account| &account.errors)
    }

    /// Tells whoever watches.
    pub(crate) fn tell(&self, change: Change) {
        // An error only says that nobody watches.
        drop(self.changes.send(News::here(change)));
    }

    /// Tells whoever watches about several runs.
    pub(crate) fn tell_runs(&self, runs: impl IntoIterator<Item = RunId>) {
        runs.into_iter().filter(|run| *run != RunId::BY_HAND).for_each(|run| self.tell(Change::Run(run)));
    }

    /// The configured sender of that name with its account; a [`Problem`] where either is missing.
    pub(crate) fn way_out(&self, sender: &str) -> Result<(&Sender, &Account), Problem> {
        let unknown = || Problem::new("unknown_sender", &[("sender", sender)]);
        let sender = self.config.senders.get(sender).ok_or_else(unknown)?;
        let account = self.config.accounts.get(&sender.account).ok_or_else(unknown)?;
        Ok((sender, account))
    }

    /// How far the clock moves while `real` passes: throughput, pair limit and time-outs stay real, due times are the
    /// clock's.
    pub(crate) fn clock_span(&self, real: Duration) -> Duration {
        self.clock.scale().map_or(real, |scale| real.mul_f64(scale.speed))
    }
}

/// Runs `work`, which reads or writes files, where it blocks nobody.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EngineError> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
