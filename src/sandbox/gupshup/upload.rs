//! `…/wa/media/v2` and `…/upload/media`: samples of templates' headers, in a form of their own.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{Error, UNAUTHORISED};
use crate::sandbox::Sandbox;

const NOT_WHOLE: Error = Error(StatusCode::BAD_REQUEST, "Invalid file");

/// Takes a file; both surfaces' answers in one.
pub(super) async fn answer(sandbox: &Sandbox, kind: &str, headers: &HeaderMap, body: Bytes) -> Result<Value, Error> {
    if !sandbox.lets_in(headers) {
        return Err(UNAUTHORISED);
    }
    let request = Request::post("/").header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let request = request.map_err(|_| NOT_WHOLE)?;
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| NOT_WHOLE)?;
    let (mut file, mut kind) = (None, String::new());
    while let Some(field) = form.next_field().await.map_err(|_| NOT_WHOLE)? {
        match field.name() {
            Some("file") => file = Some(field.bytes().await.map_err(|_| NOT_WHOLE)?),
            Some("file_type") => kind = field.text().await.map_err(|_| NOT_WHOLE)?,
            _ => {}
        }
    }
    let Some(file) = file.filter(|file| !file.is_empty() && kind.contains('/')) else { return Err(NOT_WHOLE) };
    let handle = sandbox.world().samples.keep(&file);
    Ok(
        json!({"status": "success", "handleId": {"message": handle}, "media": {"id": handle, "url": "https://fss.gupshup.io/0"}}),
    )
}
