//! `recado import`: loads a campaign's folder into a running daemon, wherever that is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::client::Client;
use super::output::answer;
use crate::config;

/// Arguments of `recado import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder with the campaign.toml; its name is the campaign's.
    folder: PathBuf,
    /// The audience; left out: the one the daemon has.
    #[arg(long)]
    audience: Option<PathBuf>,
    /// Another name for the campaign.
    #[arg(long)]
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&config::environment())?;
    let folder = args.folder.canonicalize().with_context(|| format!("cannot read {}", args.folder.display()))?;
    let own = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let name = args.name.as_deref().unwrap_or(own).to_owned();
    let file = folder.join("campaign.toml");
    let definition = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut form = Form::new().text("name", name.clone()).text("definition", definition);
    if let Some(audience) = &args.audience {
        form = form.part("audience", part(audience)?);
    }
    let loaded: Value = client.upload("/api/v1/campaigns", form).await?;
    let told = format!("{name} is loaded as version {}. See `recado start {name}`.\n", loaded["version"]);
    answer(&if args.json { format!("{loaded}\n") } else { told })?;
    Ok(ExitCode::SUCCESS)
}

fn part(file: &Path) -> anyhow::Result<Part> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("audience.csv").to_owned();
    Ok(Part::bytes(bytes).file_name(name))
}
