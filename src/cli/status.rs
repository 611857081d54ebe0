//! `recado status`: how the campaigns, or the latest run of one, are doing.

use std::process::ExitCode;

use serde_json::Value;

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder name of the campaign, or its number; left out: every campaign.
    campaign: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let (value, text) = match &args.campaign {
        Some(name) => {
            let campaign: Value = client.get(&format!("/api/v1/campaigns/{name}"), &[]).await?;
            let run = run_of(&client, &campaign).await?;
            let text = block(&campaign, &run);
            (run, text)
        }
        None => all(&client).await?,
    };
    answer(&if args.json { format!("{value}\n") } else { text })?;
    Ok(ExitCode::SUCCESS)
}

async fn all(client: &Client) -> anyhow::Result<(Value, String)> {
    let mut runs = Vec::new();
    let mut text = String::new();
    let mut cursor = String::new();
    loop {
        let query: &[(&str, &str)] = if cursor.is_empty() { &[] } else { &[("cursor", &cursor)] };
        let page: Value = client.get("/api/v1/campaigns", query).await?;
        for campaign in page["items"].as_array().into_iter().flatten() {
            let run = run_of(client, campaign).await?;
            text.push_str(&line(campaign, &run));
            runs.push(serde_json::json!({"campaign": campaign, "run": run}));
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    if text.is_empty() {
        "No campaigns yet.\n".clone_into(&mut text);
    }
    Ok((Value::from(runs), text))
}

/// The campaign's latest run; null where it has none.
async fn run_of(client: &Client, campaign: &Value) -> anyhow::Result<Value> {
    match campaign["run"].as_i64() {
        Some(id) => Ok(client.get(&format!("/api/v1/runs/{id}"), &[]).await?),
        None => Ok(Value::Null),
    }
}

fn total(run: &Value) -> i64 {
    run["states"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_i64()).sum()
}

fn line(campaign: &Value, run: &Value) -> String {
    let name = campaign["name"].as_str().unwrap_or_default();
    match run["state"].as_str() {
        Some(state) => format!("{name:<32} {state:<10} {} messages\n", total(run)),
        None => format!("{name:<32} not started\n"),
    }
}

fn block(campaign: &Value, run: &Value) -> String {
    let mut lines = vec![line(campaign, run)];
    for (what, counts) in [("", "states"), ("left out: ", "excluded"), ("answer: ", "outcomes")] {
        for (word, n) in run[counts].as_object().into_iter().flatten() {
            let label = format!("{what}{word}");
            lines.push(format!("  {label:<30} {n}\n"));
        }
    }
    if let Some(why) = run["why"].as_str() {
        lines.push(format!("  {why}\n"));
    }
    lines.concat()
}
