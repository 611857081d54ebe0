//! The Graph endpoints: any version in the path, or none.

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::connection::Cut;
use super::media::{self, MAX_BYTES};
use super::refusal::Refusal;
use super::template_node::Query;
use super::{Sandbox, dialog360, node, sample, send, subscription, template_node};

/// The quota of calls begins anew each hour.
const HOUR_MS: i64 = 3_600_000;

/// A request whose body has been read.
pub(super) struct Call<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The token it came with.
    pub token: &'a str,
    /// Scheme, host and path, for links to more of the same.
    pub address: String,
    /// What follows the `?`.
    pub query: Query,
    /// Its body.
    pub body: &'a [u8],
}

/// Answers every request that is not for a control endpoint.
pub(super) async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    if !sandbox.0.config.latency.is_zero() {
        tokio::time::sleep(sandbox.0.config.latency).await;
    }
    if super::gupshup::is_ours(request.uri().path()) {
        return super::gupshup::answer(&sandbox, request).await;
    }
    let path = request.uri().path().to_owned();
    let mut segments: Vec<&str> = without_version(&path);
    let number = dialog360::key(&request).map(|key| dialog360::number(&sandbox, key)).unwrap_or_default();
    if !number.is_empty() && dialog360::lacks_number(&segments) {
        segments.insert(0, &number);
    }
    let token = bearer(&request).to_owned();
    let answered = match (request.method(), segments.as_slice()) {
        (&Method::POST, [node, way @ ("messages" | "marketing_messages")]) => {
            let is_marketing = *way == "marketing_messages";
            let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|ConnectInfo(cut)| cut.clone());
            return match read(request).await {
                Ok(body) => send::answer(&sandbox, (node, is_marketing), &token, cut, &body).await,
                Err(refusal) => refusal.into_response(),
            };
        }
        (&Method::GET, ["v1", "configs", "templates"]) if !number.is_empty() => {
            dialog360::templates(&sandbox, &token, &Query::read(request.uri().query().unwrap_or_default()))
        }
        (&Method::GET, ["whatsapp_business", "attachments"]) => {
            return media::download(&sandbox, &token, &Query::read(request.uri().query().unwrap_or_default()));
        }
        (&Method::POST, [_, "uploads"]) => {
            sample::begin(&sandbox, &token, &Query::read(request.uri().query().unwrap_or_default()))
        }
        (&Method::POST, [session]) if session.starts_with("upload:") => sample::take(&sandbox, request).await,
        (&Method::POST, [node, "media"]) => {
            let may = sandbox.world().registry.number(node, &token).map(|_| ());
            match may {
                Ok(()) => media::upload(&sandbox, request).await,
                Err(refusal) => Err(refusal),
            }
        }
        _ => return manage_by(&sandbox, &segments, &token, request).await,
    };
    answered.map(Json).into_response()
}

/// What is no message and no file is a call of the management API.
async fn manage_by(sandbox: &Sandbox, segments: &[&str], token: &str, request: Request) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let query = Query::read(uri.query().unwrap_or_default());
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let address = format!("http://{host}{}", uri.path());
    match read(request).await {
        Ok(body) => manage(sandbox, segments, &Call { method: &method, token, address, query, body: &body }).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The management API, which has a quota of its own per account.
async fn manage(sandbox: &Sandbox, segments: &[&str], call: &Call<'_>) -> Response {
    let [id, rest @ ..] = segments else { return Refusal::new(100, "no node in the path").into_response() };
    let (used, wait) = match take_quota(sandbox, id, call.token, is_of_account(rest)) {
        Err(refusal) => return refusal.into_response(),
        Ok(used) => used,
    };
    if let Some(minutes) = wait {
        let over = Refusal::new(80007, "There have been too many calls to this WhatsApp Business account.");
        return with_usage(over.into_response(), id, (100, minutes));
    }
    let answered = match (call.method, rest) {
        (&Method::GET, []) => node::show(sandbox, id, call),
        (&Method::POST, []) => template_node::edit(sandbox, id, call),
        (&Method::POST, ["unpause"]) => template_node::unpause(sandbox, id),
        (&Method::DELETE, []) => node::delete_media(sandbox, id),
        (&Method::GET, ["phone_numbers"]) => Ok(node::phone_numbers(sandbox, id, call)),
        (_, ["message_templates"]) => template_node::answer(sandbox, id, call),
        (method, ["subscribed_apps"]) => subscription::answer(sandbox, method, id, call.body).await,
        _ => Err(Refusal::new(100, "Unsupported request").with_subcode(33)),
    };
    with_usage(answered.map(Json).into_response(), id, (used, 0))
}

/// Whether an edge is one that only an account has: an id that nobody has used yet is one then.
fn is_of_account(edge: &[&str]) -> bool {
    matches!(edge, ["phone_numbers" | "message_templates" | "subscribed_apps"])
}

/// The answer with how much of the quota of `id` is used, in hundredths, and minutes until calls are taken again.
fn with_usage(mut response: Response, id: &str, (used, minutes): (u32, i64)) -> Response {
    let usage: Value = json!({id: [{
        "type": "whatsapp_business_management", "call_count": used, "total_cputime": 1, "total_time": 1,
        "estimated_time_to_regain_access": minutes,
    }]});
    if let Ok(usage) = HeaderValue::from_str(&usage.to_string()) {
        response.headers_mut().insert("x-business-use-case-usage", usage);
    }
    response
}

/// Checks the token, and counts the call; the percentage of the quota used, and minutes until the next where none is left.
fn take_quota(sandbox: &Sandbox, id: &str, token: &str, is_account: bool) -> Result<(u32, Option<i64>), Refusal> {
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    world.registry.check_token(token)?;
    let is_template = world.templates.by_id(id).is_some();
    if is_account && !is_template {
        world.registry.account(id, token)?;
    }
    let used = world.quotas.entry(id.to_owned()).or_default().take(now);
    let minutes = (HOUR_MS - now.0.rem_euclid(HOUR_MS)).div_euclid(60_000).max(1);
    Ok(used.map_or((100, Some(minutes)), |used| (used, None)))
}

/// `/v26.0/123/messages` and `/123/messages` are the same.
fn without_version(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let is_version = |s: &str| {
        s.strip_prefix('v').and_then(|v| v.split_once('.')).is_some_and(|(major, minor)| {
            let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
            is_number(major) && is_number(minor)
        })
    };
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    segments
}

fn bearer(request: &Request) -> &str {
    if let Some(key) = dialog360::key(request) {
        return key;
    }
    let header = request.headers().get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    header.and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default().trim()
}

async fn read(request: Request) -> Result<Bytes, Refusal> {
    to_bytes(request.into_body(), MAX_BYTES).await.map_err(|_| Refusal::new(100, "the body is too large or not whole"))
}
