//! `recado holds`: what stands still, and letting it go on.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado holds`.
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
    /// Lift one.
    Lift {
        /// Its number.
        id: i64,
    },
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let (value, text) = match args.command.unwrap_or(Command::List) {
        Command::List => {
            let holds: Value = client.get("/api/v1/holds", &[]).await?;
            let lines = holds["items"].as_array().into_iter().flatten().map(|h| {
                let word = |key: &str| h[key].as_str().unwrap_or_default().to_owned();
                format!("{:>6}  {} {}: {}\n", h["id"], word("scope"), word("key"), word("why"))
            });
            let text: String = lines.collect();
            (holds, if text.is_empty() { "Nothing stands still.\n".to_owned() } else { text })
        }
        Command::Lift { id } => {
            let done: Value = client.post(&format!("/api/v1/holds/{id}/lift"), &json!({})).await?;
            (done, format!("Hold {id} is lifted.\n"))
        }
    };
    answer(&if args.json { format!("{value}\n") } else { text })?;
    Ok(ExitCode::SUCCESS)
}
