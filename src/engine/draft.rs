//! Campaigns that are put together on the page: begun from an audience, from an earlier campaign, from one's own latest
//! version or from a paused run; looked at row by row; and in the end written as the campaign's folder.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::correct::Split;
use super::{CorrectOutcome, Engine, EngineError, Loaded, aside, audience, folder, load};
use crate::domain::fill::Rendered;
use crate::domain::id::{CampaignId, DraftId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::intake::audience::{Audience, FileFacts, Line};
use crate::intake::campaign_file::{CampaignFile, fits_pattern};
use crate::intake::columns::fold;
use crate::intake::definition::Definition;
use crate::intake::rows::{RowExclusion, RowFate, RowsRequest, open_rows};
use crate::store::draft::{self, Draft, NewDraft};
use crate::store::{StoreError, campaign, run, version};

/// A draft that nobody touched for so long is dropped when another is begun.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// A folder's name is at most this long before a number makes it unique.
const LONGEST_NAME: usize = 40;

/// What somebody brings to a new campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brought {
    /// What screens will call it.
    pub title: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// Name of the audience's file.
    pub file: String,
    /// The audience.
    pub bytes: Vec<u8>,
}

/// A draft, or why there is none.
pub type Begun = Result<DraftId, Vec<Problem>>;

/// A row of a draft as the person will see it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Preview {
    /// What was found out about the file; `None` when it cannot be read.
    pub facts: Option<FileFacts>,
    /// Which row; 1 is the first after the header.
    pub row: i64,
    /// Its cells, in the order of the header; empty when there is no such row.
    pub cells: Vec<String>,
    /// The template as the provider has it.
    pub template: Option<Template>,
    /// What the person sees.
    pub text: Option<Rendered>,
    /// The number it goes to, with `+`.
    pub to: String,
    /// When it is due.
    pub due_at: Option<UnixMs>,
    /// Why the row becomes no message.
    pub left_out: Option<RowExclusion>,
    /// What keeps any row from being read.
    pub problems: Vec<Problem>,
}

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
    pub async fn begin_draft(&self, brought: Brought, by: &str) -> Result<Begun, EngineError> {
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
        self.begin_with(file, brought, by).await
    }

    /// Begins a campaign with the file of an earlier one and another audience, in a folder of its own.
    pub async fn copy_draft(&self, of: CampaignId, brought: Brought, by: &str) -> Result<Begun, EngineError> {
        let latest = version::latest(&self.store, of).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        let mut file = Definition::read(&latest.definition).unwrap_or_default();
        file.set(&["title"], &brought.title);
        // A copy is looked at before it starts, and an instant of the earlier one has passed.
        file.remove(&["start"]);
        self.begin_with(file, brought, by).await
    }

    async fn begin_with(&self, mut file: Definition, brought: Brought, by: &str) -> Result<Begun, EngineError> {
        let hash = match self.take_audience(&mut file, brought.file.clone(), brought.bytes).await? {
            Ok(hash) => hash,
            Err(problems) => return Ok(Err(problems)),
        };
        let name = self.free_name(&brought.title).await?;
        let text = file.to_string();
        let new = NewDraft {
            name: &name,
            definition: &text,
            based_on: None,
            run: None,
            audience: (&brought.file, &hash),
            by,
        };
        self.keep_draft(&new).await.map(Ok)
    }

    /// Begins a change of a campaign as it was loaded last.
    pub async fn edit_draft(&self, of: CampaignId, by: &str) -> Result<DraftId, EngineError> {
        let latest = version::latest(&self.store, of).await?.ok_or(EngineError::Unknown { what: "campaign" })?;
        self.draft_of(&latest, None, by).await
    }

    /// Begins the correction of a paused run, from the version that it has.
    pub async fn correct_draft(&self, id: RunId, by: &str) -> Result<DraftId, EngineError> {
        let run = run::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
        let version = version::get(&self.store, run.version_id).await?;
        let version = version.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        self.draft_of(&version, Some(id), by).await
    }

    async fn draft_of(&self, version: &version::Version, run: Option<RunId>, by: &str) -> Result<DraftId, EngineError> {
        let campaign = campaign::get(&self.store, version.campaign_id).await?;
        let campaign = campaign.ok_or(EngineError::Unknown { what: "campaign" })?;
        let lies = self.folder_file(&campaign.name).await?;
        let new = NewDraft {
            name: &campaign.name,
            definition: &version.definition,
            based_on: lies.as_deref(),
            run,
            audience: (&version.audience_name, &version.audience_hash),
            by,
        };
        self.keep_draft(&new).await
    }

    async fn keep_draft(&self, new: &NewDraft<'_>) -> Result<DraftId, EngineError> {
        let now = self.clock.now();
        Ok(draft::add(&self.store, new, now, now.minus(KEPT)).await?)
    }

    /// Gives a draft another audience.
    pub async fn draft_audience(
        &self,
        of: &Draft,
        file: String,
        bytes: Vec<u8>,
    ) -> Result<Result<(), Vec<Problem>>, EngineError> {
        let mut definition = Definition::read(&of.definition).unwrap_or_default();
        let hash = match self.take_audience(&mut definition, file.clone(), bytes).await? {
            Ok(hash) => hash,
            Err(problems) => return Ok(Err(problems)),
        };
        let text = definition.to_string();
        draft::set_audience(&self.store, of.id, (&file, &hash), &text, self.clock.now()).await?;
        Ok(Ok(()))
    }

    /// Keeps an audience that can be read; `file` then names it.
    async fn take_audience(
        &self,
        file: &mut Definition,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<Result<String, Vec<Problem>>, EngineError> {
        if !folder::is_file_name(&name) || name == folder::DEFINITION {
            return Ok(Err(vec![Problem::new("draft_file_name", &[("file", &name)])]));
        }
        let wanted = file.text(&["file"]);
        if wanted.is_empty() || !fits_pattern(&wanted, &name) {
            file.set(&["file"], &name);
        }
        let data_dir = self.config.server.data_dir.clone();
        let kept = aside(move || keep(&data_dir, &name, &bytes)).await?;
        let kept = kept.map_err(|cause| EngineError::File { place: "the audiences", cause })?;
        match kept {
            Ok(hash) => {
                self.share_audience(&hash).await?;
                Ok(Ok(hash))
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

    /// A row of a draft as the person will see it, with what stands in the way.
    pub async fn preview(&self, of: &Draft, row: i64) -> Result<Preview, EngineError> {
        let mut file = load::parse(&of.definition);
        let template = match &mut file {
            Ok(file) => self.template_of(file).await?,
            Err(_) => None,
        };
        let vars = self.vars().await?;
        let (path, config, started_at) =
            (self.audience(&of.audience_hash).await?, self.config.clone(), self.clock.now());
        aside(move || {
            let main = template.as_ref().map(|snapshot| snapshot.main.clone());
            let mut preview = Preview { row, template: main, ..Preview::default() };
            let rules = file.as_ref().map(|file| file.reading.clone()).unwrap_or_default();
            match Audience::open_by(&path, &rules) {
                Ok(audience) => look(&mut preview, &audience),
                Err(problems) => preview.problems = problems,
            }
            match &file {
                Ok(file) if preview.facts.is_some() => {
                    let request = RowsRequest {
                        campaign: file,
                        template: template.as_ref().map(|snapshot| &snapshot.main),
                        translations: template.as_ref().map_or(&[][..], |snapshot| &snapshot.translations),
                        vars: &vars,
                        holidays: &config.holidays,
                        laws: &config.laws,
                        reach: &config.reach,
                        audience: &path,
                        started_at,
                    };
                    fill(&mut preview, template.as_ref(), &request);
                }
                Ok(_) => {}
                Err(problems) => preview.problems.extend(problems.iter().cloned()),
            }
            preview
        })
        .await
    }

    /// The template that `file` names, where it is known; what `file` does not say is as the template says it.
    async fn template_of(&self, file: &mut CampaignFile) -> Result<Option<Snapshot>, EngineError> {
        let Ok((_, account)) = self.way_out(&file.sender) else { return Ok(None) };
        let template = self.known_templates(account, file).await?;
        self.with_mapping(&account.name, file, template.as_ref().map(|snapshot| &snapshot.main)).await?;
        Ok(template)
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

    /// The folder keeps its audience where the draft has the same: a file that comes again is a new one to whoever
    /// compares files.
    async fn load_draft(&self, of: &Draft, by: &str) -> Result<Loaded, EngineError> {
        let known = campaign::by_name(&self.store, &of.name).await?;
        let latest = match known {
            Some(known) => version::latest(&self.store, known.id).await?,
            None => None,
        };
        if latest.is_some_and(|latest| latest.audience_hash == of.audience_hash) {
            let loaded = self.load_campaign(&of.name, &of.definition, None, by).await?;
            let is_missing = |problem: &Problem| problem.code == "audience_missing";
            if !matches!(&loaded, Loaded::Refused(problems) if problems.iter().any(is_missing)) {
                return Ok(loaded);
            }
        }
        let path = self.audience(&of.audience_hash).await?;
        let bytes = aside(move || std::fs::read(path)).await?;
        let bytes = bytes.map_err(|cause| EngineError::File { place: "the audiences", cause })?;
        self.load_campaign(&of.name, &of.definition, Some((&of.audience_name, bytes)), by).await
    }
}

/// Keeps the bytes of an audience that can be read.
fn keep(data_dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<Result<String, Vec<Problem>>> {
    std::fs::create_dir_all(data_dir)?;
    // Under its own name, which says what kind of file it is and which problems name.
    let place = tempfile::tempdir_in(data_dir)?;
    let path: PathBuf = place.path().join(name);
    let mut file = std::fs::File::options().read(true).write(true).create_new(true).open(&path)?;
    file.write_all(bytes)?;
    if let Err(problems) = Audience::open(&path) {
        return Ok(Err(problems));
    }
    file.seek(SeekFrom::Start(0))?;
    audience::keep(data_dir, &mut file).map(Ok)
}

/// The file's facts, and the cells of the row.
fn look(preview: &mut Preview, audience: &Audience) {
    preview.facts = Some(audience.facts.clone());
    let at = usize::try_from(preview.row - 1).unwrap_or_default();
    if let Ok(mut lines) = audience.lines()
        && let Some(Line::Cells(cells)) = lines.nth(at)
    {
        preview.cells = cells;
    }
}

/// What the row becomes.
fn fill(preview: &mut Preview, templates: Option<&Snapshot>, request: &RowsRequest<'_>) {
    let rows = match open_rows(request) {
        Ok(rows) => rows,
        Err(problems) => return preview.problems.extend(problems),
    };
    preview.facts = Some(rows.facts().clone());
    let row = preview.row;
    let mut rows = rows;
    match rows.find(|found| found.no == row).map(|found| found.fate) {
        Some(RowFate::Message(draft)) => {
            let template = templates.map(|snapshot| snapshot.of(draft.fill.language.as_deref()));
            let template = template.filter(|template| !template.parameters_unknown);
            preview.text = template.map(|template| template.render(&draft.fill));
            (preview.to, preview.due_at) = (draft.to.with_plus(), Some(draft.due_at));
        }
        Some(RowFate::Excluded(left)) => preview.left_out = Some(left),
        None => {}
    }
}
