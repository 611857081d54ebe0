//! Gupshup's surface, self-serve and partner (docs.gupshup.io and partner-docs.gupshup.io, up to October 2026): forms in,
//! everything taken at once and judged later, a wallet, tokens that expire, webhooks without a signature.

mod app;
pub(super) mod event;
mod form;
mod passthrough;
mod send;
mod story;
mod template;
mod upload;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) use app::{Apps, control_tokens, control_wallet};
use form::Form;

use super::Sandbox;
use super::connection::Cut;
use super::media::MAX_BYTES;

/// An error in Gupshup's form.
pub(super) struct Error(pub StatusCode, pub &'static str);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"status": "error", "message": self.1}))).into_response()
    }
}

const UNAUTHORISED: Error = Error(
    StatusCode::UNAUTHORIZED,
    "Unauthorised access to the resource. Please review request parameters and headers and retry",
);

/// Whether `path` is one of Gupshup's.
pub(super) fn is_ours(path: &str) -> bool {
    ["/wa/", "/partner/", "/sm/"].iter().any(|start| path.starts_with(start))
}

/// A request whose body has been read.
struct Call<'a> {
    method: &'a Method,
    form: Form,
    query: Form,
    headers: &'a HeaderMap,
}

/// Answers a request to one of Gupshup's paths.
pub(super) async fn answer(sandbox: &Sandbox, request: Request) -> Response {
    let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|ConnectInfo(cut)| cut.clone());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return Error(StatusCode::BAD_REQUEST, "The body is too large").into_response();
    };
    let path = parts.uri.path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let is_upload =
        matches!(segments.as_slice(), ["wa", _, "wa", "media", "v2"] | ["partner", "app", _, "upload", "media"]);
    if is_upload {
        return told(upload::answer(sandbox, kind, &parts.headers, body).await);
    }
    if let ["partner", "app", app, "v3", "message"] = segments.as_slice() {
        if !sandbox.lets_in(&parts.headers) {
            return UNAUTHORISED.into_response();
        }
        return passthrough::answer(sandbox, app, &body, cut).await;
    }
    if parts.method == Method::POST && !body.is_empty() && !is_form {
        return Error(StatusCode::BAD_REQUEST, "Content type must be application/x-www-form-urlencoded")
            .into_response();
    }
    let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes());
    let call = Call { method: &parts.method, form: Form::read(&body), query, headers: &parts.headers };
    // Who fetches a token has none yet.
    if let Some(answer) = app::token(sandbox, &segments, &call) {
        return told(answer);
    }
    if !sandbox.lets_in(call.headers) {
        return UNAUTHORISED.into_response();
    }
    by_path(sandbox, &segments, &call, cut).await
}

async fn by_path(sandbox: &Sandbox, segments: &[&str], call: &Call<'_>, cut: Option<Cut>) -> Response {
    match segments {
        ["wa", "api", "v1", "template", "msg"] | ["partner", "app", _, "template", "msg"] => {
            send::answer(sandbox, &call.form, true, cut).await
        }
        ["wa", "api", "v1", "msg"] | ["partner", "app", _, "msg"] => {
            send::answer(sandbox, &call.form, false, cut).await
        }
        ["wa", "app", _, "msg", message, "read"] if *call.method == Method::PUT => {
            sandbox.world().marked.push(((*message).to_owned(), false));
            told(Ok(json!({"status": "success"})))
        }
        ["wa" | "partner", "app", id, "template" | "templates", rest @ ..] => {
            told(template::answer(sandbox, id, rest, call))
        }
        ["wa" | "partner", "app", id, "subscription", rest @ ..] => app::subscription(sandbox, id, rest, call).await,
        ["sm", "api", "v1", "app", "opt", which, app] => told(app::opt(sandbox, app, which, &call.form)),
        ["partner", "app", id, "optin"] => told(app::opt(sandbox, id, "in", &call.form)),
        _ => told(app::show(sandbox, segments)),
    }
}

fn told(answer: Result<Value, Error>) -> Response {
    match answer {
        Ok(value) => Json(value).into_response(),
        Err(error) => error.into_response(),
    }
}

impl Sandbox {
    /// Whether the request comes with a key or a token that has not expired.
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let token = [header("apikey"), header("authorization"), header("token")].into_iter().find(|t| !t.is_empty());
        let Some(token) = token else { return false };
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        let now = self.0.clock.now();
        let world = self.world();
        world.gupshup.is_good(token, now) && world.registry.check_token(token).is_ok()
    }
}
