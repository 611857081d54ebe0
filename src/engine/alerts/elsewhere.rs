//! Who outside hears nothing any more.

use super::conditions::Found;
use crate::domain::alert::AlertKind;
use crate::engine::{Engine, EngineError};
use crate::store::chatwoot;
use crate::store::outgoing::endpoint;

/// After so many tries in vain (about ten minutes) a person is told.
const TRIES: i64 = 8;

/// Endpoints that Recado has switched off, and inboxes at Chatwoot that take nothing.
pub(super) async fn found(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for one in endpoint::all(&engine.store).await? {
        if one.off_by.as_deref() == Some(endpoint::ITSELF) {
            let path = format!("/outgoing/{}", one.id);
            found.push(Found::new(AlertKind::EndpointOff, one.id, &path, &[("name", &one.name)]));
        }
    }
    for name in engine.config.chatwoot.keys() {
        let n = chatwoot::ailing(&engine.store, name, TRIES).await?;
        if n > 0 {
            let args = [("name", name.as_str()), ("n", &n.to_string())];
            found.push(Found::new(AlertKind::ChatwootSilent, name, "/conversations", &args));
        }
    }
    Ok(found)
}
