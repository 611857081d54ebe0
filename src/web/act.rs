//! What people and programs do to runs: the engine's command, then who did it, for pages and API alike.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use crate::domain::id::{CampaignId, HoldId, MessageId, RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::engine::{DoubtSettlement, Loaded, StartOutcome, Yes};
use crate::preflight::Shown;
use crate::store::hold;
use crate::store::run::{self, Run};
use crate::store::version;

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;
use super::upload::Upload;

/// Messages settled together and written down in one line.
const BATCH: usize = 500;

/// Loads a campaign's file and audience; what is wrong with them is an error that names it.
pub async fn load(state: &WebState, actor: &Actor, upload: &Upload) -> Result<(CampaignId, VersionId), WebError> {
    let name = upload.name.as_str();
    let audience = upload.audience.as_ref().map(|audience| (audience.name(), audience.path()));
    let shown: Vec<_> = upload.shown.iter().map(|file| (file.name(), file.path())).collect();
    let shown: Vec<_> = shown.iter().map(|(name, lies)| (*name, lies.as_path())).collect();
    let files = (audience.as_ref().map(|(name, lies)| (*name, lies.as_path())), shown.as_slice());
    match state.engine.load_campaign_with(name, &upload.definition, files, &actor.name).await? {
        Loaded::Version { campaign, version, .. } => {
            state.audit(actor, "campaign.load", &format!("campaign {name}"), &format!("version {version}")).await?;
            Ok((campaign, version))
        }
        Loaded::Refused(problems) => Err(WebError::Refused(problems)),
    }
}

/// Starts the version of a campaign that was looked at; one loaded in between has to be looked at first.
pub async fn start_shown(
    state: &WebState,
    actor: &Actor,
    campaign: CampaignId,
    looked: Looked<'_>,
) -> Result<Begun, WebError> {
    let latest = version::latest(state.store(), campaign).await?.ok_or(WebError::NotFound)?;
    let (anyway, once) = (looked.anyway, Some(&actor.once));
    match looked.shown {
        // What was begun under the key is told as it was.
        _ if actor.once.is_made() => start(state, actor, looked.version, Yes { shown: None, anyway, once }).await,
        // The mark tells more than that there is another version: what of it changed.
        Some(shown) => {
            let shown = Shown::parse(shown).ok_or(WebError::Bad("shown"))?;
            start(state, actor, latest.id, Yes { shown: Some(&shown), anyway, once }).await
        }
        None if latest.id != looked.version => Err(WebError::Conflict("newer_version")),
        None => start(state, actor, latest.id, Yes { shown: None, anyway, once }).await,
    }
}

/// What somebody looked at before they said yes.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// The version.
    pub version: VersionId,
    /// The mark of its sheet.
    pub shown: Option<&'a str>,
    /// They saw that its file looks wrong, and want it all the same.
    pub anyway: bool,
}

/// What a start began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begun {
    /// A run, or its next file.
    Run(RunId),
    /// Runs from then on.
    At(UnixMs),
}

/// Starts a version; what stands in the way is an error that names it.
async fn start(state: &WebState, actor: &Actor, version: VersionId, yes: Yes<'_>) -> Result<Begun, WebError> {
    let action = if yes.anyway { "run.start_anyway" } else { "run.start" };
    match state.engine.start_if(version, yes, &actor.name).await? {
        StartOutcome::Started(run) => {
            state.sampler.forget(run);
            state.audit(actor, action, &format!("run {run}"), &format!("version {version}")).await?;
            Ok(Begun::Run(run))
        }
        StartOutcome::Scheduled(at) => {
            state.audit(actor, "campaign.schedule", &format!("version {version}"), &at.to_string()).await?;
            Ok(Begun::At(at))
        }
        StartOutcome::Refused(problems) => Err(WebError::Refused(problems)),
        StartOutcome::Changed(problems) => Err(WebError::Changed(problems)),
    }
}

