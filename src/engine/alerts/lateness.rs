//! Campaigns that begin late: what should have begun by now and has not, and what began late because nobody was there.
//! What waits for a gate that says when it goes on (hours, the messaging limit, a budget) is not late.

use std::time::Duration;

use super::conditions::Found;
use crate::domain::alert::AlertKind;
use crate::domain::run::RunState;
use crate::domain::schedule::SendTime;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, load, waiting};
use crate::intake::campaign_file::{CampaignFile, StartMode};
use crate::intake::open_hours::OpenHours;
use crate::store::run::{self, Run};
use crate::store::view::watch::{self, Unstarted};
use crate::store::{campaign, message, recurrence, version};

/// How a hold's reason begins.
const HOLD: &str = "hold_";

/// Counts as late after `late`; what began late is found for `told` afterwards, so that it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub late: Duration,
    pub told: Duration,
}

/// Every campaign that is late, once.
pub(super) async fn found(engine: &Engine, patience: Patience) -> Result<Vec<Found>, EngineError> {
    let now = engine.clock.now();
    let until = now.minus(patience.late);
    let mut found = unstarted(engine, until).await?;
    found.extend(waiting_to_begin(engine, until).await?);
    found.extend(behind(engine, until).await?);
    found.extend(missed(engine, patience, now).await?);
    // The first says most.
    let mut keys = Vec::new();
    found.retain(|one| {
        let is_new = !keys.contains(&one.key);
        keys.push(one.key.clone());
        is_new
    });
    Ok(found)
}

/// Campaigns that start by themselves and have not. Without a time of its own, a file that is refused is told as that.
async fn unstarted(engine: &Engine, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for version in watch::unstarted_versions(&engine.store, until).await? {
        let Ok(file) = load::parse(&version.definition) else { continue };
        if file.start != StartMode::ByItself {
            continue;
        }
        let at = match file.schedule.send {
            SendTime::At(at) => Some(at.max(version.loaded_at)),
            _ => None,
        };
        let is_passed = at.is_some_and(|at| at <= until) && file.schedule.until.is_none_or(|end| end > until);
        let key = match &version.problem {
            None => "start_late.itself",
            Some(_) if is_passed => "start_late.refused",
            Some(_) => continue,
        };
        found.push(of_version(&version, key, &at.map(|at| at.said_in(&file.timezone)).unwrap_or_default()));
    }
    Ok(found)
}

fn of_version(version: &Unstarted, what: &str, at: &str) -> Found {
    let problem = version.problem.as_deref().unwrap_or_default();
    let args = [("campaign", &*version.name), ("what_key", what), ("at", at), ("problem", problem)];
    Found::new(AlertKind::StartLate, version.id, &format!("/campaigns/{}", version.campaign_id), &args)
}

/// Runs whose time has come, of which nothing has left because something holds them. What waits though nothing does is told
/// of its sender.
async fn waiting_to_begin(engine: &Engine, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for run in run::open(&engine.store).await? {
        let is_to_begin = run.state == RunState::Running && run.revision == 0 && run.sent_out_at.is_none();
        if !is_to_begin || run.started_at > until || watch::has_begun(&engine.store, run.id).await? {
            continue;
        }
        let Some((file, meant)) = meant(engine, &run).await? else { continue };
        if meant > until {
            continue;
        }
        let why = waiting::of_run(engine, &run).await?.filter(|why| why.code.starts_with(HOLD));
        if why.is_some() {
            let mut one = of_run(engine, &run, (&file, meant), "start_late.held").await?;
            one.detail.why = why;
            found.push(one);
        }
    }
    Ok(found)
}

/// The key is the version's: a campaign that could not start, and is then held, is late once.
async fn of_run(
    engine: &Engine,
    run: &Run,
    (file, meant): (&CampaignFile, UnixMs),
    what: &str,
) -> Result<Found, EngineError> {
    let name = campaign::get(&engine.store, run.campaign_id).await?.map(|c| c.name).unwrap_or_default();
    let at = meant.said_in(&file.timezone);
    let args = [("campaign", name.as_str()), ("what_key", what), ("at", &at)];
    Ok(Found::new(AlertKind::StartLate, run.version_id, &format!("/runs/{}", run.id), &args))
}

/// Campaigns that come again and whose time has come without a run.
async fn behind(engine: &Engine, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for due in recurrence::due(&engine.store, until).await? {
        let (Some(at), Some(campaign)) = (due.next_due_at, campaign::get(&engine.store, due.campaign_id).await?) else {
            continue;
        };
        let version = version::get(&engine.store, due.version_id).await?;
        let Some(Ok(file)) = version.map(|version| load::parse(&version.definition)) else { continue };
        let is_over = campaign.removed_at.is_some() || file.schedule.until.is_some_and(|end| end <= until);
        if !is_over {
            let at = at.said_in(&file.timezone);
            let args = [("campaign", campaign.name.as_str()), ("what_key", "start_late.behind"), ("at", &at)];
            let path = format!("/campaigns/{}", campaign.id);
            found.push(Found::new(AlertKind::StartLate, due.version_id, &path, &args));
        }
    }
    Ok(found)
}

/// Runs whose time came while no daemon ran, for a while after it ran again.
async fn missed(engine: &Engine, patience: Patience, now: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    let downtimes = message::downtimes(&engine.store, now.minus(patience.told)).await?;
    let Some(first) = downtimes.first() else { return Ok(found) };
    for id in watch::runs_left_since(&engine.store, first.1).await? {
        let Some(run) = run::get(&engine.store, id).await? else { continue };
        let Some((file, meant)) = meant(engine, &run).await? else { continue };
        if downtimes.iter().any(|(from, to)| meant > *from && meant.plus(patience.late) <= *to) {
            found.push(of_run(engine, &run, (&file, meant), "start_late.down").await?);
        }
    }
    Ok(found)
}

/// When a run was to begin, and its file; `None`: that cannot be read any more, or its rows have times of their own.
async fn meant(engine: &Engine, run: &Run) -> Result<Option<(CampaignFile, UnixMs)>, EngineError> {
    let version = version::get(&engine.store, run.version_id).await?;
    let Some(Ok(file)) = version.map(|version| load::parse(&version.definition)) else { return Ok(None) };
    let wanted = match file.schedule.send {
        SendTime::FromWhen(_) => return Ok(None),
        SendTime::At(at) => at.max(run.started_at),
        SendTime::WhenStarted if file.every.is_some() => {
            let known = recurrence::of(&engine.store, run.campaign_id).await?;
            known.and_then(|known| known.last_due_at).unwrap_or(run.started_at)
        }
        SendTime::WhenStarted => run.started_at,
    };
    let config = &engine.config;
    let category = run.snapshots().ok().map(|template| template.strictest_category());
    let hours = OpenHours::of(&file, &config.holidays, &config.laws, category).unwrap_or_default();
    let hours = hours.in_country(file.country.as_deref());
    let opens = hours.and_then(|hours| hours.next_open(wanted, &file.timezone));
    Ok(Some((file, opens.unwrap_or(wanted))))
}
