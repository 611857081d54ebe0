//! The watcher of the campaigns' folder: each sub-folder with a `campaign.toml` is a campaign.
//!
//! A folder is left alone until its files' sizes and times are the same in two looks, and an audience until it has been so
//! for `campaigns.quiet` and nobody has it open for writing: exports pause. Links are not followed, and what Recado writes
//! itself (`out/`) is a folder and therefore not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::folder::{self, Seen};
use super::{Engine, EngineError, Loaded, StartOutcome, aside, feed, load};
use crate::domain::change::Change;
use crate::domain::id::VersionId;
use crate::domain::problem::Problem;
use crate::intake::campaign_file::StartMode;
use crate::locale::{self, Language};
use crate::preflight::diff;
use crate::store::{campaign, json, run, version};

mod held;
mod still;

use held::Held;
use still::{Still, Taken, taken};

/// Real time between two looks.
const EVERY: Duration = Duration::from_secs(2);

/// Who loads and starts what the folder holds.
pub(super) const FOLDER: &str = "folder";

/// Watches the folder.
#[derive(Debug)]
pub struct Watcher {
    engine: Engine,
    /// What lay in each campaign's folder at the last look.
    seen: BTreeMap<String, Vec<Seen>>,
    still: Still,
    held: Held,
    /// What was loaded last.
    loaded: BTreeMap<String, Vec<Seen>>,
    /// Versions that are to start by themselves and have not been tried.
    to_start: BTreeMap<String, VersionId>,
    /// Campaigns whose folder was gone and whose runs the watcher paused.
    gone: BTreeSet<String>,
    /// Problems of folders that are none of a campaign, told already.
    told: Vec<Problem>,
}

impl Watcher {
    /// A watcher that has seen nothing yet.
    pub fn new(engine: Engine) -> Self {
        let (seen, still, held, loaded, to_start, gone, told) = Default::default();
        Self { engine, seen, still, held, loaded, to_start, gone, told }
    }

