//! What the dispatcher knows of a run: read once, kept while it runs.

use tracing::error;

use crate::config::Config;
use crate::domain::frequency::AtMost;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Category;
use crate::engine::people_pace::{self, GoesBy};
use crate::engine::{EngineError, load};
use crate::intake::campaign_file::OpenConversation;
use crate::intake::open_hours::OpenHours;
use crate::store::{Store, hold, run, template, version};

/// Facts of a run that no message of it changes.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// The version it goes by.
    pub version: VersionId,
    /// The campaign it is a run of.
    pub campaign: CampaignId,
    /// The file it has taken up.
    pub revision: i64,
    /// The snapshot its messages are made from.
    pub template: Snapshot,
    /// Scope keys of holds on that template, in each of its languages.
    pub template_keys: Vec<String>,
    /// When its messages may leave.
    pub hours: OpenHours,
    /// True when people who asked for no promotions are left out.
    pub marketing: bool,
    /// What an open conversation with the person does.
    pub open_conversation: OpenConversation,
    /// How often one person may get messages, across campaigns.
    pub at_most: Option<AtMost>,
    /// Whose conversations it goes by.
    pub people: Option<GoesBy>,
}

impl RunFacts {
    /// Reads them; `None` when there is no such run.
    pub async fn read(store: &Store, config: &Config, id: RunId) -> Result<Option<Self>, EngineError> {
        let Some(run) = run::get(store, id).await? else { return Ok(None) };
        let Some(version) = version::get(store, run.version_id).await? else { return Ok(None) };
        let (Ok(file), Ok(snapshot)) = (load::parse(&version.definition), run.snapshots()) else {
            // The other runs of the sender go on; a person sees that this one does not.
            error!(run.id = %id, "what run {id} was started with cannot be read any more");
            return Ok(None);
        };
        // What is in line is billed, and goes to whom it may, by what its template is now.
        let billed = template::categories(store, &run.account, &snapshot.names().collect()).await?;
        let template = snapshot.billed(&billed);
        let Ok(hours) = OpenHours::of(&file, &config.holidays, &config.laws, Some(template.strictest_category()))
        else {
            error!(run.id = %id, "run {id} goes by holidays or a law that the configuration has no more");
            return Ok(None);
        };
        Ok(Some(Self {
            version: run.version_id,
            campaign: run.campaign_id,
            revision: run.revision,
            template_keys: template.all().map(|t| hold::template_key(&run.account, &t.name, &t.language)).collect(),
            hours,
            marketing: is_marketing(run.kind, template.strictest_category()),
            open_conversation: file.limits.open_conversation,
            at_most: file.limits.at_most,
            people: people_pace::of_file(config, &file),
            template,
        }))
    }
}

/// Whether people who asked for no promotions are to be left out: the campaign says it is one, or the provider bills
/// (and delivers) its template as one.
pub fn is_marketing(kind: CampaignKind, category: Category) -> bool {
    kind == CampaignKind::Promotion || category == Category::Marketing
}
