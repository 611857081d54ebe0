//! Files that nobody looked at before they were taken up, with other ids than the file before.

use super::conditions::Found;
use crate::domain::alert::AlertKind;
use crate::domain::id::RunId;
use crate::engine::watcher::FOLDER;
use crate::engine::{Engine, EngineError};
use crate::store::renaming;

/// Until the next file, which has the ids that are known by then, or until somebody looks at the run.
pub(super) async fn found(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let shaped = renaming::last_by(&engine.store, FOLDER).await?.into_iter().map(|one| {
        let (run, n) = (one.run.to_string(), one.n.to_string());
        let args = [("campaign", one.name.as_str()), ("run", &run), ("n", &n)];
        Found::new(AlertKind::IdsRewritten, &run, &format!("/runs/{run}"), &args)
    });
    Ok(shaped.collect())
}

impl Engine {
    /// Somebody looks at `run`: which of its ids are others is known to them. On a full disk it is told again.
    pub async fn see_ids(&self, run: RunId) -> Result<(), EngineError> {
        match renaming::see(&self.store, run, self.clock.now()).await.map_err(EngineError::from) {
            Err(error) if error.is_full() => Ok(()),
            done => done,
        }
    }
}
