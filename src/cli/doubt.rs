//! `recado doubt`: messages of which it is not known whether they left.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use super::table::{cell, table, time};
use crate::config::environment;

/// Arguments of `recado doubt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them.
    List {
        /// Only of this run.
        #[arg(long)]
        run: Option<i64>,
    },
    /// Try again: they did not leave, or a second one does no harm.
    SendAgain(Which),
    /// Leave them as they are: nothing is sent again.
    Leave(Which),
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// These messages.
    messages: Vec<i64>,
    /// Everything in doubt of this run.
    #[arg(long)]
    run: Option<i64>,
}

/// Runs it: 1 when nothing of what was named is in doubt.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    match args.what.unwrap_or(What::List { run: None }) {
        What::List { run } => list(&client, run, args.json).await,
        What::SendAgain(which) => settle(&client, &which, "send_again", args.json).await,
        What::Leave(which) => settle(&client, &which, "leave", args.json).await,
    }
}

async fn list(client: &Client, run: Option<i64>, as_json: bool) -> anyhow::Result<ExitCode> {
    let run = run.map(|run| run.to_string());
    let query: Vec<(&str, &str)> = run.iter().map(|run| ("run", run.as_str())).collect();
    let items = client.all("/api/v1/doubt", &query).await?;
    let row = |d: &Value| {
        [
            cell(&d["message"]),
            cell(&d["run"]),
            cell(&d["row"]),
            cell(&d["to"]),
            cell(&d["name"]),
            time(&d["claimed_at"]),
        ]
    };
    let text = if as_json {
        serde_json::to_string_pretty(&json!({"items": items}))? + "\n"
    } else if items.is_empty() {
        "Nothing is in doubt.\n".to_owned()
    } else {
        table(["message", "run", "row", "to", "name", "tried"], &items.iter().map(row).collect::<Vec<_>>())
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn settle(client: &Client, which: &Which, how: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let body = match which.run {
        Some(run) => json!({"run": run, "settlement": how}),
        None => json!({"messages": which.messages, "settlement": how}),
    };
    let done: Value = client.post("/api/v1/doubt", &body).await?;
    let settled = done["settled"].as_u64().unwrap_or(0);
    let text = match (as_json, how) {
        (true, _) => serde_json::to_string_pretty(&done)? + "\n",
        (_, "leave") => format!("left as they are: {settled}\n"),
        _ => format!("tried again: {settled}\n"),
    };
    answer(&text)?;
    Ok(if settled > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
