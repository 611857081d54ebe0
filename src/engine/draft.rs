//! Campaigns that are put together on the page: begun from an audience, from an earlier campaign, from one's own latest
//! version or from a paused run; looked at row by row; and in the end written as the campaign's folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::correct::Split;
use super::media::header;
use super::media::media_path;
use super::{CorrectOutcome, Engine, EngineError, Incoming, Loaded, aside, audience, folder};
use crate::domain::id::{CampaignId, DraftId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::problem::Problem;
use crate::domain::template::{Header, Template};
use crate::intake::audience::{self as files, Audience, Rules};
use crate::intake::campaign_file::{CampaignFile, LinkKind, fits_pattern, is_audience_name};
use crate::intake::columns::fold;
use crate::intake::definition::Definition;
use crate::store::draft::{self, Draft, NewDraft};
use crate::store::idempotency::Once;
use crate::store::{StoreError, campaign, run, version};

mod preview;

pub use preview::Preview;

/// A draft that nobody touched for so long is dropped when another is begun.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// A folder's name is at most this long before a number makes it unique.
const LONGEST_NAME: usize = 40;

/// What somebody brings to a new campaign.
#[derive(Debug)]
pub struct Brought {
    /// What screens will call it.
    pub title: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// The audience.
    pub audience: Incoming,
}

/// Who begins a draft.
#[derive(Clone, Copy, Debug)]
pub struct Beginner<'a> {
    /// Their name.
    pub name: &'a str,
    /// The key under which they do: what was begun under it already is not begun again.
    pub once: &'a Once,
}

/// A draft, or why there is none.
pub type Begun = Result<DraftId, Vec<Problem>>;

/// What became of a draft that was finished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finished {
    /// It is a version of its campaign.
    Loaded(CampaignId, VersionId),
    /// The paused run goes on with it when it is resumed.
    Corrected(RunId, Split),
    /// Somebody changed the campaign file in the folder since this was begun: one of the two wins, and a person says
    /// which. Nothing was written.
    FolderChanged,
    /// These must be mended first.
    Refused(Vec<Problem>),
}

impl Engine {
    /// Begins a campaign from an audience.
    pub async fn begin_draft(&self, brought: Brought, by: Beginner<'_>) -> Result<Begun, EngineError> {
        self.begin_with(self.fresh_file(&brought), brought, by).await
    }

    /// The file of a new campaign, as far as it is known.
    pub(super) fn fresh_file(&self, brought: &Brought) -> Definition {
        let mut file = Definition::new();
        file.set(&["kind"], brought.kind.as_str());
        file.set(&["title"], &brought.title);
        if let Some(sender) = self.config.senders.values().next() {
            file.set(&["sender"], &sender.name);
            let account = self.config.accounts.get(&sender.account);
            let zone = account.and_then(|account| account.timezone.iana_name()).unwrap_or("UTC");
            file.set(&["timezone"], zone);
            if let Some(country) = crate::intake::phone_number::country_of(&sender.number) {
                file.set(&["country"], &country);
            }
        }
        file
    }

    /// Begins a campaign with the file of an earlier one and another audience, in a folder of its own.
    pub async fn copy_draft(&self, of: CampaignId, brought: Brought, by: Beginner<'_>) -> Result<Begun, EngineError> {
        let latest = version::latest(&self.store, of).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        let mut file = Definition::read(&latest.definition).unwrap_or_default();
        file.set(&["title"], &brought.title);
        // A copy is looked at before it starts, and an instant of the earlier one has passed.
        file.remove(&["start"]);
        self.begin_with(file, brought, by).await
    }

    pub(super) async fn begin_with(
        &self,
        mut file: Definition,
        brought: Brought,
        by: Beginner<'_>,
    ) -> Result<Begun, EngineError> {
        if let Some(id) = by.once.made()? {
            return Ok(Ok(id));
        }
        let (called, hash) = match self.take_audience(&mut file, &brought.audience).await? {
            Ok(taken) => taken,
            Err(problems) => return Ok(Err(problems)),
        };
        let name = self.free_name(&brought.title).await?;
        let text = file.to_string();
        let audience = (called.as_str(), hash.as_str());
        let new = NewDraft { name: &name, definition: &text, based_on: None, run: None, audience, by: by.name };
        self.keep_draft(&new, by.once).await.map(Ok)
    }

