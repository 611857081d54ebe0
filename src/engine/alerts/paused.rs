//! Runs that Recado itself has paused.

use super::conditions::Found;
use super::words::Detail;
use crate::domain::alert::AlertKind;
use crate::domain::id::RunId;
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::engine::{Engine, EngineError, waiting};
use crate::store::campaign;
use crate::store::run::{self, Run};

/// Names of Recado's own parts, when they pause a run.
const OURSELVES: [&str; 2] = ["recado", "folder"];

fn is_by_us(run: &Run) -> bool {
    run.state == RunState::Paused && run.paused_by.as_deref().is_some_and(|by| OURSELVES.contains(&by))
}

/// Those that are paused now. A pause for another reason is another stop: whoever let the first go on hears of the second.
pub(super) async fn found(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for run in run::open(&engine.store).await?.iter().filter(|run| is_by_us(run)) {
        let name = campaign::get(&engine.store, run.campaign_id).await?.map(|c| c.name).unwrap_or_default();
        let id = run.id.to_string();
        let key = run.paused_for().iter().fold(id.clone(), |key, why| format!("{key}:{}", reason(why)));
        let path = format!("/runs/{id}");
        let mut one = Found::new(AlertKind::RunPaused, key, &path, &[("run", &id), ("campaign", &name)]);
        one.detail.why = waiting::run(engine, run.id).await?;
        found.push(one);
    }
    Ok(found)
}

/// The reason without its figures: its word, and the provider's code where it names one.
fn reason(why: &Problem) -> String {
    let code = why.args.iter().find(|(name, _)| name == "failure").map(|(_, code)| code.as_str());
    code.map_or_else(|| why.code.clone(), |code| format!("{}:{code}", why.code))
}

/// How the run goes on.
pub(super) async fn ended(engine: &Engine, detail: &mut Detail) -> Result<(), EngineError> {
    let id = detail.args.iter().find(|(name, _)| name == "run").and_then(|(_, id)| id.parse().ok()).map(RunId);
    let Some(id) = id else { return Ok(()) };
    let run = run::get(&engine.store, id).await?;
    let key = match run.as_ref().map(|run| run.state) {
        Some(RunState::Cancelled) => "run_goes.cancelled",
        Some(RunState::Paused) if run.as_ref().is_some_and(is_by_us) => "run_goes.again",
        Some(RunState::Paused) => "run_goes.paused",
        Some(RunState::Closed) | None => "run_goes.closed",
        Some(RunState::Planning | RunState::Running) => "run_goes.on",
    };
    detail.args.push(("how_key".to_owned(), key.to_owned()));
    Ok(())
}
