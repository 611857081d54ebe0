//! `recado serve`: the daemon until it is asked to stop.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::daemon::{Daemon, StartError};
use super::lifecycle::{Ending, Lifecycle};
use crate::clock::Clock;
use crate::config::Config;

/// Why `serve` ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Signals cannot be listened to.
    #[error("signals")]
    Signals(#[source] std::io::Error),
}

/// Runs the daemon on `server.listen`.
pub async fn serve(config: Config, clock: Clock) -> Result<Ending, ServeError> {
    open_more_files();
    let address = config.server.listen;
    let daemon = Daemon::assemble(config, clock).await?;
    let listener = TcpListener::bind(address).await.map_err(|cause| StartError::Listen { address, cause })?;
    let life = Lifecycle::default();
    daemon.start(&life, listener);
    info!("listening on {address}");
    let ending = life.run_until_stopped().await.map_err(ServeError::Signals)?;
    daemon.store().close().await;
    Ok(ending)
}

/// Lets this process open as many files as the system allows it. A connection is one, and the 1,024 that systems begin with
/// are few while a provider hands over its backlog of webhooks.
fn open_more_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        warn!(file.most = current, "the limit of open files stays as it is");
    }
}