/// Ends the times of a campaign that comes again.
pub async fn end_recurring(state: &WebState, actor: &Actor, campaign: CampaignId) -> Result<(), WebError> {
    if !state.engine.end_recurring(campaign).await? {
        return Err(WebError::Conflict("run_state"));
    }
    state.audit(actor, "campaign.end", &format!("campaign {campaign}"), "").await?;
    Ok(())
}

/// Pauses a run.
pub async fn pause(state: &WebState, actor: &Actor, run: RunId, why: &str) -> Result<(), WebError> {
    let done = state.engine.pause(run, &actor.name, why).await?;
    note(state, actor, done, "run.pause", run).await
}

/// Lets a paused run go on.
pub async fn resume(state: &WebState, actor: &Actor, run: RunId) -> Result<(), WebError> {
    let done = state.engine.resume(run, &actor.name).await?;
    note(state, actor, done, "run.resume", run).await
}

/// Cancels what is left of a run.
pub async fn cancel(state: &WebState, actor: &Actor, run: RunId) -> Result<(), WebError> {
    let done = state.engine.cancel(run, &actor.name).await?;
    note(state, actor, done, "run.cancel", run).await
}

async fn note(state: &WebState, actor: &Actor, done: bool, action: &str, run: RunId) -> Result<(), WebError> {
    if !done {
        let why = run::get(state.store(), run).await?.and_then(|run| ended(&run));
        let status = StatusCode::CONFLICT;
        return Err(why.map_or(WebError::Conflict("run_state"), |why| WebError::Because {
            status,
            word: "run_state",
            why,
        }));
    }
    state.sampler.forget(run);
    state.audit(actor, action, &format!("run {run}"), "").await?;
    Ok(())
}

/// What can be done instead with a run that has ended; `None` for one that has not.
pub fn ended(run: &Run) -> Option<Problem> {
    let code = match run.state {
        RunState::Cancelled => "run_was_cancelled",
        RunState::Closed => "run_was_closed",
        RunState::Planning | RunState::Running | RunState::Paused => return None,
    };
    Some(Problem::new(code, &[("run", &run.id.to_string())]))
}

/// Settles attempts in doubt and says how many it concerned.
pub async fn settle(
    state: &WebState,
    actor: &Actor,
    messages: &[MessageId],
    how: DoubtSettlement,
) -> Result<u64, WebError> {
    let mut all = 0;
    for batch in messages.chunks(BATCH) {
        let settled = state.engine.settle_doubts(batch, how).await?;
        note_settled(state, actor, (settled, batch), how).await?;
        all += settled;
    }
    Ok(all)
}

/// Writes down who settled so many of `messages`.
pub(super) async fn note_settled(
    state: &WebState,
    actor: &Actor,
    (settled, messages): (u64, &[MessageId]),
    how: DoubtSettlement,
) -> Result<(), WebError> {
    let ids: Vec<String> = messages.iter().map(ToString::to_string).collect();
    let action = format!("doubt.{}", how.as_str());
    state.audit(actor, &action, &format!("{settled} messages"), &ids.join(" ")).await?;
    Ok(())
}

/// Tries again what failed in a run with one of `codes`; how many messages it concerns.
pub async fn retry(state: &WebState, actor: &Actor, run: RunId, codes: &BTreeSet<i64>) -> Result<u64, WebError> {
    let found = run::get(state.store(), run).await?.ok_or(WebError::NotFound)?;
    let Some(done) = state.engine.retry(run, codes).await? else { return Err(WebError::Conflict("run_state")) };
    state.sampler.forget(run);
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    let detail = format!("{done} messages; codes {}; run started by {}", codes.join(" "), found.starter);
    state.audit(actor, "run.retry", &format!("run {run}"), &detail).await?;
    Ok(done)
}

/// Lifts a hold.
pub async fn lift_hold(state: &WebState, actor: &Actor, hold: HoldId) -> Result<(), WebError> {
    if !state.engine.lift_hold(hold, &actor.name).await? {
        let was_there = hold::is_known(state.store(), hold).await?;
        return Err(if was_there { WebError::Conflict("hold_gone") } else { WebError::NotFound });
    }
    state.audit(actor, "hold.lift", &format!("hold {hold}"), "").await?;
    Ok(())
}
