//! `recado cancel`: cancels what is left of a campaign's run.

use std::process::ExitCode;

use serde_json::json;

pub use super::steer::Which as Args;
use super::steer::steer;

/// Runs it: 1 when the campaign has no run in a state that allows it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    steer(&args, "cancel", &json!({}), |run, name| {
        format!("run {run} of {name} is cancelled; what has left is not called back")
    })
    .await
}
