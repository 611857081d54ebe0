//! `Idempotency-Key`: a POST that is repeated with its key does its work once and is answered the same.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::store::idempotency::{self, Key, Reservation};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::guard::UPLOAD_LIMIT;
use crate::web::state::WebState;

/// The header.
const HEADER: &str = "idempotency-key";
/// Longer keys are refused.
const LONGEST: usize = 200;
/// Answers of the API to a POST are short.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// Stands between the guard and the handlers of the API. Without the header it does nothing.
pub async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST {
        return next.run(request).await;
    }
    let key = match key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(e) => return e.into_response(),
    };
    work(&state, key, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, WebError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST { Err(WebError::Bad("no_key")) } else { Ok(Some(key.to_owned())) }
}

async fn work(state: &WebState, key: String, request: Request, next: Next) -> Result<Response, WebError> {
    let actor = request.extensions().get::<Actor>().ok_or(WebError::NobodyThere)?.name.clone();
    let route = format!("POST {}", request.uri().path());
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, UPLOAD_LIMIT).await.map_err(|_| WebError::TooLarge)?;
    let hash = fingerprint(parts.uri.query().unwrap_or_default(), &parts.headers, &bytes).await;
    let key = Key { actor: &actor, route: &route, key: &key };
    match idempotency::reserve(state.store(), key, &hash, state.people_now()).await? {
        Reservation::New => {}
        Reservation::Unfinished => return Err(WebError::Conflict("key_unfinished")),
        Reservation::Mismatch => return Err(WebError::Unprocessable("key_reused")),
        Reservation::Done { status, response } => return Ok(again(status, response)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    keep(state, key, response).await
}

/// Keeps a good answer. A refusal gives the key back, since nothing was done; after a surprise nobody knows, so that
/// the key stays unfinished and a person looks.
async fn keep(state: &WebState, key: Key<'_>, response: Response) -> Result<Response, WebError> {
    let status = response.status();
    if status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED {
        idempotency::forget(state.store(), key).await?;
    }
    if !status.is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let surprise = |e: axum::Error| WebError::Unexpected("an answer of the API", Box::new(e));
    let bytes = to_bytes(body, ANSWER_LIMIT).await.map_err(surprise)?;
    let text = String::from_utf8_lossy(&bytes);
    idempotency::finish(state.store(), key, i64::from(status.as_u16()), &text).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(status: i64, response: String) -> Response {
    let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let mut answer = (status, response).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    answer
}

/// What makes two requests the same. Uploads are compared part by part: their boundary is drawn anew every time.
async fn fingerprint(query: &str, headers: &HeaderMap, bytes: &Bytes) -> String {
    let mut hash = Sha256::new();
    let mut add = |piece: &[u8]| {
        hash.update((piece.len() as u64).to_be_bytes());
        hash.update(piece);
    };
    add(query.as_bytes());
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match parts_of(kind, bytes).await {
        Some(parts) => parts.iter().for_each(|part| add(part)),
        None => add(bytes),
    }
    hex::encode(hash.finalize())
}

/// Name, file name and content of every part, in turn.
async fn parts_of(kind: &str, bytes: &Bytes) -> Option<Vec<Bytes>> {
    if !kind.starts_with("multipart/form-data") {
        return None;
    }
    let mut copy = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(bytes.clone())).ok()?;
    DefaultBodyLimit::max(UPLOAD_LIMIT).apply(&mut copy);
    let mut form = Multipart::from_request(copy, &()).await.ok()?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        parts.push(Bytes::from(field.name().unwrap_or_default().to_owned()));
        parts.push(Bytes::from(field.file_name().unwrap_or_default().to_owned()));
        parts.push(field.bytes().await.ok()?);
    }
    Some(parts)
}
