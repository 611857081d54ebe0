//! A campaign as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use super::run_view::RunView;
use super::runs;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::time::UnixMs;
use crate::locale::{self, Language};
use crate::store::campaign::Campaign;
use crate::store::run;
use crate::store::version::{self, Version};
use crate::store::view::campaign::CampaignLine;
use crate::web::clock;
use crate::web::error::WebError;
use crate::web::state::WebState;

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct CampaignView {
    /// Its id.
    pub id: CampaignId,
    /// Its folder's name.
    pub name: String,
    /// What screens call it.
    pub title: String,
    /// What it is for; `null` while its file cannot be read.
    pub kind: Option<CampaignKind>,
    /// Name of its sender.
    pub sender: String,
    /// What is wrong with its files as they lie there now.
    pub problem: Option<String>,
    /// When it was first loaded.
    pub created_at: UnixMs,
    /// When its folder was removed; its runs can still be seen and steered.
    pub removed_at: Option<UnixMs>,
    /// Its latest version: what `start` takes.
    pub version: Option<VersionId>,
    /// Its latest run.
    pub run: Option<RunView>,
    /// When the next run of a campaign with `every` is due, Unix milliseconds; `null`: it does not come again.
    #[schema(value_type = Option<i64>)]
    pub next_due_at: Option<UnixMs>,
    /// The clock of its file, an IANA name; `null` while that cannot be read.
    pub timezone: Option<String>,
}

impl CampaignView {
    /// Tells a line of the list.
    pub async fn of_line(state: &WebState, language: Language, line: CampaignLine) -> Result<Self, WebError> {
        Ok(Self {
            run: run_view(state, language, line.run_id).await?,
            id: line.id,
            name: line.name,
            title: line.title,
            kind: line.kind,
            sender: line.sender,
            problem: line.problem.map(|note| locale::noted(language, &note)),
            created_at: line.created_at,
            removed_at: line.removed_at,
            version: line.version_id,
            next_due_at: state.engine.next_run(line.id).await?,
            timezone: timezone(version::latest(state.store(), line.id).await?.as_ref()),
        })
    }

    /// Tells a campaign.
    pub async fn of(state: &WebState, language: Language, c: Campaign) -> Result<Self, WebError> {
        let version = version::latest(state.store(), c.id).await?;
        let last = run::of_campaign(state.store(), c.id, 1).await?;
        Ok(Self {
            run: run_view(state, language, last.first().map(|r| r.id)).await?,
            id: c.id,
            name: c.name,
            title: c.title,
            kind: c.kind,
            sender: c.sender,
            problem: c.problem.map(|note| locale::noted(language, &note)),
            created_at: c.created_at,
            removed_at: c.removed_at,
            next_due_at: state.engine.next_run(c.id).await?,
            timezone: timezone(version.as_ref()),
            version: version.map(|v| v.id),
        })
    }
}

/// The clock that a version's file names.
fn timezone(version: Option<&Version>) -> Option<String> {
    clock::of_version(version?)?.iana_name().map(str::to_owned)
}

async fn run_view(state: &WebState, language: Language, id: Option<RunId>) -> Result<Option<RunView>, WebError> {
    match id {
        Some(id) => Ok(Some(RunView::of(state, language, runs::found(state, id.0).await?).await?)),
        None => Ok(None),
    }
}
