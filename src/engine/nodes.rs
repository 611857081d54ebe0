//! The nodes that share a store, for doctor, figures and alerts. On SQLite there is one, and nothing to tell of it.

use super::doctor::{Finding, Verdict};
use super::{Engine, EngineError};
use crate::domain::node::{self, FORGOTTEN, Left, Node, Standing};
use crate::domain::time::UnixMs;
use crate::store::lease;

/// A node and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeReport {
    /// What people call it.
    pub node: String,
    /// When it was last heard of, on the engine's clock.
    pub heard_at: UnixMs,
    /// Senders that it sends for.
    pub senders: Vec<String>,
    /// What was found.
    pub finding: Finding,
}

/// What became of a wish to forget a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forgotten {
    /// It is forgotten.
    Done,
    /// It is there: it would only come back.
    IsHere,
    /// None is called so; these are known.
    Unknown(Vec<String>),
}

/// The machine of this node.
pub fn host(engine: &Engine) -> &str {
    engine.node.split(':').next().unwrap_or_default()
}

/// What people call this node.
pub fn own_name(engine: &Engine) -> &str {
    let set = engine.config.server.node.as_deref();
    set.or(Some(host(engine)).filter(|host| !host.is_empty())).unwrap_or("recado")
}

/// Every node that is known, and how it stands now.
pub async fn known(engine: &Engine) -> Result<Vec<Node>, EngineError> {
    if engine.store.is_of_one_node() {
        return Ok(Vec::new());
    }
    let (mut known, leases) = (lease::known(&engine.store).await?, lease::all(&engine.store).await?);
    for one in &mut known {
        one.led.retain(|sender| engine.config.senders.contains_key(sender));
    }
    Ok(node::nodes(&known, &leases, engine.clock.unscaled().now()))
}

/// The same in findings.
pub async fn examine(engine: &Engine) -> Result<Vec<NodeReport>, EngineError> {
    let now = engine.clock.unscaled().now();
    let report = |node: Node| NodeReport {
        heard_at: engine.clock.at(node.seen_at),
        senders: node.leads().to_vec(),
        finding: finding(engine, &node, now),
        node: node.label,
    };
    Ok(known(engine).await?.into_iter().map(report).collect())
}

/// Forgets the silent node that is called so.
pub async fn forget(engine: &Engine, label: &str) -> Result<Forgotten, EngineError> {
    let known = known(engine).await?;
    match known.iter().find(|node| node.label == label) {
        None => Ok(Forgotten::Unknown(known.into_iter().map(|node| node.label).collect())),
        Some(node) if matches!(node.standing, Standing::Here { .. }) => Ok(Forgotten::IsHere),
        Some(node) => {
            lease::forget(&engine.store, &node.home).await?;
            Ok(Forgotten::Done)
        }
    }
}

fn finding(engine: &Engine, node: &Node, now: UnixMs) -> Finding {
    match &node.standing {
        Standing::Here { leads } => {
            let code = if leads.is_empty() { "node_idle" } else { "node_here" };
            let (seconds, senders) = (now.since(node.seen_at).as_secs().to_string(), leads.join(", "));
            Finding::new(
                "node",
                Verdict::Good,
                code,
                &[("node", &node.label), ("seconds", &seconds), ("senders", &senders)],
            )
        }
        Standing::Silent(left) => {
            let verdict = if left.orphans.is_empty() { Verdict::Poor } else { Verdict::Bad };
            let args = silence(engine, node, left);
            let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Finding::new("node", verdict, "node_silent", &args)
        }
    }
}

/// What sentences about a silent node say.
pub(super) fn silence(engine: &Engine, node: &Node, left: &Left) -> Vec<(&'static str, String)> {
    let since = engine.clock.at(node.seen_at).timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let then = match (left.taken.is_empty(), left.orphans.is_empty()) {
        (true, true) => "node_left.idle",
        (false, true) => "node_left.taken",
        (true, false) => "node_left.orphans",
        (false, false) => "node_left.both",
    };
    let days = FORGOTTEN.as_secs() / 86_400;
    vec![
        ("node", node.label.clone()),
        ("since", since),
        ("then_key", then.to_owned()),
        ("senders", left.taken.join(", ")),
        ("by", left.by.join(", ")),
        ("orphans", left.orphans.join(", ")),
        ("days", days.to_string()),
    ]
}
