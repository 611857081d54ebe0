//! Correcting a paused run: it goes on with another mapping or template. What has left stays as it was, also on screens;
//! the rest is planned again from the same audience when the run goes on.
//!
//! A row of the audience is one message of the run at most, whatever the mapping: rows whose message was tried are known
//! by their number and never planned a second time, so nothing goes out twice. The switch is one unit of work; what had
//! never been tried is taken back piece by piece before the first row is planned again, so a crash at any instant leaves
//! either the old plan, or a piece of work that the next planner finishes.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::start::Candidate;
use super::{Engine, EngineError, aside, folder, load};
use crate::domain::change::Change;
use crate::domain::fill::Content;
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::intake::campaign_file::{CampaignFile, fits_pattern};
use crate::intake::rows::fingerprint;
use crate::store::correction::{self, NewCorrection};
use crate::store::run::{self, Run};
use crate::store::template::own;
use crate::store::version::{self, NewVersion};
use crate::store::{StoreError, campaign};

/// Messages taken back, or given their template, in one unit of work.
const PIECE: i64 = 1_000;

/// What became of a correction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CorrectOutcome {
    /// The run goes on with it when it is resumed.
    Corrected(Split),
    /// These must be mended first; the run is as it was.
    Refused(Vec<Problem>),
}

/// What a correction leaves, and what it changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Split {
    /// Messages that have left, were tried, or have ended: they stay.
    pub stays: i64,
    /// Messages that go out corrected.
    pub rest: i64,
}

impl Engine {
    /// What a correction of `run` would leave, and what it would change.
    pub async fn split(&self, run: RunId) -> Result<Split, EngineError> {
        let mut split = Split::default();
        for (state, n) in run::counts(&self.store, run).await? {
            if state == MessageState::Queued {
                split.rest += n;
            } else {
                split.stays += n;
            }
        }
        Ok(split)
    }

