//! `recado resume`: lets a campaign's paused run go on.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config::environment;

/// Arguments of `recado resume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it: 1 when the campaign has no run in a state that allows it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let run: Value = client.post(&format!("/api/v1/campaigns/{}/resume", args.name), &json!({})).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&run)? + "\n"
    } else {
        format!("run {} of {} goes on\n", run["id"], args.name)
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}
