//! `recado costs`: what a month cost.

use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::client::Client;
use super::output::answer;
use crate::billing::report::{CostReport, Month, csv, keys};
use crate::billing::report_text;
use crate::config::environment;
use crate::locale::Language;

/// Arguments of `recado costs`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The month, as 2026-11; left out: the current one.
    #[arg(long)]
    month: Option<String>,
    /// What to break it down by: campaign, `cost_centre`, account, sender, market, category, day.
    #[arg(long, default_value = "campaign")]
    by: String,
    /// Print CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Language: en, es or pt.
    #[arg(long, default_value = "en")]
    lang: String,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    // Refused here, so that a typing mistake needs no daemon to be told.
    let by = keys(&args.by)?;
    let month = args.month.as_deref().map(Month::parse).transpose()?.map(|month| month.to_string());
    let words: Vec<&str> = by.iter().map(|key| key.as_str()).collect();
    let by = words.join(",");
    let mut query = vec![("by", by.as_str())];
    query.extend(month.as_deref().map(|month| ("month", month)));
    let report: CostReport = Client::from_environment(&environment())?.get("/api/v1/costs", &query).await?;
    let text = match (args.csv, args.json) {
        (true, _) => csv(&report, Language::of_tag(&args.lang)),
        (_, true) => serde_json::to_string_pretty(&report)? + "\n",
        _ => report_text::text(&report, Language::of_tag(&args.lang)),
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}
