//! `recado start`: starts the latest version of a campaign, after showing what it would do.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado start`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder name of the campaign, or its number.
    campaign: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it. Status 1 when blockers stand in the way.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let path = format!("/api/v1/campaigns/{}", args.campaign);
    let sheet: Value = client.get(&format!("{path}/preflight"), &[]).await?;
    let blockers = sheet["blockers"].as_array().cloned().unwrap_or_default();
    if !blockers.is_empty() {
        let reasons = blockers.iter().filter_map(|b| b["message"].as_str()).map(|m| format!("- {m}\n"));
        let told = format!("Fix before starting:\n{}", reasons.collect::<String>());
        answer(&if args.json { format!("{}\n", json!({"blockers": blockers})) } else { told })?;
        return Ok(ExitCode::FAILURE);
    }
    // The version whose sheet was read, and no other.
    let started: Value = client.post_once(&format!("{path}/start"), &json!({"version": sheet["version"]})).await?;
    let told = format!("Run {} sends {} messages.\n", started["run"], sheet["messages"]);
    answer(&if args.json { format!("{started}\n") } else { told })?;
    Ok(ExitCode::SUCCESS)
}
