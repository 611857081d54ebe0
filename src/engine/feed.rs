//! Files that change: the standing run of a campaign and what a new file would do to it; which files have been used.

use std::sync::{Arc, PoisonError};

use super::templates::reads_otherwise;
use super::{Engine, EngineError, aside, folder, load};
use crate::config::Account;
use crate::domain::earlier::Gone;
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::schedule::Moved;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::intake::audience::Audience;
use crate::intake::campaign_file::{CampaignFile, Contains, SentElsewhere, StartMode, is_pattern};
use crate::preflight::diff::{Feed, FeedView, PlannedView};
use crate::store::run::{self, Run};
use crate::store::version::{self, Version};
use crate::store::view::watch::{self, WaitingFile};
use crate::store::{campaign, message, recurrence};

mod planned;

use planned::Asked;
pub(super) use planned::{Failure, look};

/// Messages told at once to whoever compares a file from elsewhere.
const TOLD: i64 = 5_000;

/// The campaign with the template that tells a new time in place of its own; `None`: it names none.
pub(super) fn telling_moves(file: &CampaignFile) -> Option<CampaignFile> {
    let Moved::Template(name) = &file.moved else { return None };
    let mut file = file.clone();
    file.template.name.clone_from(name);
    Some(file)
}

/// The template that tells a new time, as it was read last; `None`: the campaign names none, or it is not known.
pub(super) async fn moved_template(
    engine: &Engine,
    account: &Account,
    file: &CampaignFile,
) -> Result<Option<Snapshot>, EngineError> {
    match telling_moves(file) {
        Some(moved) => engine.known_templates(account, &moved).await,
        None => Ok(None),
    }
}

/// The run that a file of this campaign amends; `None`: it begins one.
pub(super) async fn standing_run(
    engine: &Engine,
    campaign: CampaignId,
    file: &CampaignFile,
) -> Result<Option<Run>, EngineError> {
    if !file.is_standing() {
        return Ok(None);
    }
    Ok(run::standing::of(&engine.store, campaign).await?)
}

/// Why a file cannot amend `run`; what would be sent from elsewhere, or billed otherwise, is another run's.
pub(super) fn stands_apart(run: &Run, file: &CampaignFile, account: &Account, fresh: &Snapshot) -> Option<Problem> {
    let category = run.snapshots().map(|started_with| started_with.strictest_category());
    let same = run.sender == file.sender
        && run.account == account.name
        && run.kind == file.kind
        && category.is_ok_and(|category| category == fresh.strictest_category());
    let id = run.id.to_string();
    (!same).then(|| Problem::new("feed_apart", &[("run", &id)]))
}

/// What a new file would find.
pub(super) async fn of(
    engine: &Engine,
    run: &Run,
    (template, moved): (Option<&Snapshot>, Option<&Snapshot>),
    failure: &Failure,
) -> Result<Feed, EngineError> {
    let started_with = run.snapshots()?;
    Ok(Feed {
        run: run.id,
        planned: Arc::new(Asked::of(&engine.store, run.campaign_id, run.id, failure)),
        header: header(engine, run).await?,
        own: template.filter(|own| reads_otherwise(&started_with, own)).cloned(),
        moved: moved.cloned(),
    })
}

impl Engine {
    /// What the standing run of a campaign has planned, some of it after the message `after`; `None`: it has none.
    pub async fn planned_by_feed(
        &self,
        campaign: CampaignId,
        after: MessageId,
    ) -> Result<Option<FeedView>, EngineError> {
        let Some(run) = run::standing::of(&self.store, campaign).await? else { return Ok(None) };
        let since = earliest(self.clock.now());
        let planned = message::planned_since(&self.store, run.id, since, (after, TOLD)).await?;
        let next = planned.last().filter(|_| planned.len() as i64 == TOLD).map(|last| last.id);
        Ok(Some(FeedView { run: run.id, header: header(self, &run).await?, planned, next }))
    }

    /// What the standing run of a campaign has planned for rows with these ids, or for these numbers; `None`: it has none.
    pub async fn planned_for_rows(
        &self,
        campaign: CampaignId,
        (ids, phones): (&[&str], &[Phone]),
    ) -> Result<Option<PlannedView>, EngineError> {
        let Some(run) = run::standing::of(&self.store, campaign).await? else { return Ok(None) };
        Ok(Some(look(&self.store, (campaign, run.id), ids, phones).await?))
    }
}

impl Engine {
    /// Files that came until `until`, that no run has taken up, and that wait for a person: the campaign does not start by
    /// itself.
    pub async fn waiting_files(&self, until: UnixMs) -> Result<Vec<WaitingFile>, EngineError> {
        let mut found = watch::waiting_files(&self.store, until).await?;
        let waits = |file: &CampaignFile| file.start == StartMode::ByHand && file.is_standing();
        found.retain(|waiting| load::parse(&waiting.definition).is_ok_and(|file| waits(&file)));
        Ok(found)
    }

