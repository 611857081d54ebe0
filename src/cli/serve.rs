//! `recado serve`: the daemon.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::lifecycle::Ending;
use crate::app::serve::serve;
use crate::clock::{Clock, Scale};
use crate::config::{self, Config};

/// Watches the campaign folder, sends, listens to webhooks and serves the pages, until it is asked to stop.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration.
    #[arg(long, env = "RECADO_CONFIG", default_value = "recado.toml")]
    config: PathBuf,
    /// Runs on another clock, `ORIGIN@REAL_ORIGIN*SPEED`; only with providers on this machine.
    #[arg(long)]
    clock: Option<Scale>,
}

/// Runs until SIGINT or SIGTERM. Status 1 when something was cut off or died.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config, &config::environment())?;
    let clock = args.clock.map_or_else(Clock::real, Clock::scaled);
    Ok(match serve(config, clock).await? {
        Ending::Graceful => ExitCode::SUCCESS,
        Ending::Cut | Ending::TaskDied => ExitCode::FAILURE,
    })
}
