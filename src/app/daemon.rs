//! Puts the parts together and starts them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::leases::Keeper;
use super::lifecycle::Lifecycle;
use super::lock::{DataDirLock, LockError, StoreLock};
use super::relay::{self, Mouth};
use super::silence::listen_first;
use crate::billing::card::Cards;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::domain::time::UnixMs;
use crate::engine::alerts::{Alerts, Ways};
use crate::engine::chatwoot::{self, Connector};
use crate::engine::counters::Counters;
use crate::engine::inbound::Inbound;
use crate::engine::incoming;
use crate::engine::janitor::{HEARTBEAT, Janitor};
use crate::engine::media::Fetcher;
use crate::engine::outgoing::Outgoing;
use crate::engine::planner::Planner;
use crate::engine::reading::Reader;
use crate::engine::receiver::Receiver;
use crate::engine::recurring::Recurring;
use crate::engine::refusals::Refusals;
use crate::engine::results::Writer;
use crate::engine::settler::Settler;
use crate::engine::subscriptions::Tender;
use crate::engine::template::watch::TemplateWatch;
use crate::engine::wallet::{WalletReader, Wallets};
use crate::engine::watcher::Watcher;
use crate::engine::{Engine, Parts};
use crate::provider::{Provider, ProviderError};
use crate::store::setting::CLOCK;
use crate::store::{self, OpenError, Store, StoreError, home, setting};
use crate::web::{self, Metrics, WebState};

/// Changes a slow page may fall behind by before it reads everything anew.
const CHANGES: usize = 1_024;

/// What of requests that came before the stop may still be answered; whoever sent half a request waits no longer.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// A sign of life younger than this, in real time, is that of a daemon that lives.
const FRESH: Duration = Duration::from_secs(2);

/// A daemon that is put together and not yet started.
#[derive(Debug)]
pub struct Daemon {
    /// The engine, with the store and all else it shares.
    pub engine: Engine,
    /// How long it listens before it sends, in real time.
    listen: Duration,
    lock: DataDirLock,
    #[expect(dead_code, reason = "held, not read")]
    store_lock: Option<StoreLock>,
}

