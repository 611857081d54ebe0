//! `recado alert`: what is wrong, who was told, and a trial of telling.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::desk::At;
use super::output::answer;
use super::table::{cell, clock, local_time, table};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::engine::alerts::Ways;

/// Arguments of `recado alert`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List what is wrong, as the daemon knows it.
    List,
    /// Send a trial by each configured way, from here, and say what happened.
    Test,
}

/// Runs it: 1 when a trial did not arrive, or there is no way.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.what {
        Some(What::Test) => test(&args.at).await,
        Some(What::List) | None => list(args.at.json).await,
    }
}

async fn list(as_json: bool) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let items = client.all("/api/v1/alerts", &[]).await?;
    let text = if as_json {
        serde_json::to_string_pretty(&json!({"items": items}))? + "\n"
    } else {
        lines(&items, &client.zone().await?)
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(items: &[Value], zone: &Value) -> String {
    if items.is_empty() {
        return "Nothing is wrong.\n".to_owned();
    }
    let row = |alert: &Value| {
        let ways = alert["ways"].as_array().map(Vec::as_slice).unwrap_or_default();
        let told = ways.iter().map(|way| match (&way["told_at"], &way["failure"]) {
            (Value::Null, Value::Null) => format!("{} soon", cell(&way["way"])),
            (Value::Null, why) => format!("{} not yet ({})", cell(&way["way"]), cell(why)),
            _ => cell(&way["way"]),
        });
        let told = told.collect::<Vec<_>>().join(", ");
        [local_time(&alert["began_at"], zone), cell(&alert["kind"]), told, cell(&alert["message"])]
    };
    table(["since", "about", "told by", "what"], &items.iter().map(row).collect::<Vec<_>>()) + &clock(zone)
}

async fn test(at: &At) -> anyhow::Result<ExitCode> {
    let config = Config::load(&at.config, &config::environment())?;
    let ways = Ways::new(&config);
    let notice = ways.trial(Clock::real().now());
    let (mut text, mut all, mut items) = (String::new(), !ways.all().is_empty(), Vec::new());
    for way in ways.all() {
        let told = ways.tell(way, &notice).await;
        let what = told.as_ref().map_or_else(chain, |()| "told".to_owned());
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{:<8} {what}", way.as_str());
        all &= told.is_ok();
        items.push(json!({"way": way.as_str(), "told": told.is_ok(), "what": what}));
    }
    if items.is_empty() {
        text.push_str("[alerts] of recado.toml names no webhook, email or command: nobody would be told.\n");
    }
    answer(&if at.json { json!({"items": items}).to_string() + "\n" } else { text })?;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The error with its causes: whoever runs the trial may see what the servers said.
fn chain(error: &crate::engine::alerts::Untold) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
