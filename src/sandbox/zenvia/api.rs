//! The addresses under `/v2`, and what every request must bring.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

use super::{send, subscription, template};
use crate::clock::Clock;
use crate::sandbox::Sandbox;

/// A signed request may be so old.
const OLDEST_S: i64 = 180;

/// An error in Zenvia's form.
pub(super) struct Wrong {
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
    /// Path and what is wrong with it.
    pub details: Vec<(String, String)>,
}

impl Wrong {
    /// The request is wrong at `path`.
    pub fn at(path: &str, what: &str) -> Self {
        let details = vec![(path.to_owned(), what.to_owned())];
        Self { status: 400, code: "VALIDATION_ERROR", message: "Validation error", details }
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        Self { status: 404, code: "NOT_FOUND", message: "Resource not found", details: Vec::new() }
    }

    fn unauthorized(message: &'static str) -> Self {
        Self { status: 401, code: "AUTHENTICATION_ERROR", message, details: Vec::new() }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let mut body = json!({"code": self.code, "message": self.message});
        if !self.details.is_empty() {
            let detail = |(path, what): &(String, String)| json!({"code": "invalid", "path": path, "message": what});
            body["details"] = self.details.iter().map(detail).collect();
        }
        (StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

/// What a request asks for.
pub(super) type Asked = BTreeMap<String, String>;

/// Everything under `/v2`.
pub(in crate::sandbox) fn router(sandbox: &Sandbox) -> Router<Sandbox> {
    Router::new()
        .route("/channels/whatsapp/messages", post(send::answer))
        .route("/subscriptions", get(list_subscriptions).post(make_subscription))
        .route("/subscriptions/{id}", get(show_subscription).patch(change_subscription).delete(delete_subscription))
        .route("/templates", get(list_templates).post(make_template))
        .route("/templates/{id}", get(show_template).patch(change_template).delete(delete_template))
        .route("/templates/{id}/comments", get(list_comments).post(add_comment))
        .fallback(|| async { Wrong::not_found() })
        .layer(axum::middleware::from_fn_with_state(sandbox.clone(), let_in))
}

/// The token, and the signature where it is asked for.
async fn let_in(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    if !sandbox.0.config.latency.is_zero() {
        tokio::time::sleep(sandbox.0.config.latency).await;
    }
    let has_token = request.headers().get("x-api-token").is_some_and(|token| !token.is_empty());
    if !has_token {
        return Wrong::unauthorized("No authorization token was found").into_response();
    }
    if sandbox.0.config.zenvia.signing_secret.is_none() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, crate::sandbox::media::MAX_BYTES).await else {
        return Wrong::at("$", "the body is too large or not whole").into_response();
    };
    let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
    let path = path.path_and_query().map_or_else(String::new, ToString::to_string);
    if let Err(wrong) = check_signature(&sandbox, (&parts.method, &path), &parts.headers, &body) {
        return wrong.into_response();
    }
    next.run(Request::from_parts(parts, body.into())).await
}

fn check_signature(
    sandbox: &Sandbox,
    (method, path): (&Method, &str),
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Wrong> {
    let Some(secret) = &sandbox.0.config.zenvia.signing_secret else { return Ok(()) };
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let date = header("date");
    let sent = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date);
    let sent = sent.map_err(|_| Wrong::unauthorized("The date is missing"))?;
    let age = Clock::real().now().0.div_euclid(1000) - sent.as_second();
    if !(0..=OLDEST_S).contains(&age) {
        return Err(Wrong::unauthorized("The date is in the future or too old"));
    }
    let host = header("host");
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let digest = if body.is_empty() { String::new() } else { hex::encode(Md5::digest(body)) };
    let content_type = if body.is_empty() { "" } else { header("content-type") };
    let lines = [method.as_str(), &digest, content_type, date, host, path].join("\n");
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return Err(Wrong::unauthorized("The signature is wrong"));
    };
    mac.update(lines.as_bytes());
    let given = STANDARD.decode(header("x-api-signature")).unwrap_or_default();
    mac.verify_slice(&given).map_err(|_| Wrong::unauthorized("The signature is wrong"))
}

/// The JSON of a body.
pub(super) fn read(body: &[u8]) -> Result<Value, Wrong> {
    let read: Value = serde_json::from_slice(body).map_err(|_| Wrong::at("$", "is not JSON"))?;
    if read.is_object() { Ok(read) } else { Err(Wrong::at("$", "must be an object")) }
}

fn answer(answered: Result<Value, Wrong>) -> Response {
    answered.map(Json).into_response()
}

async fn list_subscriptions(State(sandbox): State<Sandbox>) -> Response {
    answer(Ok(subscription::list(&sandbox)))
}

async fn make_subscription(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    answer(read(&body).and_then(|wish| subscription::make(&sandbox, &wish)))
}

async fn show_subscription(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    answer(subscription::show(&sandbox, &id))
}

async fn change_subscription(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|wish| subscription::change(&sandbox, &id, &wish)))
}

async fn delete_subscription(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    gone(subscription::delete(&sandbox, &id))
}

async fn list_templates(State(sandbox): State<Sandbox>, Query(asked): Query<Asked>) -> Response {
    answer(Ok(template::list(&sandbox, &asked)))
}

async fn make_template(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    answer(read(&body).and_then(|wish| template::make(&sandbox, &wish)))
}

async fn show_template(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    answer(template::show(&sandbox, &id))
}

async fn change_template(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|wish| template::change(&sandbox, &id, &wish)))
}

async fn delete_template(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    gone(template::delete(&sandbox, &id))
}

async fn list_comments(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    answer(template::show(&sandbox, &id).map(|template| template["comments"].clone()))
}

async fn add_comment(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|wish| template::comment(&sandbox, &id, &wish)))
}

fn gone(done: Result<(), Wrong>) -> Response {
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(wrong) => wrong.into_response(),
    }
}
