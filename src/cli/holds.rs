//! `recado holds`: what stands still, why, and letting it go on.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use super::table::{cell, clock, local_time, table};
use crate::config::environment;

/// Arguments of `recado holds`.
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
    List,
    /// Let what is held go on.
    Lift {
        /// The hold's number.
        id: i64,
    },
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let text = match args.what {
        Some(What::Lift { id }) => {
            client.act(&format!("/api/v1/holds/{id}/lift")).await?;
            if args.json { json!({"lifted": id}).to_string() + "\n" } else { format!("hold {id} is lifted\n") }
        }
        Some(What::List) | None => {
            let items = client.all("/api/v1/holds", &[]).await?;
            if args.json {
                serde_json::to_string_pretty(&json!({"items": items}))? + "\n"
            } else {
                lines(&items, &client.zone().await?)
            }
        }
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(items: &[Value], zone: &Value) -> String {
    if items.is_empty() {
        return "Nothing stands still.\n".to_owned();
    }
    let row = |hold: &Value| {
        let until = match hold["ends"].as_str() {
            Some("itself") => "it ends by itself".to_owned(),
            Some("time") => local_time(&hold["until_at"], zone),
            _ => "a person lifts it".to_owned(),
        };
        // A full disk is no row that could be lifted.
        let id = if hold["cause"] == "disk" { "-".to_owned() } else { cell(&hold["id"]) };
        [id, cell(&hold["what"]), local_time(&hold["created_at"], zone), until, cell(&hold["message"])]
    };
    table(["hold", "stops", "since", "until", "why"], &items.iter().map(row).collect::<Vec<_>>()) + &clock(zone)
}
