//! `recado suppress`: the do-not-send list.

use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::client::Client;
use super::output::answer;
use super::table::{cell, clock, local_time, table};
use crate::config::environment;
use crate::locale::{Language, say, sentences};

/// Arguments of `recado suppress`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Put somebody on the list.
    Add {
        /// The number, international or as dialled in the first sender's country.
        phone: String,
        /// What they must not get.
        #[arg(long, value_enum, default_value_t = Scope::Marketing)]
        scope: Scope,
        /// For the record.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Put every number of a file on the list: one a line, or any file that an audience can be (CSV, XLSX, ODS).
    Import {
        /// The file.
        file: std::path::PathBuf,
        /// Country of numbers without a code, as AR; left out: that of the senders, where all have the same.
        #[arg(long)]
        country: Option<String>,
        /// What they must not get.
        #[arg(long, value_enum, default_value_t = Scope::Marketing)]
        scope: Scope,
        /// For the record.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List everybody on it.
    List,
    /// Take a line off.
    Lift {
        /// The line's number.
        id: i64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// No promotions.
    Marketing,
    /// Nothing at all.
    All,
}

impl Scope {
    const fn word(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::All => "all",
        }
    }
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let (value, text) = match args.what {
        What::Add { phone, scope, note } => add(&client, &phone, scope, &note).await?,
        What::Import { file, country, scope, note } => import(&client, &file, country, (scope, &note)).await?,
        What::List => {
            let items = client.all("/api/v1/suppressions", &[]).await?;
            let text = lines(&items, &client.zone().await?);
            (json!({"items": items}), text)
        }
        What::Lift { id } => {
            client.delete(&format!("/api/v1/suppressions/{id}")).await?;
            (json!({"lifted": id}), format!("line {id} is off the list\n"))
        }
    };
    answer(&if args.json { serde_json::to_string_pretty(&value)? + "\n" } else { text })?;
    Ok(ExitCode::SUCCESS)
}

async fn add(client: &Client, phone: &str, scope: Scope, note: &str) -> anyhow::Result<(Value, String)> {
    let body = json!({"phone": phone, "scope": scope.word(), "note": note});
    let added: Value = client.post("/api/v1/suppressions", &body).await?;
    let text = if added["added"] == true { "They are on the list.\n" } else { "They were on the list already.\n" };
    Ok((added, text.to_owned()))
}

async fn import(
    client: &Client,
    file: &std::path::Path,
    country: Option<String>,
    (scope, note): (Scope, &str),
) -> anyhow::Result<(Value, String)> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let form = Form::new().text("scope", scope.word()).text("note", note.to_owned());
    let form = form.text("country", country.unwrap_or_default()).part("file", Part::bytes(bytes).file_name("list"));
    let done: Value = client.upload("/api/v1/suppressions/file", form).await?;
    let mut text = format!("{} put on the list, {} were on it already\n", cell(&done["added"]), cell(&done["already"]));
    let wrong: Vec<String> = done["wrong"].as_array().into_iter().flatten().map(cell).collect();
    if !wrong.is_empty() {
        let lines = if wrong.len() == 1 { "line" } else { "lines" };
        text.extend(["not on the list, as there is no good number: ", lines, " ", &wrong.join(", "), "\n"]);
    }
    Ok((done, text))
}

fn lines(items: &[Value], zone: &Value) -> String {
    if items.is_empty() {
        return "Nobody is on the list.\n".to_owned();
    }
    let row = |s: &Value| {
        let phone = s["phone"].as_str().map_or_else(String::new, |digits| format!("+{digits}"));
        let [name, scope, note] = ["name", "scope", "note"].map(|key| cell(&s[key]));
        [cell(&s["id"]), phone, name, scope, origin(s), local_time(&s["created_at"], zone), note]
    };
    let header = ["line", "number", "name", "scope", "how", "since", "note"];
    table(header, &items.iter().map(row).collect::<Vec<_>>()) + &clock(zone)
}

/// How a line came, and through whom: `by a program: token:script`.
fn origin(line: &Value) -> String {
    let (source, by) = (cell(&line["source"]), cell(&line["created_by"]));
    let key = format!("web.suppressions.source.{source}");
    let how = if sentences(Language::En).contains_key(&key) { say(Language::En, &key, &[]) } else { source.clone() };
    if matches!(source.as_str(), "person" | "token") { format!("{how} {by}") } else { how }
}
