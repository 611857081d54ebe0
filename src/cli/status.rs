//! `recado status`: how runs are doing.

use std::process::ExitCode;

use serde_json::Value;

use super::client::Client;
use super::output::answer;
use super::table::{cell, local_time, table};
use crate::config::environment;
use crate::locale::{Language, say, sentences};

/// Columns of a label: the longest, and a blank.
const LABEL: usize = 16;

/// Runs listed where no campaign is named.
const RUNS: &str = "20";

/// Arguments of `recado status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name; left out: the latest runs of all.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let (value, text) = if let Some(name) = args.name {
        one(&client, &name).await?
    } else {
        let list: Value = client.get("/api/v1/runs", &[("limit", RUNS)]).await?;
        let portfolios: Value = client.get("/api/v1/portfolios", &[]).await?;
        let text = lines(&list) + &limits(&portfolios, &client.zone().await?);
        let mut all = list;
        all["portfolios"] = portfolios["items"].clone();
        (all, text)
    };
    answer(&if args.json { serde_json::to_string_pretty(&value)? + "\n" } else { text })?;
    Ok(ExitCode::SUCCESS)
}

fn lines(list: &Value) -> String {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return "Nothing has been started yet.\n".to_owned();
    }
    let rows: Vec<_> = items
        .iter()
        .map(|run| {
            [
                cell(&run["id"]),
                cell(&run["name"]),
                words("web.run_state", &run["state"]),
                cell(&run["messages"]),
                count(run, &["delivered", "read"]).to_string(),
                count(run, &["read"]).to_string(),
                count(run, &["failed", "undelivered"]).to_string(),
                count(run, &["in_doubt"]).to_string(),
                local_time(&run["started_at"], &run["timezone"]),
            ]
        })
        .collect();
    table(["run", "campaign", "state", "messages", "delivered", "read", "failed", "in doubt", "started"], &rows)
}

/// The sentence of a word of the API, under `area` of the locales; a word that has none as it is.
fn words(area: &str, word: &Value) -> String {
    let word = cell(word);
    let key = format!("{area}.{word}");
    if sentences(Language::En).contains_key(&key) { say(Language::En, &key, &[]) } else { word.replace('_', " ") }
}

/// The messaging limits in force, a line each.
fn limits(portfolios: &Value, zone: &Value) -> String {
    let items = portfolios["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |p: &Value| {
        let frees = local_time(&p["next_frees_at"], zone);
        let clock = cell(zone);
        let frees = if frees.is_empty() { frees } else { format!("; the next place frees {frees} ({clock})") };
        format!("{}: {} new people left of {} in 24 hours{frees}\n", cell(&p["portfolio"]), p["free"], p["limit"])
    };
    items.iter().filter(|p| p["limit"].is_i64()).map(line).collect()
}

fn count(run: &Value, states: &[&str]) -> i64 {
    states.iter().filter_map(|state| run["states"][state].as_i64()).sum()
}

/// The campaign's latest run in full, or what there is instead.
async fn one(client: &Client, name: &str) -> anyhow::Result<(Value, String)> {
    let campaign: Value = client.get(&format!("/api/v1/campaigns/{name}"), &[]).await?;
    let Some(run) = campaign["run"]["id"].as_i64() else {
        if campaign["next_due_at"].is_i64() {
            let zone = &campaign["timezone"];
            let (next, clock) = (local_time(&campaign["next_due_at"], zone), cell(zone));
            return Ok((campaign, format!("{name} begins again and again; the first time is {next} ({clock})\n")));
        }
        let problem = campaign["problem"].as_str().map(|p| format!("its files need a look:\n{p}\n"));
        let text = format!("{name} has not been started; see what would happen with `recado start {name}`\n");
        return Ok((campaign, text + &problem.unwrap_or_default()));
    };
    let run: Value = client.get(&format!("/api/v1/runs/{run}"), &[]).await?;
    let mut text = detail(&run);
    if campaign["next_due_at"].is_i64() {
        let next = local_time(&campaign["next_due_at"], &campaign["timezone"]);
        text.extend([format!("  {:<LABEL$}{next}\n", "begins again")]);
    }
    if let Some(file) = run["waiting_file"]["file"].as_str() {
        let came = local_time(&run["waiting_file"]["loaded_at"], &run["timezone"]);
        text.extend([format!(
            "A new file waits: {file}, since {came}. The run goes on without it until somebody says yes: `recado start {name}`\n"
        )]);
    }
    Ok((run, text))
}

