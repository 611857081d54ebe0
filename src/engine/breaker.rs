//! The breakers of runs: a run whose own answers and receipts speak against it is paused with the figures, and a person
//! decides. Asked as soon as something failed, and from time to time.

use std::collections::BTreeSet;

use tracing::{error, warn};

use super::holds::ITSELF;
use super::{Engine, EngineError, load};
use crate::domain::breaker::{self, Trip};
use crate::domain::failure::{Blame, FailureClass};
use crate::domain::id::RunId;
use crate::domain::run::RunState;
use crate::store::run::{self, Run};
use crate::store::{version, window};

/// Looks at `runs` and pauses those that had better stop. Whoever settles answers must not fail for it: what cannot be
/// read now is looked at again.
pub(super) async fn look(engine: &Engine, runs: BTreeSet<RunId>) {
    for id in runs {
        if let Err(cause) = look_at(engine, id).await {
            let error = &cause as &dyn std::error::Error;
            error!(error, run.id = %id, "whether run {id} had better stop cannot be told; it is looked at again");
        }
    }
}

/// Looks at every run that sends, for what a daemon that died did not come to look at, and forgets what is too old to
/// say anything.
pub(super) async fn sweep(engine: &Engine) -> Result<(), EngineError> {
    let open: Vec<RunId> = run::open(&engine.store).await?.into_iter().map(|run| run.id).collect();
    window::sweep(&engine.store, &open).await?;
    look(engine, open.into_iter().collect()).await;
    Ok(())
}

async fn look_at(engine: &Engine, id: RunId) -> Result<(), EngineError> {
    let Some(run) = run::get(&engine.store, id).await? else { return Ok(()) };
    if !matches!(run.state, RunState::Planning | RunState::Running) {
        return Ok(());
    }
    let Some(trip) = trip(engine, &run).await? else { return Ok(()) };
    if engine.stop(id, ITSELF, &[trip.told()]).await? {
        warn!(run.id = %id, "run {id} is paused by its breaker: {}", trip.word());
    }
    Ok(())
}

async fn trip(engine: &Engine, run: &Run) -> Result<Option<Trip>, EngineError> {
    let Some(version) = version::get(&engine.store, run.version_id).await? else { return Ok(None) };
    let Ok(file) = load::parse(&version.definition) else { return Ok(None) };
    let thresholds = file.limits.breakers.or(engine.config.breakers).thresholds();
    let seen = window::last(&engine.store, run.id, thresholds.window).await?;
    Ok(breaker::judge(&thresholds, &seen, |code| blame(engine, &run.account, code)))
}

/// Against whom a failure of `account` with that code speaks.
pub(super) fn blame(engine: &Engine, account: &str, code: i64) -> Blame {
    engine.errors_of(account).class_of(code).map_or(Blame::Run, FailureClass::blame)
}
