//! Pace by people: whose conversations a campaign goes by, and how that stands.

use super::{Engine, EngineError, load};
use crate::config::Config;
use crate::domain::people_pace::share;
use crate::intake::campaign_file::CampaignFile;
use crate::store::run::Run;
use crate::store::{conversation, version};

/// What a campaign goes by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoesBy {
    /// Whose conversations.
    pub team: String,
    /// At most so many are to wait.
    pub at_most: i64,
}

/// How that stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaceStanding {
    /// Whose conversations.
    pub team: String,
    /// At most so many are to wait.
    pub at_most: i64,
    /// So many do.
    pub waiting: i64,
    /// The share of its pace that the campaign keeps, in thousandths.
    pub share: i64,
}

/// What `file` goes by: the team it names, else the one its replies go to, else its sender's. `None`: nothing, or there is
/// no such team, which the pre-flight says.
pub fn of_file(config: &Config, file: &CampaignFile) -> Option<GoesBy> {
    let at_most = file.limits.people.as_ref()?.at_most;
    let senders = config.senders.get(&file.sender).and_then(|sender| sender.team.as_deref());
    let team = file.goes_by(senders)?.to_owned();
    config.teams.contains_key(&team).then_some(GoesBy { team, at_most })
}

/// How the pace of `run` stands; `None`: it goes by nobody.
///
/// # Errors
/// The store.
pub async fn standing(engine: &Engine, run: &Run) -> Result<Option<PaceStanding>, EngineError> {
    let Some(version) = version::get(&engine.store, run.version_id).await? else { return Ok(None) };
    let Ok(file) = load::parse(&version.definition) else { return Ok(None) };
    of(engine, &file).await
}

/// The same of a campaign by its file.
///
/// # Errors
/// The store.
pub async fn of(engine: &Engine, file: &CampaignFile) -> Result<Option<PaceStanding>, EngineError> {
    let Some(GoesBy { team, at_most }) = of_file(&engine.config, file) else { return Ok(None) };
    let waiting = conversation::waiting_for(&engine.store, &team).await?;
    Ok(Some(PaceStanding { share: share(waiting, at_most), team, at_most, waiting }))
}