/// Why a daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("cannot make the data directory {}", path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A rate card of the configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory or the SQLite file is in use or cannot be written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store does not open.
    #[error("the store does not open")]
    Open(#[from] OpenError),
    /// The store answers wrongly.
    #[error("the store")]
    Store(#[from] StoreError),
    /// A provider's client cannot be made.
    #[error("account {account}")]
    Provider {
        /// Which account.
        account: String,
        /// Why.
        #[source]
        cause: ProviderError,
    },
    /// `--clock` with a provider that is not on this machine.
    #[error("--clock needs every base_url on loopback: another pace than the provider's would break its limits")]
    ClockAgainstRealProvider,
    /// A secret of a real provider that is still the example's.
    #[error("{key} is still the example's \"change-me\": put the provider's own there")]
    Placeholder {
        /// Its key in the configuration.
        key: String,
    },
    /// The address to listen on.
    #[error("cannot listen on {address}")]
    Listen {
        /// `server.listen`.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl Daemon {
    /// Opens the store and connects the providers. Nothing is sent before [`Daemon::start`].
    pub async fn assemble(config: Config, clock: Clock) -> Result<Self, StartError> {
        if clock.scale().is_some() && !config.is_loopback_only() {
            return Err(StartError::ClockAgainstRealProvider);
        }
        for (key, is_here) in config.placeholders() {
            if !is_here {
                return Err(StartError::Placeholder { key });
            }
            warn!(config.key = key, "{key} is still the example's: nobody but a provider on this machine may know it");
        }
        let data_dir = &config.server.data_dir;
        for dir in [data_dir, &config.campaigns_dir] {
            std::fs::create_dir_all(dir).map_err(|cause| StartError::DataDir { path: dir.clone(), cause })?;
        }
        let lock = DataDirLock::take(data_dir)?;
        incoming::clear(data_dir);
        let url = config.store_url.expose_secret();
        let store_lock = store::sqlite_file(url, data_dir).map(|file| StoreLock::take(&file)).transpose()?;
        let store = store::open_with(url, data_dir, config.patience).await?;
        let engine = Engine::new(Parts {
            instance: setting::instance(&store).await?,
            node: node_name(),
            providers: connect(&config)?,
            cards: Arc::new(Cards::of(&config.rate_cards)?),
            changes: broadcast::Sender::new(CHANGES),
            wake: Arc::new(Notify::new()),
            inbound: Inbound::default(),
            limits_changed: Arc::new(Notify::new()),
            wallets: Wallets::default(),
            counters: Counters::default(),
            refusals: Refusals::default(),
            store,
            config: Arc::new(config),
            clock,
        });
        let last = setting::read(&engine.store, HEARTBEAT).await?.and_then(|at| at.parse().ok()).map(UnixMs);
        let now = engine.clock.now();
        tell_clock(&engine).await?;
        chatwoot::begin(&engine).await?;
        home::begins(&engine.store, last, now, engine.clock_span(FRESH)).await?;
        if let Some(why) = home::doubtful(&engine.store, last, now, engine.config.restore_after).await? {
            let word = why.as_str();
            warn!(why = word, "this store may be a copy ({word}): nothing is sent until `recado takeover`");
            home::hold(&engine.store, why, last, now).await?;
        }
        let listen = engine.clock.real_span(listen_first(last, now));
        Ok(Self { engine, listen, lock, store_lock })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.engine.store
    }

    /// Starts every loop and the web server on `life`.
    pub fn start(&self, life: &Lifecycle, listener: TcpListener) {
        let engine = &self.engine;
        self.start_sending(life);
        life.start("planner", Planner::new(engine.clone()).run(life.soft()));
        life.start("results", Writer::new(engine.clone()).run(life.soft()));
        life.start("recurring", Recurring::new(engine.clone()).run(life.soft()));
        life.start("watcher", Watcher::new(engine.clone()).run(life.soft()));
        life.start("janitor", Janitor::new(engine.clone()).run(life.soft()));
        life.start("templates", TemplateWatch::new(engine.clone()).run(life.soft()));
        life.start("tender", Tender::new(engine.clone()).run(life.soft()));
        let ways = Ways::new(&engine.config);
        life.start("alerts", Alerts::new(engine.clone(), ways).run(life.soft()));
        life.start("attachments", Fetcher::new(engine.clone()).run(life.soft()));
        life.start("reader", Reader::new(engine.clone()).run(life.soft()));
        life.start("outgoing", Outgoing::new(engine.clone()).run(life.soft()));
        for connector in Connector::all(engine) {
            life.start("chatwoot", connector.run(life.soft()));
        }
        life.start("changes told", Mouth::new(engine.clone()).run(life.soft()));
        life.start("changes heard", relay::hear(engine.clone(), life.soft()));
        life.start("wallets", WalletReader::new(engine.clone()).run(life.soft()));
        let arrived = Arc::new(Notify::new());
        life.start("receiver", Receiver::new(engine.clone(), arrived.clone()).run(life.soft()));
        let mut metrics = Metrics::of(&engine.store);
        engine.counters.register(metrics.registry());
        let state = WebState::new(engine.clone(), arrived, Arc::new(metrics), life.soft(), Clock::real());
        life.start("web", serve_pages(state, listener, life.soft()));
        life.start("watchdog", watchdog(engine.store.clone(), life.soft()));
        info!(sender.count = engine.config.senders.len(), "recado is ready");
        // Without systemd there is nobody to tell.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// A dispatcher for each sender of this node and the settler they report to. The settler ends when the last
    /// dispatcher has dropped its end of the channel: that is how what is in flight gets settled before the store closes.
    fn start_sending(&self, life: &Lifecycle) {
        let (settler, settled) = Settler::new(self.engine.clone());
        life.start("settler", settler.run());
        let keeper = Keeper::new(self.engine.clone(), settled, self.listen, &self.lock.id, life.clone());
        life.start("keeper", keeper.run(life.soft()));
    }
}

/// Commands that work on the store beside the daemon go by its clock.
async fn tell_clock(engine: &Engine) -> Result<(), StoreError> {
    let scale = engine.clock.scale().map(|scale| scale.to_string()).unwrap_or_default();
    if setting::read(&engine.store, CLOCK).await?.unwrap_or_default() != scale {
        setting::write(&engine.store, CLOCK, &scale).await?;
    }
    Ok(())
}

async fn serve_pages(state: WebState, listener: TcpListener, stop: CancellationToken) {
    let service = web::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let is_late = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        done = served => if let Err(cause) = done {
            error!(error = &cause as &dyn std::error::Error, "the web server failed");
        },
        () = is_late => warn!("requests that had not come to their end were cut off"),
    }
}

/// Pats systemd's watchdog for as long as the store answers.
async fn watchdog(store: Store, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return stop.cancelled().await };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(limit / 3) => {}
        }
        if setting::read(&store, "instance").await.is_ok() {
            // Without systemd there is nobody to tell.
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}

fn connect(config: &Config) -> Result<BTreeMap<String, Provider>, StartError> {
    let connected = |(name, account): (&String, _)| match Provider::connect(account) {
        Ok(provider) => Ok((name.clone(), provider)),
        Err(cause) => Err(StartError::Provider { account: name.clone(), cause }),
    };
    config.accounts.iter().map(connected).collect()
}

/// This process among those on one store: host name and process id for people, and a number of its own,
/// since containers share both.
fn node_name() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{}:{}:{:08x}", host.trim(), std::process::id(), rand::random::<u32>())
}
