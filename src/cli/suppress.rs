//! `recado suppress`: the do-not-send list.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado suppress`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List it.
    List,
    /// Put somebody on it.
    Add {
        /// The number.
        phone: String,
        /// What they do not get.
        #[arg(long, value_enum, default_value_t = Scope::Marketing)]
        scope: Scope,
        /// For the record.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Take a line off.
    Lift {
        /// Its number.
        id: i64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// No promotions.
    Marketing,
    /// Nothing.
    All,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let (value, text) = match args.command {
        Command::List => list(&client).await?,
        Command::Add { phone, scope, note } => {
            let scope = match scope {
                Scope::Marketing => "marketing",
                Scope::All => "all",
            };
            let body = json!({"phone": phone, "scope": scope, "note": note});
            let done: Value = client.post_once("/api/v1/suppressions", &body).await?;
            let new = done["done"] == 1;
            (done, if new { "On the list.\n" } else { "Was on the list.\n" }.to_owned())
        }
        Command::Lift { id } => {
            (client.delete(&format!("/api/v1/suppressions/{id}")).await?, "Off the list.\n".to_owned())
        }
    };
    answer(&if args.json { format!("{value}\n") } else { text })?;
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client) -> anyhow::Result<(Value, String)> {
    let mut all: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let query: &[(&str, &str)] = if cursor.is_empty() { &[] } else { &[("cursor", &cursor)] };
        let page: Value = client.get("/api/v1/suppressions", query).await?;
        all.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let lines = all.iter().map(|s| {
        let word = |key: &str| s[key].as_str().unwrap_or_default().to_owned();
        format!("{:>8}  {:<17} {:<10} {}\n", s["id"], word("phone"), word("scope"), word("source"))
    });
    let text = if all.is_empty() { "Nobody is on the list.\n".to_owned() } else { lines.collect() };
    Ok((Value::from(all), text))
}
