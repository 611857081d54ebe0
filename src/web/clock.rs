//! Whose clock the times of a campaign and of its runs are told on: that of its file.

use jiff::tz::TimeZone;

use crate::intake::campaign_file::CampaignFile;
use crate::store::run::Run;
use crate::store::version::{self, Version};

use super::error::WebError;
use super::state::WebState;

/// The clock that a version's file names; `None`: it cannot be read any more.
pub fn of_version(version: &Version) -> Option<TimeZone> {
    CampaignFile::parse(&version.definition, "campaign.toml").ok().map(|file| file.timezone)
}

/// The clock of a run's campaign; where that is not known any more, its account's.
pub async fn of_run(state: &WebState, run: &Run) -> Result<TimeZone, WebError> {
    let version = version::get(state.store(), run.version_id).await?;
    let of_account = || state.config().accounts.get(&run.account).map(|account| account.timezone.clone());
    Ok(version.as_ref().and_then(of_version).or_else(of_account).unwrap_or(TimeZone::UTC))
}
