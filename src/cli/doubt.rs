//! `recado doubt`: messages of which nobody knows whether they left.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado doubt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them.
    List,
    /// Settle them.
    Settle {
        /// Send them again, or leave them as they are.
        #[arg(value_enum)]
        how: How,
        /// Their numbers.
        #[arg(required_unless_present = "run")]
        messages: Vec<i64>,
        /// All of this run instead.
        #[arg(long, conflicts_with = "messages")]
        run: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    /// They may reach a person twice.
    SendAgain,
    /// They may reach nobody.
    Leave,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    match args.command.unwrap_or(Command::List) {
        Command::List => list(&client, args.json).await,
        Command::Settle { how, messages, run } => {
            let how = match how {
                How::SendAgain => "send_again",
                How::Leave => "leave",
            };
            let body = json!({"how": how, "messages": messages, "run": run});
            let done: Value = client.post("/api/v1/doubt", &body).await?;
            answer(&if args.json { format!("{done}\n") } else { format!("Settled: {}\n", done["done"]) })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let mut all: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let query: &[(&str, &str)] = if cursor.is_empty() { &[] } else { &[("cursor", &cursor)] };
        let page: Value = client.get("/api/v1/doubt", query).await?;
        all.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let lines = all.iter().map(|d| {
        let (to, name) = (d["to"].as_str().unwrap_or_default(), d["name"].as_str().unwrap_or_default());
        format!("{:>10}  run {:<6} row {:<8} {to:<17} {name}\n", d["message"], d["run"], d["row"])
    });
    let text = if all.is_empty() { "None.\n".to_owned() } else { lines.collect() };
    answer(&if json { format!("{}\n", Value::from(all)) } else { text })?;
    Ok(ExitCode::SUCCESS)
}
