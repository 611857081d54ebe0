//! `recado serve`: the daemon until it is asked to stop.

use tokio::net::TcpListener;
use tracing::info;

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
