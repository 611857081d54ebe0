//! Files that nobody looked at before they were taken up, with other ids than the file before.

use super::conditions::Found;
use crate::domain::alert::AlertKind;
use crate::engine::watcher::FOLDER;
use crate::engine::{Engine, EngineError};
use crate::store::renaming;

/// Until the next file, which has the ids that are known by then.
pub(super) async fn found(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let shaped = renaming::last_by(&engine.store, FOLDER).await?.into_iter().map(|one| {
        let (run, n) = (one.run.to_string(), one.n.to_string());
        let args = [("campaign", one.name.as_str()), ("run", &run), ("n", &n)];
        Found::new(AlertKind::IdsRewritten, &run, &format!("/runs/{run}"), &args)
    });
    Ok(shaped.collect())
}
