//! Files for providers that fetch what they send, at addresses that nobody can guess and that stop working by themselves.

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::time::UnixMs;

use super::error::WebError;
use super::media::{POLICY, bytes};
use super::state::WebState;

/// What the file is.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(rename = "type", default)]
    mime_type: String,
}

/// The bytes of an address that was handed out.
pub async fn show(
    State(state): State<WebState>,
    Path((hash, until, proof, _)): Path<(String, i64, String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if !state.engine.is_shared(&hash, &asked.mime_type, UnixMs(until), &proof).await? {
        return Err(WebError::NotFound);
    }
    let kept = state.engine.media_file(&hash).await?.ok_or(WebError::NotFound)?;
    let length = kept.size;
    let mut response = axum::body::Body::from_stream(bytes(kept.file, 0, length)).into_response();
    let of = response.headers_mut();
    of.insert(CONTENT_TYPE, HeaderValue::from_str(&asked.mime_type).map_err(|_| WebError::NotFound)?);
    of.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    of.insert(CONTENT_SECURITY_POLICY, POLICY);
    of.insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}
