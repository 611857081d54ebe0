//! The Cloud API as 360dialog passes it on (docs.360dialog.com, up to October 2026): a key for each number in a header of
//! its own, paths without ids, templates listed by offset.

use axum::extract::Request;
use serde_json::{Value, json};

use super::Sandbox;
use super::refusal::Refusal;
use super::template_node::Query;

/// The header of the number's key.
const KEY: &str = "d360-api-key";

/// The number of a key that nobody configured.
const NUMBER: &str = "106540352242922";

/// Templates in a page when nothing is asked for.
const PAGE: usize = 1_000;

/// The key of a request that comes by way of 360dialog.
pub(super) fn key(request: &Request) -> Option<&str> {
    request.headers().get(KEY).and_then(|h| h.to_str().ok()).map(str::trim).filter(|key| !key.is_empty())
}

/// The number that `key` opens: one of the configured accounts', or the one that everybody may use.
pub(super) fn number(sandbox: &Sandbox, key: &str) -> String {
    let world = sandbox.world();
    world.registry.number_of(key).unwrap_or_else(|| NUMBER.to_owned())
}

/// Whether Meta's path would begin with the number.
pub(super) fn lacks_number(segments: &[&str]) -> bool {
    matches!(segments, ["messages" | "media"])
}

/// `GET /v1/configs/templates?limit=&offset=`: those of the account whose number `key` opens.
pub(super) fn templates(sandbox: &Sandbox, key: &str, query: &Query) -> Result<Value, Refusal> {
    let number = number(sandbox, key);
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    world.registry.number(&number, key)?;
    let account = world.registry.account_of(&number);
    let asked = |name: &str| query.get(name).and_then(|n| n.parse::<usize>().ok());
    let (limit, offset) = (asked("limit").unwrap_or(PAGE).min(PAGE), asked("offset").unwrap_or_default());
    let all: Vec<Value> = world.templates.of(&account).map(|template| template.listed(now)).collect();
    let page: Vec<Value> = all.iter().skip(offset).take(limit).map(lowered).collect();
    let (count, total) = (page.len(), all.len());
    Ok(json!({"count": count, "limit": limit, "offset": offset, "total": total, "waba_templates": page}))
}

/// The status is written small here.
fn lowered(template: &Value) -> Value {
    let mut told = template.clone();
    told["status"] = template["status"].as_str().unwrap_or_default().to_lowercase().into();
    told["namespace"] = "sandbox".into();
    told
}
