//! What `pause`, `resume` and `cancel` have in common: one deed on a campaign's open run.

use std::process::ExitCode;

use serde_json::Value;

use super::client::Client;
use super::output::answer;
use crate::config::environment;

/// Arguments that name the campaign.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The campaign's name.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it: 1 when the campaign has no run in a state that allows it. `said` tells it of a run and a campaign.
pub(super) async fn steer(
    which: &Which,
    deed: &str,
    body: &Value,
    said: impl FnOnce(&Value, &str) -> String,
) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let run: Value = client.post(&format!("/api/v1/campaigns/{}/{deed}", which.name), body).await?;
    let text = if which.json { serde_json::to_string_pretty(&run)? } else { said(&run["id"], &which.name) };
    answer(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
