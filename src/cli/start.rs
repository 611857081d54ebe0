//! `recado start`: what would happen, then the start.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::WRONG;
use super::agree::{Agreement, agreed};
use super::client::Client;
use super::output::answer;
use crate::config::environment;
use crate::preflight::diff;

/// Arguments of `recado start`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name.
    name: String,
    /// Do not ask; needed where nobody can be asked.
    #[arg(long)]
    yes: bool,
    /// Apply a new file that looks wrong (empty, not whole, without a column, or taking much back) all the same.
    #[arg(long)]
    anyway: bool,
    /// Print JSON: the run that began, or the sheet with its blockers.
    #[arg(long)]
    json: bool,
}

/// Runs it: 1 when blockers keep it from starting or the question is answered with no.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let path = format!("/api/v1/campaigns/{}", args.name);
    let sheet: Value = client.get(&format!("{path}/preflight"), &[]).await?;
    if !args.json {
        answer(&client.text(&format!("{path}/preflight")).await?)?;
    }
    if sheet["blockers"].as_array().is_none_or(|b| !b.iter().all(|b| args.anyway && is_guard(b))) {
        if args.json {
            answer(&(serde_json::to_string_pretty(&sheet)? + "\n"))?;
        }
        return Ok(ExitCode::FAILURE);
    }
    match agreed(&question(&sheet), args.yes)? {
        Agreement::Yes => {}
        Agreement::No => return Ok(ExitCode::FAILURE),
        Agreement::Nobody => return Ok(ExitCode::from(WRONG)),
    }
    let body = json!({"version": sheet["version"], "shown": sheet["shown"], "anyway": args.anyway});
    let started: Value = client.post(&format!("{path}/start"), &body).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&started)? + "\n"
    } else {
        match started["run"].as_i64() {
            None => "it begins at its first time\n".to_owned(),
            Some(run) => format!("run {run} has begun; see how it does with `recado status {}`\n", args.name),
        }
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a person may have the file applied although this stands in the way.
fn is_guard(blocker: &Value) -> bool {
    blocker["code"].as_str().is_some_and(diff::is_guard_code)
}

/// The consequence in figures.
fn question(sheet: &Value) -> String {
    let cost = &sheet["cost"];
    let high = cost["high"].as_str().unwrap_or("?");
    let currency = cost["currency"].as_str().unwrap_or_default();
    format!("Messages: {}, for {currency} {high} at most. Send?", sheet["messages"])
}