    /// Begins a change of a campaign as it was loaded last.
    pub async fn edit_draft(&self, of: CampaignId, by: Beginner<'_>) -> Result<DraftId, EngineError> {
        let latest = version::latest(&self.store, of).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        self.draft_of(&latest, None, by).await
    }

    /// Begins the correction of a paused run, from the version that it has.
    pub async fn correct_draft(&self, id: RunId, by: Beginner<'_>) -> Result<DraftId, EngineError> {
        let run = run::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
        let version = version::get(&self.store, run.version_id).await?;
        let version = version.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        self.draft_of(&version, Some(id), by).await
    }

    async fn draft_of(
        &self,
        version: &version::Version,
        run: Option<RunId>,
        by: Beginner<'_>,
    ) -> Result<DraftId, EngineError> {
        if let Some(id) = by.once.made()? {
            return Ok(id);
        }
        let campaign = campaign::get(&self.store, version.campaign_id).await?;
        let campaign = campaign.ok_or(EngineError::Unknown { what: "campaign" })?;
        let lies = self.folder_file(&campaign.name).await?;
        let new = NewDraft {
            name: &campaign.name,
            definition: &version.definition,
            based_on: lies.as_deref(),
            run,
            audience: (&version.audience_name, &version.audience_hash),
            by: by.name,
        };
        self.keep_draft(&new, by.once).await
    }

    async fn keep_draft(&self, new: &NewDraft<'_>, once: &Once) -> Result<DraftId, EngineError> {
        let now = self.clock.now();
        Ok(draft::add(&self.store, new, once, (now, now.minus(KEPT))).await?)
    }

    /// Gives a draft another audience.
    pub async fn draft_audience(
        &self,
        of: &Draft,
        brought: &Incoming,
    ) -> Result<Result<(), Vec<Problem>>, EngineError> {
        let mut definition = Definition::read(&of.definition).unwrap_or_default();
        let (called, hash) = match self.take_audience(&mut definition, brought).await? {
            Ok(taken) => taken,
            Err(problems) => return Ok(Err(problems)),
        };
        let text = definition.to_string();
        draft::set_audience(&self.store, of.id, (&called, &hash), &text, self.clock.now()).await?;
        Ok(Ok(()))
    }

    /// Gives a draft a file that its template shows: in the header, or in the card of that place.
    pub async fn draft_file(
        &self,
        of: &Draft,
        card: Option<usize>,
        brought: &Incoming,
    ) -> Result<Result<(), Vec<Problem>>, EngineError> {
        let template = self.preview(of, 1).await?.template;
        let Some((kind, path)) = template.and_then(|template| shown_at(&template, card)) else {
            return Ok(Err(vec![Problem::new("draft_no_header", &[])]));
        };
        let (data_dir, lies, name) = (self.config.server.data_dir.clone(), brought.path(), brought.name().to_owned());
        let keeping = move || header::keep_file(&lies, &data_dir, (&name, Some(kind)));
        let kept = match aside(keeping).await? {
            Ok(kept) => kept,
            Err(problems) => return Ok(Err(problems)),
        };
        let mut definition = Definition::read(&of.definition).unwrap_or_default();
        definition.set(&path.iter().map(String::as_str).collect::<Vec<_>>(), &kept.name);
        let named = (kept.name.as_str(), kept.hash.as_str());
        draft::add_file(&self.store, of.id, named, &definition.to_string(), self.clock.now()).await?;
        self.share_media(&kept.hash).await?;
        Ok(Ok(()))
    }

    /// The files of a draft that its campaign file still names, and where each lies on this machine.
    async fn shown_of(&self, of: &Draft) -> Result<Vec<(String, PathBuf)>, EngineError> {
        let Ok(file) = CampaignFile::parse(&of.definition, folder::DEFINITION) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (name, hash) in draft::files(&self.store, of.id).await? {
            let is_named = file.shown_files().iter().any(|shown| shown.name == name);
            if is_named && self.media_file(&hash).await?.is_some() {
                found.push((name, media_path(&self.config.server.data_dir, &hash)));
            }
        }
        Ok(found)
    }

