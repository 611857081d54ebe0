//! `recado pause`, `recado resume`, `recado cancel`: the latest run of a campaign.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado resume` and `recado cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder name of the campaign, or its number.
    campaign: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `recado pause`.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    #[command(flatten)]
    which: Args,
    /// Shown beside who paused it.
    #[arg(long, default_value = "")]
    why: String,
}

/// Pauses it: nothing more leaves.
pub async fn pause(args: PauseArgs) -> anyhow::Result<ExitCode> {
    steer(&args.which, "pause", &json!({"why": args.why})).await
}

/// Lets it go on.
pub async fn resume(args: Args) -> anyhow::Result<ExitCode> {
    steer(&args, "resume", &json!({})).await
}

/// Cancels what has not left.
pub async fn cancel(args: Args) -> anyhow::Result<ExitCode> {
    steer(&args, "cancel", &json!({})).await
}

async fn steer(args: &Args, how: &str, body: &Value) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let run: Value = client.post(&format!("/api/v1/campaigns/{}/{how}", args.campaign), body).await?;
    let state = run["state"].as_str().unwrap_or_default();
    let told = format!("Run {} of {} is {state}.\n", run["id"], args.campaign);
    answer(&if args.json { format!("{run}\n") } else { told })?;
    Ok(ExitCode::SUCCESS)
}
