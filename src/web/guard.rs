//! The one place where rights, sessions and forms are checked.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use subtle::ConstantTimeEq;

use crate::domain::role::Right;

use super::actor::{Actor, identify};
use super::error::WebError;
use super::state::WebState;

/// A form without files, or a request of the API, may be this large.
pub const FORM_LIMIT: usize = 16 * 1024 * 1024;
/// In our uploads the token stands first, within so many bytes.
const HEAD_LIMIT: usize = 16 * 1024;
/// Header that scripts of our own pages send instead of the form's field.
const CSRF_HEADER: &str = "x-csrf-token";

/// What a route asks of whoever comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing: it has its own proof (webhooks) or none (health, sign-in).
    Open,
    /// Somebody, of any role.
    SignedIn,
    /// Somebody with this right.
    Needs(Right),
}

/// Lets a request through to its handler, or answers why not. The body of webhooks is left alone.
pub async fn guard(State((state, access)): State<(WebState, Access)>, mut request: Request, next: Next) -> Response {
    let actor = match identify(&state, request.headers()).await {
        Ok(actor) => actor,
        Err(e) => return WebError::from(e).into_response(),
    };
    if let Some(actor) = &actor {
        request.extensions_mut().insert(actor.clone());
    }
    let mut response = match admit(&state, access, actor.as_ref(), request).await {
        Ok(request) => next.run(request).await,
        Err(e) => e.into_response(),
    };
    if let Some(actor) = actor {
        response.extensions_mut().insert(actor);
    }
    response
}

async fn admit(state: &WebState, access: Access, actor: Option<&Actor>, request: Request) -> Result<Request, WebError> {
    match (access, actor) {
        (Access::Open, _) | (Access::SignedIn, Some(_)) => {}
        (_, None) => return Err(WebError::NobodyThere),
        (Access::Needs(right), Some(actor)) if !actor.may(right) => return Err(WebError::NotAllowed),
        (Access::Needs(_), Some(_)) => {}
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(request);
    }
    let session_token = actor.and_then(|a| a.csrf.as_deref());
    if access == Access::Open {
        // Sign-in has no session to carry a token yet; webhooks come from no browser and name no origin.
        return if comes_from_here(state, request.headers()) { Ok(request) } else { Err(WebError::ForeignForm) };
    }
    // A token in a header is never sent by a browser on its own.
    let Some(expected) = session_token else { return Ok(request) };
    if !comes_from_here(state, request.headers()) {
        return Err(WebError::ForeignForm);
    }
    carries(request, expected).await
}

/// True when the request names no origin (not a browser's form) or names ours.
fn comes_from_here(state: &WebState, headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|v| v == "cross-site" || v == "same-site") {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority == host);
    own || origin == state.public_origin()
}

/// The request, if its header or its form's first fields hold the session's token.
async fn carries(request: Request, expected: &str) -> Result<Request, WebError> {
    let same = |given: &str| bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
    if let Some(given) = request.headers().get(CSRF_HEADER).and_then(|v| v.to_str().ok()) {
        return if same(given) { Ok(request) } else { Err(WebError::ForeignForm) };
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (parts, body) = request.into_parts();
    let (given, body) = if kind.starts_with("multipart/form-data") {
        let (head, body) = head(body, &kind).await?;
        (first_field(&kind, head).await, body)
    } else {
        let bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| WebError::TooLarge)?;
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        let mut fields = url::form_urlencoded::parse(if is_form { &bytes } else { b"" });
        let token = fields.find(|(name, _)| name == "csrf").map(|(_, value)| value.into_owned());
        (token, Body::from(bytes))
    };
    match given {
        Some(given) if same(&given) => Ok(Request::from_parts(parts, body)),
        _ => Err(WebError::ForeignForm),
    }
}

/// The first part of a form with files, as far as it has come, and the body with it: the files stay where they are.
async fn head(body: Body, kind: &str) -> Result<(Bytes, Body), WebError> {
    let boundary = kind.split_once("boundary=").map_or("", |(_, rest)| rest.split(';').next().unwrap_or_default());
    let line = format!("\r\n--{}", boundary.trim().trim_matches('"'));
    let mut rest = body.into_data_stream();
    let mut head = Vec::new();
    while !head.windows(line.len()).any(|window| window == line.as_bytes()) && head.len() < HEAD_LIMIT {
        let Some(piece) = rest.next().await else { break };
        head.extend_from_slice(&piece.map_err(WebError::cut_off)?);
    }
    let head = Bytes::from(head);
    let whole = futures::stream::once(std::future::ready(Ok(head.clone()))).chain(rest);
    Ok((head, Body::from_stream(whole)))
}

/// In our uploads the token stands before the files.
async fn first_field(kind: &str, bytes: Bytes) -> Option<String> {
    let mut copy = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(bytes)).ok()?;
    // A file behind the field may have come with it, however large.
    DefaultBodyLimit::disable().apply(&mut copy);
    let mut form = Multipart::from_request(copy, &()).await.ok()?;
    let field = form.next_field().await.ok()??;
    if field.name() != Some("csrf") {
        return None;
    }
    field.text().await.ok()
}
