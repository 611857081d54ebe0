//! `recado check`: what a campaign folder would do, without doing it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args as ClapArgs;

use super::WRONG;
use super::check_inputs::{Known, Unusable};
use super::output::answer;
use crate::clock::Clock;
use crate::config::environment;
use crate::domain::time::UnixMs;
use crate::intake::audience;
use crate::intake::campaign_file::CampaignFile;
use crate::locale::Language;
use crate::preflight::{self, Sheet};

/// Name of the campaign file in its folder.
const CAMPAIGN_FILE: &str = "campaign.toml";

/// Arguments of `recado check`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The campaign's folder, with campaign.toml and its audience.
    folder: PathBuf,
    /// The configuration; left out: recado.toml of the current folder, where there is one.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// List every row and what becomes of it.
    #[arg(long)]
    rows: bool,
    /// Language: en, es or pt.
    #[arg(long, default_value = "en")]
    lang: String,
    /// As if it were started then, as 2026-12-01T10:00:00-03:00; left out: now.
    #[arg(long)]
    at: Option<jiff::Timestamp>,
}

/// Runs it: 0 when the campaign could be started, 1 when something stands in the way, 2 when a file is wrong.
#[expect(clippy::print_stderr, reason = "what is wrong with a file is no answer")]
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let language = Language::of_tag(&args.lang);
    let now = args.at.map_or_else(|| Clock::real().now(), UnixMs::from);
    let sheet = match examine(&args, &environment(), now).await? {
        Ok(sheet) => sheet,
        Err(Unusable(problems)) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            return Ok(ExitCode::from(WRONG));
        }
    };
    let text = if args.json {
        serde_json::to_string_pretty(&preflight::json(&sheet, language))? + "\n"
    } else {
        preflight::text(&sheet, language)
    };
    answer(&text)?;
    Ok(if sheet.can_start() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The sheet, or what is wrong with a file that somebody wrote.
async fn examine(args: &Args, env: &BTreeMap<String, String>, now: UnixMs) -> anyhow::Result<Result<Sheet, Unusable>> {
    let path = args.folder.join(CAMPAIGN_FILE);
    let source = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let campaign = match CampaignFile::parse(&source, &path.display().to_string()) {
        Ok(campaign) => campaign,
        Err(problems) => return Ok(Err(Unusable(problems))),
    };
    let known = match Known::gather(&campaign, args.config.as_deref(), env, now).await? {
        Ok(known) => known,
        Err(unusable) => return Ok(Err(unusable)),
    };
    let found = audience::newest(&args.folder, &campaign.file)
        .with_context(|| format!("cannot look into {}", args.folder.display()))?;
    let file = found.unwrap_or_else(|| args.folder.join(&campaign.file));
    let mut sheet = preflight::sheet(&known.inputs(&campaign, &file, now, args.rows));
    if sheet.title.is_empty() {
        let folder = std::path::absolute(&args.folder)?;
        sheet.title = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    }
    known.tell(&mut sheet);
    Ok(Ok(sheet))
}
