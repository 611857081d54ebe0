//! `recado check`: what a campaign folder would do, without doing it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args as ClapArgs;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::WRONG;
use super::check_inputs::{Known, Unusable};
use super::client::Client;
use super::output::{answer, answer_with};
use crate::clock::{Clock, Scale};
use crate::config::environment;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::intake::audience;
use crate::intake::campaign_file::{self, CampaignFile, is_pattern};
use crate::locale::{self, Language};
use crate::preflight::{self, Listed, Listing, Sheet, SheetRow, WithRows};

/// Name of the campaign file in its folder.
const CAMPAIGN_FILE: &str = "campaign.toml";

/// The code of what is wrong with it.
const CAMPAIGN_CODE: &str = "campaign_file";

/// Where the daemon files used files away.
const USED: &str = "used";

/// Arguments of `recado check`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The campaign's folder, with campaign.toml and its audience.
    folder: PathBuf,
    /// The configuration; left out: recado.toml of the current folder, where there is one.
    #[arg(long, env = "RECADO_CONFIG")]
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
    /// Send this row of the campaign, which the daemon must have loaded, to the number of `--to`, which is your own.
    #[arg(long, value_name = "ROW", requires = "to")]
    send_row: Option<i64>,
    /// The number that gets it.
    #[arg(long, value_name = "NUMBER", requires = "send_row")]
    to: Option<String>,
    /// As if it were started then, as 2026-12-01T10:00:00-03:00; left out: now.
    #[arg(long)]
    at: Option<jiff::Timestamp>,
    /// As if it were now on another clock, `ORIGIN@REAL_ORIGIN*SPEED`, as the daemon's that will send it.
    #[arg(long, conflicts_with = "at")]
    clock: Option<Scale>,
}

/// Runs it: 0 when the campaign could be started, 1 when something stands in the way, 2 when a file is wrong.
#[expect(clippy::print_stderr, reason = "what is wrong with a file is no answer")]
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let (Some(row), Some(to)) = (args.send_row, &args.to) {
        return test(&args, row, to).await;
    }
    let language = Language::of_tag(&args.lang);
    let clock = args.clock.map_or_else(Clock::real, Clock::scaled);
    let now = args.at.map_or_else(|| clock.now(), UnixMs::from);
    let (sheet, rows) = match examine(&args, &environment(), (now, clock.speed())).await {
        Ok(Ok(found)) => found,
        Ok(Err(Unusable(problems))) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            tell_unusable(&args, problems.iter().map(|problem| (CAMPAIGN_CODE, problem.to_string())))?;
            return Ok(ExitCode::from(WRONG));
        }
        Err(error) => {
            let code = error.downcast_ref::<NotRead>().map_or("not_read", |wrong| wrong.code.as_str());
            tell_unusable(&args, [(code, format!("{error:#}"))].into_iter())?;
            return Err(error);
        }
    };
    match (rows, args.json) {
        (Some(rows), true) => {
            let sheet = WithRows::new(preflight::json(&sheet, language), rows);
            answer_with(|out| {
                serde_json::to_writer_pretty(&mut *out, &sheet)?;
                out.write_all(b"\n")
            })?;
        }
        (Some(mut rows), false) => answer_with(|out| preflight::write_text(out, &sheet, language, &mut rows))?,
        (None, true) => answer(&(serde_json::to_string_pretty(&preflight::json(&sheet, language))? + "\n"))?,
        (None, false) => answer(&preflight::text(&sheet, language))?,
    }
    Ok(if sheet.can_start() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A row goes to one's own number, as its person would get it.
async fn test(args: &Args, row: i64, to: &str) -> anyhow::Result<ExitCode> {
    let folder = std::path::absolute(&args.folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let client = Client::from_environment(&environment())?;
    let sent: Value = client.post(&format!("/api/v1/campaigns/{name}/test"), &json!({"row": row, "to": to})).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&sent)? + "\n"
    } else {
        format!("row {row} is on its way to {} as a test\n", sent["to"].as_str().unwrap_or(to))
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What is no file that is read, and why.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct NotRead {
    code: String,
    message: String,
}

/// Whoever asked for JSON gets a sheet of which nothing is known but what is wrong with the files.
fn tell_unusable<'a>(args: &Args, wrong: impl Iterator<Item = (&'a str, String)>) -> anyhow::Result<()> {
    if !args.json {
        return Ok(());
    }
    let blockers: Vec<Value> = wrong.map(|(code, message)| json!({"code": code, "message": message})).collect();
    let sheet = json!({"rows_read": null, "messages": null, "excluded": {}, "samples": [], "blockers": blockers,
        "warnings": []});
    Ok(answer(&(serde_json::to_string_pretty(&sheet)? + "\n"))?)
}