    /// Keeps an audience that can be read; `file` then names it. Returns its name and hash.
    async fn take_audience(
        &self,
        file: &mut Definition,
        brought: &Incoming,
    ) -> Result<Result<(String, String), Vec<Problem>>, EngineError> {
        if brought.name() == folder::DEFINITION {
            return Ok(Err(vec![Problem::new("draft_file_name", &[("file", brought.name())])]));
        }
        let (given, lies) = (brought.name().to_owned(), brought.path());
        let name = aside(move || audience_name(&given, &lies)).await?;
        let wanted = file.text(&["file"]);
        if wanted.is_empty() || !fits_pattern(&wanted, &name) {
            file.set(&["file"], &name);
        }
        let (data_dir, lies) = (self.config.server.data_dir.clone(), brought.path());
        let rules = CampaignFile::rules(&file.to_string());
        let kept = aside(move || keep(&data_dir, &lies, &rules)).await?;
        let kept = kept.map_err(|cause| EngineError::File { place: "the audiences", cause })?;
        match kept {
            Ok(hash) => {
                self.share_audience(&hash).await?;
                Ok(Ok((name, hash)))
            }
            Err(problems) => Ok(Err(problems)),
        }
    }

    /// The title as a folder's name that no campaign has.
    async fn free_name(&self, title: &str) -> Result<String, EngineError> {
        let mut name: String = fold(title).chars().filter(char::is_ascii).take(LONGEST_NAME).collect();
        name = name.trim_matches('_').replace('_', "-");
        if name.is_empty() {
            "campaign".clone_into(&mut name);
        }
        let drafts = draft::list(&self.store).await?;
        for no in 1.. {
            let tried = if no == 1 { name.clone() } else { format!("{name}-{no}") };
            let dir = self.config.campaigns_dir.join(&tried);
            let lies = aside(move || dir.exists()).await?;
            let is_drafted = drafts.iter().any(|draft| draft.name == tried);
            if !lies && !is_drafted && campaign::by_name(&self.store, &tried).await?.is_none() {
                return Ok(tried);
            }
        }
        Ok(name)
    }

    /// The campaign file in a folder as it lies there now.
    async fn folder_file(&self, name: &str) -> Result<Option<String>, EngineError> {
        let dir = self.config.campaigns_dir.join(name);
        let bytes = aside(move || folder::read_definition(&dir)).await?;
        Ok(bytes.ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Writes the campaign's folder, or corrects the run; `over`: also where the folder was changed meanwhile.
    pub async fn finish_draft(&self, of: &Draft, over: bool, by: &str) -> Result<Finished, EngineError> {
        let problems = self.preview(of, 1).await?.problems;
        if !problems.is_empty() {
            return Ok(Finished::Refused(problems));
        }
        if let Some(run) = of.run_id {
            return Ok(match self.correct(run, &of.definition, by).await? {
                CorrectOutcome::Refused(problems) => Finished::Refused(problems),
                CorrectOutcome::Corrected(split) => {
                    draft::remove(&self.store, of.id).await?;
                    Finished::Corrected(run, split)
                }
            });
        }
        if !over && self.folder_file(&of.name).await? != of.based_on {
            return Ok(Finished::FolderChanged);
        }
        match self.load_draft(of, by).await? {
            Loaded::Refused(problems) => Ok(Finished::Refused(problems)),
            Loaded::Version { campaign, version, .. } => {
                draft::remove(&self.store, of.id).await?;
                Ok(Finished::Loaded(campaign, version))
            }
        }
    }

    /// Writes one thing into the file of a campaign as it was loaded last, as if somebody had changed it there; where that
    /// cannot be, the draft that shows why.
    pub async fn set_in_campaign(
        &self,
        of: CampaignId,
        (path, value): (&[&str], &str),
        by: &str,
    ) -> Result<Result<(CampaignId, VersionId), DraftId>, EngineError> {
        let id = self.edit_draft(of, Beginner { name: by, once: &Once::default() }).await?;
        let mut d = draft::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "draft" })?;
        let Some(mut file) = Definition::read(&d.definition) else { return Ok(Err(id)) };
        file.set(path, value);
        d.definition = file.to_string();
        draft::save(&self.store, id, &d.definition, self.clock.now()).await?;
        if self.folder_file(&d.name).await? != d.based_on {
            return Ok(Err(id));
        }
        let Loaded::Version { campaign, version, .. } = self.load_draft(&d, by).await? else { return Ok(Err(id)) };
        draft::remove(&self.store, id).await?;
        Ok(Ok((campaign, version)))
    }

