//! `/{account}/message_templates` and `/{template id}`.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Sandbox;
use super::graph::Call;
use super::node::only;
use super::refusal::Refusal;
use super::template::Templates;
use crate::domain::time::UnixMs;

/// Templates in a page when nothing is asked for.
const PAGE: usize = 25;

/// The parameters after the `?`.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads them.
    pub fn read(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The same query for what comes after `cursor`.
    fn with_cursor(&self, cursor: &str) -> String {
        let kept = self.0.iter().filter(|(key, _)| key != "after");
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("after", cursor).finish()
    }

    /// The fields asked for.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.get("fields").unwrap_or_default().split(',').map(str::trim).filter(|f| !f.is_empty())
    }
}

/// Answers a request to the templates of `account`.
pub(super) fn answer(sandbox: &Sandbox, account: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    match *call.method {
        Method::GET => list(sandbox, account, call),
        Method::POST => {
            let created = sandbox.world().create_template(account, &json_of(call)?, sandbox.0.clock.now())?;
            sandbox.0.wake.notify_one();
            Ok(created)
        }
        Method::DELETE => {
            let now = sandbox.0.clock.now();
            let mut world = sandbox.world();
            if let Some(ids) = call.query.get("hsm_ids") {
                return delete_all(&mut world.templates, account, ids, now);
            }
            let name = call.query.get("name").ok_or_else(|| Refusal::new(100, "name is required"))?;
            world.templates.delete(account, name, call.query.get("hsm_id"), now)?;
            Ok(json!({"success": true}))
        }
        _ => Err(Refusal::new(100, "unsupported method")),
    }
}

/// `?hsm_ids=["1","2"]`: at most a hundred.
fn delete_all(templates: &mut Templates, account: &str, ids: &str, now: UnixMs) -> Result<Value, Refusal> {
    let ids: Vec<Value> = serde_json::from_str(ids).map_err(|_| Refusal::new(100, "hsm_ids is a list of ids"))?;
    if ids.len() > 100 {
        return Err(Refusal::new(100, "hsm_ids holds at most 100 ids"));
    }
    for id in ids {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let name = templates.by_id(&id).map(|t| t.name.clone()).ok_or_else(|| Refusal::no_such_node(&id))?;
        templates.delete(account, &name, Some(&id), now)?;
    }
    Ok(json!({"success": true}))
}

/// `name` finds parts of names too, as at Meta: who wants exactly one must look.
fn list(sandbox: &Sandbox, account: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    let now = sandbox.0.clock.now();
    let world = sandbox.world();
    let wants = |key: &str, value: &str| call.query.get(key).is_none_or(|want| want.eq_ignore_ascii_case(value));
    let found = world.templates.of(account).filter(|t| {
        call.query.get("name").is_none_or(|part| t.name.contains(part))
            && call.query.get("name_or_content").is_none_or(|part| t.name.contains(part) || t.shape.body.contains(part))
            && call.query.get("content").is_none_or(|part| t.shape.body.contains(part))
            && wants("quality_score", &t.quality)
            && wants("language", &t.language)
            && wants("status", &t.status)
            && wants("category", &t.category)
    });
    let mut listed: Vec<Value> = found.map(|t| t.listed(now)).collect();
    if world.any_template {
        listed.extend(assumed(&listed, call));
    }
    page(listed, call)
}

/// With `--any-template`: the name asked for, if nobody knows it, approved and without components.
fn assumed(listed: &[Value], call: &Call<'_>) -> Option<Value> {
    let name = call.query.get("name").filter(|n| super::template_shape::is_word(n))?;
    if listed.iter().any(|t| t["name"] == name) {
        return None;
    }
    let id = (super::dice::fingerprint(name) >> 12).to_string();
    let language = call.query.get("language").unwrap_or("es_AR");
    Some(json!({"id": id, "name": name, "language": language, "status": "APPROVED", "category": "UTILITY"}))
}

fn page(listed: Vec<Value>, call: &Call<'_>) -> Result<Value, Refusal> {
    let limit = call.query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(PAGE).clamp(1, 1000);
    let start = match call.query.get("after") {
        Some(cursor) => place(cursor).ok_or_else(|| Refusal::new(131_059, "The cursor is not valid"))?,
        None => 0,
    };
    let end = (start + limit).min(listed.len());
    let has_more = end < listed.len();
    let total = listed.len();
    let data: Vec<Value> = listed.into_iter().skip(start).take(limit).map(|t| only(t, call)).collect();
    let mut paging = json!({"cursors": {"before": cursor(start), "after": cursor(end)}});
    if has_more {
        let rest = call.query.with_cursor(&cursor(end));
        paging["next"] = format!("{}?{rest}", call.address).into();
    }
    let mut page = json!({"data": data, "paging": paging});
    if call.query.get("summary").is_some() {
        page["summary"] = json!({"total_count": total, "message_template_count": total, "message_template_limit": 250,
            "are_translations_complete": true});
    }
    Ok(page)
}

fn cursor(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("at {place}"))
}

fn place(cursor: &str) -> Option<usize> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    decoded.strip_prefix("at ")?.parse().ok()
}

/// `POST /{template id}`.
pub(super) fn edit(sandbox: &Sandbox, id: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    let edited = sandbox.world().edit_template(id, &json_of(call)?, sandbox.0.clock.now())?;
    sandbox.0.wake.notify_one();
    Ok(edited)
}

/// `POST /{template id}/unpause`.
pub(super) fn unpause(sandbox: &Sandbox, id: &str) -> Result<Value, Refusal> {
    let mut world = sandbox.world();
    let template = world.templates.by_id(id).ok_or_else(|| Refusal::no_such_node(id))?;
    if template.status != "PAUSED" {
        return Ok(json!({"success": false, "reason": "the template is not paused"}));
    }
    world.set_status(id, "APPROVED", Instant::now());
    sandbox.0.wake.notify_one();
    Ok(json!({"success": true}))
}

fn json_of(call: &Call<'_>) -> Result<Value, Refusal> {
    serde_json::from_slice(call.body).map_err(|_| Refusal::new(100, "the body is not JSON"))
}
