//! `recado cancel`: cancels what is left of a campaign's run.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::WRONG;
use super::agree::{Agreement, agreed};
use super::client::Client;
use super::output::answer;
use crate::config::environment;

/// Arguments of `recado cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name.
    name: String,
    /// Do not ask; needed where nobody can be asked.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it: 1 when the campaign has no run in a state that allows it, or the answer is no.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let path = format!("/api/v1/campaigns/{}", args.name);
    if !args.yes {
        let campaign: Value = client.get(&path, &[]).await?;
        match agreed(&question(&campaign["run"], &args.name), false)? {
            Agreement::Yes => {}
            Agreement::No => return Ok(ExitCode::FAILURE),
            Agreement::Nobody => return Ok(ExitCode::from(WRONG)),
        }
    }
    let run: Value = client.post(&format!("{path}/cancel"), &json!({})).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&run)?
    } else {
        format!("run {} of {} is cancelled; what has left is not called back", run["id"], args.name)
    };
    answer(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What cannot be undone.
fn question(run: &Value, name: &str) -> String {
    let waiting = run["states"]["queued"].as_i64().unwrap_or_default();
    match run["id"].as_i64() {
        Some(id) => format!(
            "Cancel run {id} of {name}? Messages that would not be sent any more: {waiting}. This cannot be undone."
        ),
        None => format!("Cancel {name}? This cannot be undone."),
    }
}
