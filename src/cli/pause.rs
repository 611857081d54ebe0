//! `recado pause`: stops a campaign's run until it is resumed.

use std::process::ExitCode;

use serde_json::json;

use super::steer::{Which, steer};

/// Arguments of `recado pause`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Why; shown with the run.
    #[arg(long, default_value = "")]
    why: String,
}

/// Runs it: 1 when the campaign has no run in a state that allows it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let said = |run: &_, name: &str| format!("run {run} of {name} is paused; it goes on with `recado resume {name}`");
    steer(&args.which, "pause", &json!({"why": args.why}), said).await
}
