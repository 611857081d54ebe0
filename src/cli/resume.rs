//! `recado resume`: lets a campaign's paused run go on.

use std::process::ExitCode;

use serde_json::json;

pub use super::steer::Which as Args;
use super::steer::steer;

/// Runs it: 1 when the campaign has no run in a state that allows it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    steer(&args, "resume", &json!({}), |run, name| format!("run {run} of {name} goes on")).await
}
