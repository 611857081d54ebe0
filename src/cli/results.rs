//! `recado results`: every row of a run and what became of it, as CSV.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado results`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder name of the campaign, or its number: its latest run.
    campaign: String,
    /// Another run of it.
    #[arg(long)]
    run: Option<i64>,
    /// Write to this file instead of standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Print the counts as JSON instead of the rows.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let campaign: Value = client.get(&format!("/api/v1/campaigns/{}", args.campaign), &[]).await?;
    let run = args.run.or(campaign["run"].as_i64()).with_context(|| format!("{} was not started", args.campaign))?;
    if args.json {
        let counts: Value = client.get(&format!("/api/v1/runs/{run}"), &[]).await?;
        answer(&format!("{}\n", json!({"campaign": campaign, "run": counts})))?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = format!("/api/v1/runs/{run}/results.csv");
    match &args.output {
        Some(file) => {
            let mut to = std::fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
            client.download(&path, &mut to).await?;
            to.sync_all()?;
        }
        None => client.download(&path, &mut std::io::stdout().lock()).await?,
    }
    Ok(ExitCode::SUCCESS)
}
