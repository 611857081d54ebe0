//! Nodes that fell silent.

use super::conditions::Found;
use super::words::Detail;
use crate::domain::alert::AlertKind;
use crate::domain::node::Standing;
use crate::engine::{Engine, EngineError, nodes};

/// The node's data directory, in what is kept of the alert.
const HOME: &str = "home";

/// Those of which nothing is heard.
pub(super) async fn found(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for node in nodes::known(engine).await? {
        let Standing::Silent(left) = &node.standing else { continue };
        let args = nodes::silence(engine, &node, left);
        let mut args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        args.push((HOME, &node.home));
        found.push(Found::new(AlertKind::NodeSilent, &node.home, "/doctor", &args));
    }
    Ok(found)
}

/// Whether it is there again, or was forgotten.
pub(super) async fn ended(engine: &Engine, detail: &mut Detail) -> Result<(), EngineError> {
    let home = detail.args.iter().find(|(name, _)| name == HOME).map(|(_, home)| home.as_str());
    let is_known = nodes::known(engine).await?.iter().any(|node| Some(node.home.as_str()) == home);
    let key = if is_known { "node_goes.back" } else { "node_goes.forgotten" };
    detail.args.push(("how_key".to_owned(), key.to_owned()));
    Ok(())
}
