//! `recado template`: templates as the daemon last read them.

use std::process::ExitCode;

use serde_json::Value;

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado template`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only templates whose name holds this.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let list: Value = client.get("/api/v1/templates", &[]).await?;
    let wanted = args.name.as_deref().unwrap_or_default();
    let of = |t: &Value, key: &str| t[key].as_str().unwrap_or_default().to_owned();
    let items: Vec<Value> =
        list["items"].as_array().into_iter().flatten().filter(|t| of(t, "name").contains(wanted)).cloned().collect();
    let lines = items.iter().map(|t| {
        let status = t["status"].as_str().map_or_else(|| t["status"].to_string(), str::to_owned);
        format!("{:<40} {:<8} {:<16} {status}\n", of(t, "name"), of(t, "language"), of(t, "category"))
    });
    let text = if items.is_empty() { "None.\n".to_owned() } else { lines.collect() };
    answer(&if args.json { format!("{}\n", Value::from(items)) } else { text })?;
    Ok(ExitCode::SUCCESS)
}