fn detail(run: &Value) -> String {
    let state = words("web.run_state", &run["state"]);
    let mut lines = vec![format!("{} · run {} · {state}", cell(&run["title"]), run["id"])];
    let mut fact = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {label:<LABEL$}{value}"));
        }
    };
    let at = |value: &Value| local_time(value, &run["timezone"]);
    fact("waits", cell(&run["waiting"]["message"]));
    fact("until", at(&run["waiting"]["until"]));
    fact("template", cell(&run["template"]));
    fact("soon", cell(&run["category_ahead"]["message"]));
    fact("started", format!("{} by {}", at(&run["started_at"]), cell(&run["starter"])));
    fact("sent out", at(&run["sent_out_at"]));
    fact("closed", at(&run["closed_at"]));
    let told = &run["forecast"];
    if told["if_it_went_on"] == true {
        fact("its end", say(Language::En, "preflight.ends_as_if", &[]));
    }
    fact("ends about", at(&told["likely"]));
    fact("at the earliest", at(&told["low"]));
    fact("at the latest", at(&told["high"]));
    fact("limited by", words("limited_by", &told["limited_by"]));
    if told["by_people"] == true {
        fact("its end", say(Language::En, "preflight.by_people", &[]));
    }
    if let Some(hours) = told["tried_again_h"].as_i64() {
        fact("the latest", say(Language::En, "web.ends_again", &[("hours", &hours.to_string())]));
    }
    fact("times of", cell(&run["timezone"]));
    fact("rows read", cell(&run["rows_read"]));
    fact("messages", cell(&run["messages"]));
    for (label, key, area) in
        [("", "states", "web.state"), ("left out", "excluded", "exclusion"), ("outcome", "outcomes", "web.outcome")]
    {
        for (word, n) in run[key].as_object().into_iter().flatten() {
            fact(label, format!("{n:>7}  {}", words(area, &Value::from(word.as_str()))));
        }
    }
    for failure in run["failures"].as_array().into_iter().flatten() {
        fact("failed", format!("{:>7}  {}", cell(&failure["n"]), cell(&failure["message"])));
    }
    fact("to be read", cell(&run["to_be_read"]));
    fact("undecided", cell(&run["answered"]));
    fact("charged", format!("{} {}", cell(&run["cost"]["currency"]), cell(&run["cost"]["charged"])));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_label_stands_apart_from_what_it_says_and_a_pace_by_people_is_told_as_one() {
        let forecast = json!({"low": 0, "likely": 0, "high": 0, "limited_by": "people", "by_people": true});
        let run = json!({"id": 1, "title": "Turnos", "state": "running", "timezone": "UTC", "forecast": forecast,
            "waiting": {"message": "29 conversations wait", "until": null}, "started_at": 0, "starter": "ana",
            "category_ahead": {"code": "category_ahead", "message": "Dearer soon.", "n": 3}});
        let text = detail(&run);
        assert!(text.contains("\n  at the earliest Thu 1 Jan 1970, 00:00\n"), "{text}");
        assert!(text.contains("\n  waits           29 conversations wait\n"), "{text}");
        let unknown = say(Language::En, "preflight.by_people", &[]);
        assert!(text.contains(&format!("\n  its end         {unknown}\n")), "{text}");
        assert!(!text.contains("who answers"), "{text}");
        assert!(text.contains("\n  soon            Dearer soon.\n"), "{text}");
        assert!(
            text.contains(&format!("\n  limited by      {}\n", say(Language::En, "limited_by.people", &[]))),
            "{text}"
        );
    }
}
