//! `/{app id}/uploads` and `/upload:…`: samples that templates with media headers are reviewed with. A session is opened for
//! a file of known length, and takes its bytes with the token as `OAuth` or, as clients in the wild send it, as `Bearer`.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::Sandbox;
use super::dice::fingerprint;
use super::media::MAX_BYTES;
use super::refusal::Refusal;
use super::template_node::Query;

/// Media types that a sample may have.
const TYPES: [&str; 6] = ["image/jpeg", "image/jpg", "image/png", "video/mp4", "video/3gpp", "application/pdf"];

/// Sessions that are open, and handles of what came whole.
#[derive(Default)]
pub(super) struct Samples {
    open: Vec<(String, usize)>,
    handles: Vec<String>,
}

impl Samples {
    /// Whether `handle` names a sample that came whole; old ones are as good as those of another life of the sandbox.
    pub fn has(&self, handle: &str) -> bool {
        self.handles.iter().any(|known| known == handle) || handle.starts_with("4::")
    }

    /// Keeps a sample; its handle.
    pub fn keep(&mut self, bytes: &[u8]) -> String {
        let number = fingerprint(&format!("{} {}", bytes.len(), self.handles.len()));
        let handle = format!("4:sample:{number:x}");
        self.handles.push(handle.clone());
        handle
    }
}

/// `POST /{app id}/uploads?file_name&file_length&file_type`.
pub(super) fn begin(sandbox: &Sandbox, token: &str, query: &Query) -> Result<Value, Refusal> {
    let mut world = sandbox.world();
    world.registry.check_token(token)?;
    let length = query.get("file_length").and_then(|l| l.parse::<usize>().ok()).filter(|l| (1..=MAX_BYTES).contains(l));
    let length = length.ok_or_else(|| Refusal::new(100, "file_length is the number of bytes"))?;
    if !query.get("file_type").is_some_and(|kind| TYPES.contains(&kind)) {
        return Err(Refusal::new(100, "file_type is image/jpeg, image/png, video/mp4 or application/pdf"));
    }
    let number = fingerprint(&format!("session {length} {}", world.samples.open.len()));
    let id = format!("upload:{number:x}?sig=sandbox");
    world.samples.open.push((id.clone(), length));
    Ok(json!({ "id": id }))
}

/// `POST /upload:…`, with `file_offset: 0`.
pub(super) async fn take(sandbox: &Sandbox, request: Request) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let given = header(AUTHORIZATION.as_str());
    let token = given.strip_prefix("OAuth ").or_else(|| given.strip_prefix("Bearer ")).unwrap_or_default();
    let session = parts.uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let offset = header("file_offset");
    let bytes = to_bytes(body, MAX_BYTES).await;
    let bytes = bytes.map_err(|_| Refusal::new(100, "the file is too large or not whole"))?;
    let mut world = sandbox.world();
    world.registry.check_token(token)?;
    let samples = &mut world.samples;
    let place = samples.open.iter().position(|(id, _)| session.ends_with(id.as_str()));
    let place = place.ok_or_else(|| Refusal::no_such_node("upload"))?;
    if offset != "0" || samples.open[place].1 != bytes.len() {
        return Err(Refusal::new(100, "file_offset is 0 and the file as long as was said"));
    }
    samples.open.remove(place);
    Ok(json!({ "h": samples.keep(&bytes) }))
}