    /// The file that waits beside `run`.
    pub async fn waiting_file(&self, run: RunId) -> Result<Option<WaitingFile>, EngineError> {
        Ok(self.waiting_files(self.clock.now()).await?.into_iter().find(|waiting| waiting.run == run))
    }
}

/// Used files that are looked at for having grown: the last so many.
const WATCHED: usize = 100;

/// Rows whose date is longer ago are no appointments that a file still has to speak of.
fn earliest(now: UnixMs) -> UnixMs {
    now.minus(std::time::Duration::from_hours(400 * 24))
}

/// The header of the file that `run` has taken up last; empty where it cannot be read any more.
async fn header(engine: &Engine, run: &Run) -> Result<Vec<String>, EngineError> {
    let Some(version) = version::get(&engine.store, run.version_id).await? else { return Ok(Vec::new()) };
    let path = engine.audience(&version.audience_hash).await?;
    aside(move || Audience::open(&path).map(|audience| audience.facts.header).unwrap_or_default()).await
}

impl Engine {
    /// The run of a version that was started: of a standing run the version it has taken up last.
    pub async fn started(&self, version: &Version) -> Result<Option<RunId>, EngineError> {
        started(self, version).await
    }

    /// Files away what has been used of a campaign whose file is a pattern: `used` is its name and the hash of its bytes,
    /// so that a file written anew since stays. Where only the newest counts, those before it go too.
    pub(super) async fn file_away(
        &self,
        campaign: CampaignId,
        file: &CampaignFile,
        (name, hash): (&str, &str),
    ) -> Result<(), EngineError> {
        if !is_pattern(&file.file) {
            return Ok(());
        }
        let Some(campaign) = campaign::get(&self.store, campaign).await? else { return Ok(()) };
        let dir = self.config.campaigns_dir.join(&campaign.name);
        let (name, hash) = (name.to_owned(), hash.to_owned());
        let (pattern, in_order) = (file.file.clone(), in_order(file));
        let done = aside(move || folder::file_away(&dir, (&name, &hash), &pattern, in_order)).await?;
        let used = done.map_err(|cause| EngineError::File { place: "the campaigns' folder", cause })?;
        let mut watched = self.used_files.lock().unwrap_or_else(PoisonError::into_inner);
        watched.extend(used.map(|used| (campaign.name, used)));
        let surplus = watched.len().saturating_sub(WATCHED);
        watched.drain(..surplus);
        Ok(())
    }

    /// Campaign and name of the used files that were written on since they were taken; each is told once.
    pub(super) async fn grown_since_used(&self) -> Result<Vec<(String, String)>, EngineError> {
        let files = self.used_files.clone();
        let grown = aside(move || {
            let mut watched = files.lock().unwrap_or_else(PoisonError::into_inner);
            watched.extract_if(.., |(_, used)| used.has_grown()).collect::<Vec<_>>()
        });
        Ok(grown.await?.into_iter().map(|(campaign, used)| (campaign, used.name())).collect())
    }
}

/// Whether each file counts, in the order in which they came; else only the newest does.
pub(super) fn in_order(file: &CampaignFile) -> bool {
    file.is_standing() && file.contains == Some(Contains::OnlyChanges)
}

/// The run of a version, for those who ask whether it was started: of a standing run the version it has taken up last, of a
/// campaign that comes again the one whose times go on ([`RunId::BY_HAND`] before its first run).
pub(super) async fn started(engine: &Engine, version: &Version) -> Result<Option<RunId>, EngineError> {
    let file = load::parse(&version.definition).ok();
    let standing = match &file {
        Some(file) => standing_run(engine, version.campaign_id, file).await?,
        None => None,
    };
    if file.is_some_and(|file| file.every.is_some()) {
        let known = recurrence::of(&engine.store, version.campaign_id).await?;
        let runs = known.is_some_and(|known| known.version_id == version.id && known.next_due_at.is_some());
        let last = if runs { run::of_campaign(&engine.store, version.campaign_id, 1).await? } else { Vec::new() };
        return Ok(runs.then(|| last.first().map_or(RunId::BY_HAND, |run| run.id)));
    }
    match standing {
        Some(run) => Ok((run.version_id == version.id).then_some(run.id)),
        None => Ok(run::started_before(&engine.store, version.id).await?),
    }
}

/// The run of another campaign that has sent the same audience, where the campaign leaves its people out.
pub(super) async fn left_out_for(
    engine: &Engine,
    version: &Version,
    file: &CampaignFile,
) -> Result<Option<RunId>, EngineError> {
    if file.limits.sent_elsewhere != Some(SentElsewhere::LeaveOut) {
        return Ok(None);
    }
    let other = run::of_same_audience(&engine.store, version.campaign_id, &version.rows_hash).await?;
    Ok(other.map(|other| other.run))
}

/// Everything that `run` has sent, some at a time.
pub(super) async fn each_sent(engine: &Engine, run: RunId, mut each: impl FnMut(Gone)) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = message::gone_page(&engine.store, run, &after, TOLD).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.key);
        page.into_iter().for_each(&mut each);
    }
}
