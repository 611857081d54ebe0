//! `recado template`: templates, as last read from the provider.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::eprint;
use super::output::answer;
use super::table::{cell, table};
use crate::config::environment;

/// Arguments of `recado template`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Only of this account.
    #[arg(long, global = true)]
    account: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them.
    List,
    /// Show one in every language, or in one.
    Show {
        /// Its name.
        name: String,
        /// Its language, as `es_AR`.
        #[arg(long)]
        language: Option<String>,
    },
}

/// Runs it: 1 when there is no such template.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let mut query: Vec<(&str, &str)> = Vec::new();
    query.extend(args.account.as_deref().map(|account| ("account", account)));
    if let What::Show { name, language } = &args.what {
        query.push(("name", name));
        query.extend(language.as_deref().map(|language| ("language", language)));
    }
    let items = client.all("/api/v1/templates", &query).await?;
    if let (What::Show { name, .. }, true) = (&args.what, items.is_empty()) {
        eprint(&format!("recado: no template {name} has been read from the provider"));
        return Ok(ExitCode::FAILURE);
    }
    let text = match args.what {
        _ if args.json => serde_json::to_string_pretty(&json!({"items": items}))? + "\n",
        What::List => lines(&items),
        What::Show { .. } => items.iter().map(whole).collect::<Vec<_>>().join("\n"),
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(items: &[Value]) -> String {
    if items.is_empty() {
        return "No template has been read from the provider yet.\n".to_owned();
    }
    let row = |t: &Value| ["account", "name", "language", "category", "status"].map(|key| cell(&t[key]));
    table(["account", "name", "language", "category", "status"], &items.iter().map(row).collect::<Vec<_>>())
}

/// The text as it was approved, with its placeholders.
fn whole(t: &Value) -> String {
    let [name, language, category, status] = ["name", "language", "category", "status"].map(|key| cell(&t[key]));
    let mut lines = vec![format!("{name} ({language}) · {category} · {status}"), String::new()];
    let header = &t["header"];
    if let Some(text) = header["text"].as_str().or_else(|| header["kind"].as_str()) {
        lines.extend([format!("  {text}"), String::new()]);
    }
    lines.extend(cell(&t["body"]).lines().map(|line| format!("  {line}")));
    if let Some(footer) = t["footer"].as_str() {
        lines.extend([String::new(), format!("  {footer}")]);
    }
    for button in t["buttons"].as_array().into_iter().flatten() {
        let target = button["url"].as_str().map_or_else(String::new, |url| format!(" → {url}"));
        lines.push(format!("  [{}]{target}", cell(&button["text"])));
    }
    lines.join("\n") + "\n"
}
