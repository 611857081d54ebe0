//! `recado retry`: failed messages, by cause and cost, tried again.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::WRONG;
use super::agree::{Agreement, agreed};
use super::client::Client;
use super::output::answer;
use super::table::{cell, table};
use crate::config::environment;

/// Arguments of `recado retry`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name: its latest run.
    #[arg(required_unless_present = "run")]
    name: Option<String>,
    /// This run instead.
    #[arg(long, conflicts_with = "name")]
    run: Option<i64>,
    /// Only these causes, by their codes; left out: those where another try can help. What people may have got is tried again
    /// only where its code is named here.
    #[arg(long = "code", value_name = "CODE", allow_negative_numbers = true)]
    codes: Vec<i64>,
    /// Do not ask; needed where nobody can be asked.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it: 1 when nothing is tried again.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let path = match (args.run, &args.name) {
        (Some(run), _) => format!("/api/v1/runs/{run}/retry"),
        (None, name) => format!("/api/v1/campaigns/{}/retry", name.as_deref().unwrap_or_default()),
    };
    let mut body = json!({"check": true});
    if !args.codes.is_empty() {
        body["codes"] = json!(args.codes);
    }
    let sheet: Value = client.post(&path, &body).await?;
    let would = sheet["would"].as_i64().unwrap_or(0);
    if !args.json {
        answer(&told(&sheet))?;
    }
    if would == 0 {
        return nothing(&sheet, args.json);
    }
    match agreed(&question(&sheet), args.yes)? {
        Agreement::Yes => {}
        Agreement::No => return Ok(ExitCode::FAILURE),
        Agreement::Nobody => return Ok(ExitCode::from(WRONG)),
    }
    // What was shown is what is done: causes that appeared since are not part of it.
    let causes = sheet["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let codes: Vec<&Value> = causes.iter().filter(|c| c["chosen"] == true).map(|c| &c["code"]).collect();
    let done: Value = client.post(&path, &json!({"codes": codes})).await?;
    let retried = done["retried"].as_u64().unwrap_or(0);
    let text =
        if args.json { serde_json::to_string_pretty(&done)? + "\n" } else { format!("tried again: {retried}\n") };
    answer(&text)?;
    Ok(if retried > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn nothing(sheet: &Value, as_json: bool) -> anyhow::Result<ExitCode> {
    let text = if as_json {
        serde_json::to_string_pretty(sheet)? + "\n"
    } else {
        "Nothing is to be tried again.\n".to_owned()
    };
    answer(&text)?;
    Ok(ExitCode::FAILURE)
}

fn told(sheet: &Value) -> String {
    let causes = sheet["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |cause: &Value| {
        [
            if cause["chosen"] == true { "yes" } else { "no" }.to_owned(),
            cell(&cause["code"]),
            cell(&cause["n"]),
            cell(&cause["again"]),
            range(&cause["cost"]),
            format!("{} ({})", cell(&cause["message"]), cell(&cause["help_message"])),
        ]
    };
    let header = ["chosen", "code", "failed", "again", "cost", "cause"];
    let causes: Vec<_> = causes.iter().map(row).collect();
    let causes = if causes.is_empty() { String::new() } else { table(header, &causes) };
    let others = [("expired", "too late, never sent"), ("undelivered", "accepted, did not arrive in time")];
    let others = others.into_iter().filter(|(key, _)| sheet[key].as_i64().is_some_and(|n| n > 0));
    let others = others.map(|(key, words)| format!("not part of it: {} {words}\n", sheet[key]));
    causes + &others.collect::<Vec<_>>().concat() + &unsure(&sheet["causes"], &sheet["unsure"])
}

/// What is left out because people may have got it, and how to have it tried again all the same.
fn unsure(causes: &Value, n: &Value) -> String {
    if n.as_i64().unwrap_or(0) == 0 {
        return String::new();
    }
    let causes = causes.as_array().map(Vec::as_slice).unwrap_or_default();
    let left_out = causes.iter().filter(|cause| cause["help"] == "unsure" && cause["chosen"] == false);
    let named: Vec<String> = left_out.map(|cause| format!("--code={}", cause["code"])).collect();
    format!(
        "not part of it: {n} that people may have got; {} sends them again, and they may then come twice\n",
        named.join(" ")
    )
}

fn question(sheet: &Value) -> String {
    let (n, currency) = (&sheet["would"], cell(&sheet["currency"]));
    let twice = match sheet["would_twice"].as_i64() {
        None | Some(0) => String::new(),
        Some(n) => format!(" Nobody knows whether {n} of them have arrived: those may come twice."),
    };
    format!("Messages to try again: {n}, for {currency} {}.{twice} Send?", range(&sheet["cost"]))
}

fn range(cost: &Value) -> String {
    let part = |key: &str| cost[key].as_str().unwrap_or("?").to_owned();
    format!("{} to {}", part("low"), part("high"))
}