    /// Gives a paused run another campaign file over the audience it has.
    pub async fn correct(&self, id: RunId, definition: &str, by: &str) -> Result<CorrectOutcome, EngineError> {
        let run = run::get(&self.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
        let before = version::get(&self.store, run.version_id).await?;
        let before = before.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        let (template, mapping, rest) = match self.correctable(&run, &before, definition).await? {
            Ok(found) => found,
            Err(problems) => return Ok(CorrectOutcome::Refused(problems)),
        };
        let refused = |code: &str| Ok(CorrectOutcome::Refused(vec![Problem::new(code, &[])]));
        let to = self.corrected_version(&before, definition, by).await?;
        if to == before.id && template == run.snapshots()? {
            return refused("correct_nothing");
        }
        let split = Split { rest, ..self.split(id).await? };
        let new = NewCorrection {
            run: id,
            from: before.id,
            from_template: &run.template,
            to,
            to_template: &crate::store::json(&template),
            at: self.clock.now(),
            by,
        };
        let mut tx = self.store.begin().await?;
        if !correction::add(&mut tx, &new).await? {
            return refused("correct_leaving");
        }
        tx.commit().await?;
        version::approve(&self.store, to, self.clock.now(), by).await?;
        own::approve(&self.store, to, &mapping).await?;
        self.write_corrected(&before, definition).await?;
        info!(run.id = %id, version.id = %to, "run {id} goes on with version {to}");
        self.tell(Change::Run(id));
        Ok(CorrectOutcome::Corrected(split))
    }

    /// The template as the provider has it now, the usual values of what it takes, and how many messages would go out, if
    /// `run` could go on with that file; else what stands in the way.
    async fn correctable(
        &self,
        run: &Run,
        before: &version::Version,
        definition: &str,
    ) -> Result<Result<(Snapshot, BTreeMap<String, String>, i64), Vec<Problem>>, EngineError> {
        let mut file = match load::parse(definition) {
            Ok(file) => file,
            Err(problems) => return Ok(Err(problems)),
        };
        if let Some(problem) = unfit(run, &file).or_else(|| of_other_people(before, &file)) {
            return Ok(Err(vec![problem]));
        }
        let (sender, account) = match self.way_out(&file.sender) {
            Ok((sender, account)) => (sender.clone(), account.clone()),
            Err(problem) => return Ok(Err(vec![problem])),
        };
        let args = [("template", file.template.name.as_str()), ("language", file.template.language.as_str())];
        let template = match self.fresh_templates(&account.name, &file).await {
            Ok(Some(template)) => template,
            Ok(None) => return Ok(Err(vec![Problem::new("template_unknown", &args)])),
            Err(EngineError::Provider(_)) => return Ok(Err(vec![Problem::new("template_unread", &args)])),
            Err(other) => return Err(other),
        };
        let mapping = self.with_mapping(&account.name, &mut file, Some(&template.main)).await?;
        let version = version::Version { definition: definition.to_owned(), ..before.clone() };
        let candidate = Candidate { version, file, sender: Some(sender), account: Some(account), standing: None };
        let gone = correction::gone(&self.store, run.id).await?;
        let (sheet, rest) = self.judge_but(&candidate, Some(template.clone()), (run.id, gone)).await?;
        Ok(if sheet.blockers.is_empty() { Ok((template, mapping, rest)) } else { Err(sheet.blockers) })
    }

    /// The version of the corrected file over the audience of the one before.
    async fn corrected_version(
        &self,
        before: &version::Version,
        definition: &str,
        by: &str,
    ) -> Result<crate::domain::id::VersionId, EngineError> {
        let audience = self.audience(&before.audience_hash).await?;
        let text = definition.to_owned();
        let hash = aside(move || fingerprint(&text, &audience, &|_| ())).await?;
        let hash = hash.map_err(|cause| EngineError::File { place: "the audiences", cause })?;
        let new = NewVersion {
            campaign: before.campaign_id,
            definition,
            audience_name: &before.audience_name,
            audience_hash: &before.audience_hash,
            content_hash: &hash.content,
            rows_hash: &hash.rows,
            by,
        };
        Ok(version::save(&self.store, &new, self.clock.now()).await?.0)
    }

    /// The folder gets the corrected file where it holds the one that was corrected; one that somebody changed meanwhile
    /// is theirs, and stays a version of its own.
    async fn write_corrected(&self, before: &version::Version, definition: &str) -> Result<(), EngineError> {
        let Some(campaign) = campaign::get(&self.store, before.campaign_id).await? else { return Ok(()) };
        let dir = self.config.campaigns_dir.join(&campaign.name);
        let (old, new) = (before.definition.clone(), definition.to_owned());
        let written = aside(move || {
            let lies = folder::read_definition(&dir).unwrap_or_default();
            if lies == old.as_bytes() { folder::write(&dir, folder::DEFINITION, new.as_bytes()) } else { Ok(()) }
        });
        if let Err(cause) = written.await? {
            // The run has it; the folder is told by its next change.
            let error = &cause as &dyn std::error::Error;
            warn!(error, campaign.id = %campaign.id, "a corrected campaign file could not be written to its folder");
        }
        Ok(())
    }

    /// What may go back in line keeps the template that it was made from: the run has another.
    async fn keep_templates(&self, run: RunId) -> Result<(), EngineError> {
        loop {
            let mut bare = correction::without_template(&self.store, run, PIECE).await?;
            if bare.is_empty() {
                return Ok(());
            }
            for (id, content) in &mut bare {
                let before = correction::template_before(&self.store, run, *id).await?;
                let before = before.ok_or(StoreError::Corrupt { what: "correction.template" })?;
                if let Content::Template { fill, template } = content {
                    *template = Some(Box::new(before.of(fill.language.as_deref()).clone()));
                }
            }
            correction::set_contents(&self.store, &bare).await?;
        }
    }

    /// What stays of a corrected run, by row, and whether it is in line: what had never been tried is taken back first.
    /// Empty for a run that was not corrected.
    pub(super) async fn stays(&self, run: &Run) -> Result<BTreeMap<i64, (MessageId, bool)>, EngineError> {
        // A later file goes by what is in line, whatever row that was; a correction was planned before it came.
        if run.revision > 1 {
            return Ok(BTreeMap::new());
        }
        let Some(last) = correction::latest(&self.store, run.id).await? else { return Ok(BTreeMap::new()) };
        if last.cleared_at.is_none() {
            self.keep_templates(run.id).await?;
            while correction::take_back(&self.store, run.id, PIECE).await? > 0 {}
            correction::cleared(&self.store, run.id, self.clock.now()).await?;
        }
        let stay = correction::stay(&self.store, run.id, last.last_message).await?;
        Ok(stay.into_iter().map(|(row, id, state)| (row, (id, state == MessageState::Queued))).collect())
    }
}

/// A correction is planned from the audience that the run has: one that names another file is refused.
fn of_other_people(before: &version::Version, file: &CampaignFile) -> Option<Problem> {
    let had = load::parse(&before.definition).map(|had| had.file).unwrap_or_default();
    let is_of_it = file.file == had || fits_pattern(&file.file, &before.audience_name);
    let args = [("file", file.file.as_str()), ("audience", before.audience_name.as_str()), ("wanted", had.as_str())];
    (!is_of_it).then(|| Problem::new("correct_other_file", &args))
}

/// What keeps `run` from being corrected with `file`.
fn unfit(run: &Run, file: &CampaignFile) -> Option<Problem> {
    if run.state != RunState::Paused {
        return Some(Problem::new("correct_not_paused", &[]));
    }
    // Rows are known by their number, which only the first file of a standing run gives.
    if run.revision > 1 {
        return Some(Problem::new("correct_several_files", &[]));
    }
    (file.sender != run.sender || file.kind != run.kind).then(|| Problem::new("correct_other_sender", &[]))
}