    /// The folder keeps its audience where the draft has the same: a file that comes again is a new one to whoever
    /// compares files.
    async fn load_draft(&self, of: &Draft, by: &str) -> Result<Loaded, EngineError> {
        let known = campaign::by_name(&self.store, &of.name).await?;
        let latest = match known {
            Some(known) => version::latest(&self.store, known.id).await?,
            None => None,
        };
        let shown = self.shown_of(of).await?;
        let shown: Vec<_> = shown.iter().map(|(name, lies)| (name.as_str(), lies.as_path())).collect();
        if latest.is_some_and(|latest| latest.audience_hash == of.audience_hash) {
            let loaded = self.load_campaign_with(&of.name, &of.definition, (None, &shown), by).await?;
            let is_missing = |problem: &Problem| problem.code == "audience_missing";
            if !matches!(&loaded, Loaded::Refused(problems) if problems.iter().any(is_missing)) {
                return Ok(loaded);
            }
        }
        let path = self.audience(&of.audience_hash).await?;
        let audience = Some((of.audience_name.as_str(), path.as_path()));
        self.load_campaign_with(&of.name, &of.definition, (audience, &shown), by).await
    }
}

/// What a template shows in its header, or in the card of that place, that can be a file, and where the campaign file says it.
fn shown_at(template: &Template, card: Option<usize>) -> Option<(LinkKind, Vec<String>)> {
    let (header, mut path) = match card {
        None => (template.header.as_ref()?, vec!["template".to_owned()]),
        Some(no) => {
            let of_card = ["template", "cards", &no.to_string()].map(str::to_owned).to_vec();
            (template.cards.get(no)?.header.as_ref()?, of_card)
        }
    };
    let (kind, key) = match header {
        Header::Image => (LinkKind::Image, "image"),
        Header::Video => (LinkKind::Video, "video"),
        Header::Document if card.is_none() => (LinkKind::Document, "document"),
        Header::Gif if card.is_none() => (LinkKind::Gif, "gif"),
        Header::Text { .. } | Header::Location | Header::Product | Header::Document | Header::Gif => return None,
    };
    path.push(key.to_owned());
    Some((kind, path))
}

/// The name under which a campaign file may speak of an audience: one whose ending says nothing, or something else, gets
/// the ending of what the file is.
fn audience_name(given: &str, lies: &Path) -> String {
    if is_audience_name(given) {
        return given.to_owned();
    }
    // What cannot be read is refused in a moment, for its own reason.
    let Some(ending) = files::ending(lies) else { return given.to_owned() };
    match given.rsplit_once('.') {
        Some((stem, _)) if is_audience_name(stem) && stem.ends_with(ending) => stem.to_owned(),
        _ => format!("{given}.{ending}"),
    }
}

/// What keeps a file from being read until a person has said how: asked about where the campaign is put together.
const ASKED: [&str; 3] = ["several_sheets", "no_header_row", "no_such_sheet"];

/// Keeps an audience that can be read, perhaps once a person has said how. It lies under its own name, which problems name.
fn keep(data_dir: &Path, lies: &Path, rules: &Rules) -> std::io::Result<Result<String, Vec<Problem>>> {
    if let Err(problems) = Audience::open_by(lies, rules)
        && !problems.iter().all(|problem| ASKED.contains(&problem.code.as_str()))
    {
        return Ok(Err(problems));
    }
    audience::keep(data_dir, &mut folder::open_plain(lies)?).map(Ok)
}