    /// Watches until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // A full disk is said once, where the room is watched.
            if let Err(cause) = Box::pin(self.step()).await
                && !cause.is_full()
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, "the campaigns' folder could not be looked at; trying again");
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// One look. Returns how many campaigns were loaded. What fails for one campaign keeps none of the others waiting; it
    /// is tried again at the next look.
    pub async fn step(&mut self) -> Result<usize, EngineError> {
        self.step_at(Instant::now()).await
    }

    /// The same in real time `now`: how long files have been still is counted by it.
    pub async fn step_at(&mut self, now: Instant) -> Result<usize, EngineError> {
        let dir = self.engine.config.campaigns_dir.clone();
        let found = aside(move || dir.exists().then(|| look(&dir))).await?;
        // A folder that is not there (not mounted, say) is not a folder from which every campaign was removed.
        let Some(found) = found else { return Ok(0) };
        let found = found.map_err(|cause| EngineError::File { place: "the campaigns' folder", cause })?;
        self.still.look(&found, now);
        let (mut loaded, mut failed) = (0, None);
        for (name, files) in &found {
            self.gone.remove(name);
            let is_known = self.loaded.get(name) == Some(files);
            if is_known || self.seen.get(name) != Some(files) {
                if is_known {
                    self.let_go(name).await?;
                }
                continue;
            }
            let audience = match self.taken(name, files, now).await? {
                Taken::NotYet => continue,
                Taken::Open(file, zone) => {
                    self.tell_of_open(name, (&file, &zone), now).await?;
                    continue;
                }
                Taken::Now(audience) => audience,
            };
            drop(self.held.over(name));
            match Box::pin(self.load(name, audience)).await {
                Ok(()) => {
                    self.loaded.insert(name.clone(), files.clone());
                    loaded += 1;
                }
                Err(cause) => failed = Some(self.failed(name, cause).await),
            }
        }
        self.tell_of_strangers().await?;
        failed = self.start_waiting().await?.or(failed);
        self.note_removed(&found).await?;
        self.tell_of_grown().await?;
        self.loaded.retain(|name, _| found.contains_key(name));
        self.seen = found;
        failed.map_or(Ok(loaded), Err)
    }

    /// Something of ours failed for one campaign: its people are told, and what it was goes to the log.
    async fn failed(&self, name: &str, cause: EngineError) -> EngineError {
        if !cause.is_full() {
            // Where not even that can be written, the log alone says it.
            let _ = self.note(name, &[Problem::new("folder_failed", &[])]).await;
        }
        cause
    }

    /// Folders that are left alone are logged once each; the list of campaigns shows them as long as they are there.
    async fn tell_of_strangers(&mut self) -> Result<(), EngineError> {
        let found = self.engine.strangers().await?;
        for problem in found.iter().filter(|problem| !self.told.contains(problem)) {
            warn!(problem.code = problem.code, "{}", locale::problem(Language::En, problem));
        }
        self.told = found;
        Ok(())
    }

    /// What would be taken of the folder `name` now.
    async fn taken(&self, name: &str, files: &[Seen], now: Instant) -> Result<Taken, EngineError> {
        let (dir, quiet) = (self.engine.config.campaigns_dir.join(name), self.engine.config.campaigns_quiet);
        let placed = self.engine.placed.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let mut still = self.still.of(name, files, now);
        // What we wrote ourselves is whole.
        if let Some(place) = placed.and_then(|placed| files.iter().position(|seen| *seen == placed)) {
            still[place] = Duration::MAX;
        }
        let files = files.to_vec();
        aside(move || taken(&dir, (&files, &still), quiet)).await
    }

    /// A file waits because a program has it open: told once, when that has lasted for a while.
    async fn tell_of_open(
        &mut self,
        name: &str,
        (file, zone): (&str, &TimeZone),
        now: Instant,
    ) -> Result<(), EngineError> {
        let Some(since) = self.held.see(name, file, (now, self.engine.clock.now())) else { return Ok(()) };
        let problem = Problem::new("file_open", &[("file", file), ("since", &since.said_in(zone))]);
        self.note(name, std::slice::from_ref(&problem)).await?;
        self.held.told(name, problem);
        Ok(())
    }

    /// The file that was held has gone, and what was loaded before counts: what was told of it is over.
    async fn let_go(&mut self, name: &str) -> Result<(), EngineError> {
        let Some(problem) = self.held.over(name) else { return Ok(()) };
        let over = json(&[problem]);
        if let Some(id) = campaign::clear_problem(&self.engine.store, name, &over).await? {
            self.engine.tell(Change::Campaign(id));
        }
        Ok(())
    }

    /// Used files that were written on after they were taken: their last rows were read by nobody.
    async fn tell_of_grown(&self) -> Result<(), EngineError> {
        for (name, file) in self.engine.grown_since_used().await? {
            self.note(&name, &[Problem::new("used_grew", &[("file", &file)])]).await?;
        }
        Ok(())
    }

    async fn load(&mut self, name: &str, audience: Option<String>) -> Result<(), EngineError> {
        match self.engine.take_folder(name, audience, FOLDER).await? {
            Loaded::Refused(_) => drop(self.to_start.remove(name)),
            Loaded::Version { version, .. } => {
                let Some(version) = version::get(&self.engine.store, version).await? else { return Ok(()) };
                if feed::started(&self.engine, &version).await?.is_some() {
                    return Ok(());
                }
                match load::parse(&version.definition) {
                    Ok(file) if file.start == StartMode::ByItself => {
                        self.to_start.insert(name.to_owned(), version.id);
                    }
                    Ok(file) if file.is_standing() => self.ask(name, version.id).await?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A file that a person approves anyway, and that must not be applied as it is: that is told at once.
    async fn ask(&self, name: &str, version: VersionId) -> Result<(), EngineError> {
        let sheet = self.engine.sheet(version).await?;
        let guards: Vec<Problem> = sheet.blockers.into_iter().filter(diff::is_guard).collect();
        if guards.is_empty() { Ok(()) } else { self.note(name, &guards).await }
    }

    async fn note(&self, name: &str, problems: &[Problem]) -> Result<(), EngineError> {
        let now = self.engine.clock.now();
        let id = campaign::save_problem(&self.engine.store, name, &json(problems), now).await?;
        self.engine.tell(Change::Campaign(id));
        Ok(())
    }

    /// Starts what starts by itself. While another run of the campaign is open it waits for that; blockers are noted
    /// with the campaign and wait for a corrected file. What failed otherwise is returned, and tried again.
    async fn start_waiting(&mut self) -> Result<Option<EngineError>, EngineError> {
        let mut failed = None;
        for (name, id) in self.to_start.clone() {
            let Some(known) = campaign::by_name(&self.engine.store, &name).await? else { continue };
            let is_open = run::open_of_campaign(&self.engine.store, known.id).await?.is_some();
            if is_open && run::standing::of(&self.engine.store, known.id).await?.is_none() {
                continue;
            }
            match self.engine.start(id, FOLDER).await {
                Err(cause) => {
                    failed = Some(self.failed(&name, cause).await);
                    continue;
                }
                Ok(StartOutcome::Started(_) | StartOutcome::Scheduled(_)) => {}
                Ok(StartOutcome::Refused(problems)) if problems.iter().all(is_passing) => continue,
                Ok(StartOutcome::Refused(problems) | StartOutcome::Changed(problems)) => {
                    self.note(&name, &problems).await?;
                    warn!(campaign.id = %known.id, "campaign {} cannot start by itself", known.id);
                }
            }
            self.to_start.remove(&name);
        }
        Ok(failed)
    }

    async fn note_removed(&mut self, found: &BTreeMap<String, Vec<Seen>>) -> Result<(), EngineError> {
        for known in campaign::list(&self.engine.store).await? {
            let is_gone = !found.contains_key(&known.name);
            // On a shared store another node's folder may hold it: gone is what was here at the last look.
            let is_ours = self.engine.store.is_of_one_node() || self.seen.contains_key(&known.name);
            if !is_gone || !is_ours || known.removed_at.is_some() || self.gone.contains(&known.name) {
                continue;
            }
            // It may have come after the look and before the list.
            let folder = self.engine.config.campaigns_dir.join(&known.name);
            if aside(move || folder.join(folder::DEFINITION).exists()).await? {
                continue;
            }
            self.gone.insert(known.name.clone());
            self.to_start.remove(&known.name);
            campaign::remove(&self.engine.store, known.id, self.engine.clock.now()).await?;
            if let Some(run) = run::open_of_campaign(&self.engine.store, known.id).await? {
                self.engine.stop(run, FOLDER, &[Problem::new("campaign_removed", &[])]).await?;
            }
            info!(campaign.id = %known.id, "the folder of campaign {} is gone", known.id);
            self.engine.tell(Change::Campaign(known.id));
        }
        Ok(())
    }
}

/// Problems that pass without anybody changing a file.
fn is_passing(problem: &Problem) -> bool {
    matches!(problem.code.as_str(), "run_open" | "feed_busy" | "template_unread" | "template_changed")
}

/// The campaigns' folders and the files in each that matter. A folder without `campaign.toml` is none yet.
fn look(dir: &std::path::Path) -> std::io::Result<BTreeMap<String, Vec<Seen>>> {
    let mut found = BTreeMap::new();
    for (name, path) in folder::campaigns(dir)? {
        // A folder that vanishes while we look is gone at the next look.
        let Ok(files) = folder::files(&path) else { continue };
        if files.iter().any(|file| file.name == folder::DEFINITION) {
            found.insert(name, files);
        }
    }
    Ok(found)
}