/// The sheet, with every row where they were asked for and are known, or what is wrong with a file that somebody wrote.
async fn examine(
    args: &Args,
    env: &BTreeMap<String, String>,
    (now, speed): (UnixMs, f64),
) -> anyhow::Result<Result<(Sheet, Option<Listed>), Unusable>> {
    let path = args.folder.join(CAMPAIGN_FILE);
    let cannot_read = || format!("cannot read {}", path.display());
    if !std::fs::symlink_metadata(&path).with_context(cannot_read)?.is_file() {
        let message = format!("{} is no plain file: links, folders and pipes are not read", path.display());
        return Err(NotRead { code: CAMPAIGN_CODE.to_owned(), message }.into());
    }
    let bytes = std::fs::read(&path).with_context(cannot_read)?;
    let named = path.display().to_string();
    let source = campaign_file::text(bytes, &named).map_err(|problem| vec![problem]);
    let campaign = match source.and_then(|source| CampaignFile::parse(&source, &named)) {
        Ok(campaign) => campaign,
        Err(problems) => return Ok(Err(Unusable(problems))),
    };
    let folder = std::path::absolute(&args.folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let known = match Known::gather(&campaign, &name, args.config.as_deref(), env, (now, speed)).await? {
        Ok(known) => known,
        Err(unusable) => return Ok(Err(unusable)),
    };
    let found = audience::newest(&args.folder, &campaign.file)
        .with_context(|| format!("cannot look into {}", args.folder.display()))?;
    // As the daemon does it: what is no plain file is not opened.
    let other = if found.is_some() { None } else { audience::not_plain(&args.folder, &campaign.file)? };
    if let Some(problem) = other {
        let message = locale::problem(Language::of_tag(&args.lang), &problem);
        return Err(NotRead { code: problem.code, message }.into());
    }
    // What was used last counts where used files are filed away and no new one came.
    let filed = args.folder.join(USED);
    let used = match (&found, filed.is_dir() && is_pattern(&campaign.file)) {
        (None, true) => audience::newest(&filed, &campaign.file)?,
        _ => None,
    };
    let file = found.or_else(|| used.clone()).unwrap_or_else(|| args.folder.join(&campaign.file));
    let told = Told::new();
    let inputs = known.inputs(&campaign, &file, now);
    let mut listing = args.rows.then(Listing::default);
    let mut each = |row: &SheetRow| listing.iter_mut().for_each(|listing| listing.add(row));
    // What the daemon knows of the rows is waited for in between.
    let mut sheet = block_in_place(|| preflight::sheet_telling(&inputs, &|done, of| told.tell(done, of), &mut each));
    told.end();
    if sheet.title.is_empty() {
        sheet.title = name;
    }
    known.tell(&mut sheet);
    if let Some(name) = used.as_deref().and_then(Path::file_name) {
        sheet.warnings.insert(0, Problem::new("audience_used", &[("file", &name.to_string_lossy())]));
    }
    // What keeps the file from being read keeps its rows from being known.
    let rows = listing.filter(|_| sheet.messages.is_some()).map(Listing::done).transpose();
    Ok(Ok((sheet, rows.context("the rows cannot be kept in the folder for temporary files")?)))
}

/// How far the reading is, for whoever waits at a terminal.
struct Told {
    to_terminal: bool,
    percent: Cell<Option<u64>>,
}

impl Told {
    fn new() -> Self {
        Self { to_terminal: io::stderr().is_terminal(), percent: Cell::new(None) }
    }

    #[expect(clippy::print_stderr, reason = "it is no part of the answer")]
    fn tell(&self, done: u64, of: u64) {
        if of == 0 {
            // The whole file is looked through before it is known how many rows there are.
            if self.to_terminal {
                self.percent.set(Some(0));
                eprint!("\r{done} ");
            }
            return;
        }
        let percent = (done * 100 / of.max(1)).min(100);
        if self.to_terminal && self.percent.replace(Some(percent)) != Some(percent) {
            eprint!("\r{done} / {of}  {percent} % ");
        }
    }

    /// Leaves the line empty.
    #[expect(clippy::print_stderr, reason = "it is no part of the answer")]
    fn end(&self) {
        if self.percent.get().is_some() && self.to_terminal {
            eprint!("\r\x1b[K");
        }
    }
}
