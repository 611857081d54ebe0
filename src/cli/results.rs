//! `recado results`: every row of a run and what became of it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;

use super::client::Client;
use super::{eprint, output};
use crate::config::environment;

/// Arguments of `recado results`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's name; its latest run counts.
    name: String,
    /// Another run of it.
    #[arg(long)]
    run: Option<i64>,
    /// Which file: every row as a list; your own file as it came, with what became of each row; ids and answers; whom to phone.
    #[arg(long, value_enum, default_value_t = Which::List)]
    file: Which,
    /// Write to this file; left out: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// The files there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Which {
    /// Every row and what became of it, the same columns for every campaign.
    List,
    /// Your own file, with columns appended.
    Own,
    /// The same as a workbook.
    OwnXlsx,
    /// Ids and what was answered, in fixed words.
    Outcomes,
    /// Whoever was not reached or has not answered.
    Phone,
    /// The same as a workbook.
    PhoneXlsx,
}

impl Which {
    const fn path(self) -> &'static str {
        match self {
            Self::List => "results.csv",
            Self::Own => "files/own.csv",
            Self::OwnXlsx => "files/own.xlsx",
            Self::Outcomes => "files/outcomes.csv",
            Self::Phone => "files/phone.csv",
            Self::PhoneXlsx => "files/phone.xlsx",
        }
    }
}

/// Runs it: 1 when the campaign has not been started.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let campaign: Value = client.get(&format!("/api/v1/campaigns/{}", args.name), &[]).await?;
    let Some(latest) = campaign["run"]["id"].as_i64() else {
        eprint(&format!("recado: {} has not been started", args.name));
        return Ok(ExitCode::FAILURE);
    };
    let run = args.run.unwrap_or(latest);
    let path = format!("/api/v1/runs/{run}/{}", args.file.path());
    match &args.out {
        Some(file) => into_file(&client, &path, file).await?,
        None => into_output(&client, &path).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Beside the file first, then in its place: a file cut off half-way never looks whole.
async fn into_file(client: &Client, path: &str, file: &Path) -> anyhow::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let cannot = || format!("cannot write {}", file.display());
    let mut answer = client.file(path).await?;
    let mut out = File::create(&part).with_context(cannot)?;
    while let Some(piece) = answer.chunk().await.context("the results were cut off")? {
        out.write_all(&piece).with_context(cannot)?;
    }
    out.sync_all().with_context(cannot)?;
    std::fs::rename(&part, file).with_context(cannot)?;
    output::answer(&format!("{}\n", file.display()))?;
    Ok(())
}

async fn into_output(client: &Client, path: &str) -> anyhow::Result<()> {
    let mut answer = client.file(path).await?;
    while let Some(piece) = answer.chunk().await.context("the results were cut off")? {
        match io::stdout().lock().write_all(&piece) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            done => done?,
        }
    }
    Ok(())
}
