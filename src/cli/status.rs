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
        let text = format!("{name} has not been started; see what would happen with `recado start {name}`\n");
        let text = text + &problem_of(&campaign);
        return Ok((campaign, text));
    };
    let mut run: Value = client.get(&format!("/api/v1/runs/{run}"), &[]).await?;
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
    text += &problem_of(&campaign);
    run["problem"] = campaign["problem"].clone();
    Ok((run, text))
}

/// What is wrong with the files that lie in the campaign's folder, if anything is.
fn problem_of(campaign: &Value) -> String {
    campaign["problem"].as_str().map(|problem| format!("its files need a look:\n{problem}\n")).unwrap_or_default()
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
    for (label, value) in rows_of(run) {
        fact(&label, value);
    }
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

/// How many rows became what, such that it can be added up: of a standing run of its last file, and of all of them.
fn rows_of(run: &Value) -> Vec<(String, String)> {
    let (messages, all) = (cell(&run["messages"]), &run["all_files"]);
    if !run["last_file"].is_object() {
        return vec![("rows read".to_owned(), cell(&run["rows_read"])), ("messages".to_owned(), messages)];
    }
    let mut rows = vec![("last file".to_owned(), of_files(&run["last_file"]))];
    if all["files"].as_i64().is_some_and(|files| files > 1) {
        rows.push((format!("all {} files", all["files"]), of_files(all)));
    }
    rows.push(("messages".to_owned(), format!("{messages} of all files")));
    rows
}

/// What files did, as a sum.
fn of_files(files: &Value) -> String {
    let n = |key: &str| cell(&files[key]);
    let [rows, added, changed, same, sent, left_out] =
        ["rows_read", "added", "changed", "same", "already_sent", "left_out"].map(n);
    let sum = format!(
        "{rows} rows = {added} new + {changed} changed + {same} as before + {sent} already sent + {left_out} left out"
    );
    if files["removed"] == 0 { sum } else { format!("{sum}; {} taken back", n("removed")) }
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

    #[test]
    fn what_files_did_to_a_standing_run_can_be_added_up() {
        let last = json!({"files": 1, "rows_read": 30, "added": 2, "changed": 1, "same": 20, "already_sent": 6,
            "left_out": 1, "removed": 0});
        let all = json!({"files": 3, "rows_read": 90, "added": 47, "changed": 2, "same": 30, "already_sent": 9,
            "left_out": 2, "removed": 4});
        let run = json!({"id": 1, "title": "Turnos", "state": "running", "timezone": "UTC", "rows_read": 30,
            "messages": 47, "last_file": last, "all_files": all, "excluded": {"bad_phone": 1}});
        let text = detail(&run);
        let (last, all) = (
            "30 rows = 2 new + 1 changed + 20 as before + 6 already sent + 1 left out\n",
            "90 rows = 47 new + 2 changed + 30 as before + 9 already sent + 2 left out; 4 taken back\n",
        );
        assert!(text.contains(&format!("\n  last file       {last}  all 3 files     {all}")), "{text}");
        assert!(text.contains("\n  messages        47 of all files\n"), "{text}");
        assert!(!text.contains("rows read"), "{text}");
    }
}
