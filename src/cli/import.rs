//! `recado import`: a campaign folder goes into the daemon.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::client::Client;
use super::output::answer;
use super::{WRONG, eprint};
use crate::config::environment;
use crate::intake::audience;
use crate::intake::campaign_file::{self, CampaignFile};

/// Name of the campaign file in its folder.
const CAMPAIGN_FILE: &str = "campaign.toml";

/// Arguments of `recado import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The campaign's folder, with campaign.toml, its audience and the files that the template shows.
    folder: PathBuf,
    /// The campaign's name; left out: the folder's.
    #[arg(long)]
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it: 1 when the daemon finds something wrong, 2 when the campaign file cannot be read.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let name = match args.name {
        Some(name) => name,
        None => folder_name(&args.folder)?,
    };
    let path = args.folder.join(CAMPAIGN_FILE);
    plain(&path)?;
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let named = path.display().to_string();
    let read = campaign_file::text(bytes, &named).map_err(|problem| vec![problem]);
    let (source, campaign) = match read.and_then(|text| CampaignFile::parse(&text, &named).map(|file| (text, file))) {
        Ok(read) => read,
        Err(problems) => {
            for problem in problems {
                eprint(&problem.to_string());
            }
            return Ok(ExitCode::from(WRONG));
        }
    };
    let found = audience::newest(&args.folder, &campaign.file)
        .with_context(|| format!("cannot look into {}", args.folder.display()))?;
    let file = found.with_context(|| format!("there is no {} in {}", campaign.file, args.folder.display()))?;
    let mut form = Form::new()
        .text("name", name.clone())
        .part("campaign", Part::text(source).file_name(CAMPAIGN_FILE))
        .part("audience", part(&file).await?);
    for shown in campaign.shown_files() {
        let shown = args.folder.join(shown.name);
        plain(&shown)?;
        form = form.part("header", part(&shown).await?);
    }
    let loaded: Value = Client::from_environment(&environment())?.upload("/api/v1/campaigns", form).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&loaded)? + "\n"
    } else {
        let version = &loaded["number"];
        format!("{name} is loaded as version {version}. Nothing is sent before `recado start {name}`.\n")
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn folder_name(folder: &Path) -> anyhow::Result<String> {
    let folder = std::path::absolute(folder)?;
    let name = folder.file_name().and_then(|name| name.to_str());
    Ok(name
        .with_context(|| format!("{} has no name to call the campaign by: use --name", folder.display()))?
        .to_owned())
}

/// Nothing is read through a link, and nothing waited for in a pipe.
fn plain(file: &Path) -> anyhow::Result<()> {
    let found = std::fs::symlink_metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(found.is_file(), "{} is no plain file: links, folders and pipes are not read", file.display());
    Ok(())
}

/// The file goes out as it is read.
async fn part(file: &Path) -> anyhow::Result<Part> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = Part::file(file).await.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(part.file_name(name))
}
