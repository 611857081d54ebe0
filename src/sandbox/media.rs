//! `/{phone number id}/media`, `/{media id}` and where the bytes lie: what is uploaded, and what people send.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Sandbox;
use super::dice::fingerprint;
use super::inbound::File;
use super::refusal::Refusal;
use super::template_node::Query;
use super::world::World;
use crate::domain::time::UnixMs;

/// Largest request taken: a document of 100 MB and what surrounds it.
pub(super) const MAX_BYTES: usize = 101 << 20;

/// What is uploaded is kept so long.
const UPLOADED_FOR: Duration = Duration::from_hours(30 * 24);
/// What people send is kept so long.
const SENT_FOR: Duration = Duration::from_hours(7 * 24);
/// An address works so long.
const ADDRESS_FOR: Duration = Duration::from_mins(5);

/// Each type with the largest file of it, in bytes, as Meta takes it.
const TAKEN: [(&[&str], usize); 5] = [
    (&["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], 16 << 20),
    (&["image/jpeg", "image/png"], 5 << 20),
    (&["video/mp4", "video/3gpp"], 16 << 20),
    (&["image/webp"], 500 << 10),
    (
        &[
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        100 << 20,
    ),
];

/// A file of the provider's.
pub(super) struct Media {
    mime_type: String,
    sha256: String,
    bytes: Bytes,
    until: UnixMs,
}

impl Media {
    fn new(mime_type: &str, bytes: Bytes, until: UnixMs) -> Self {
        Self { mime_type: mime_type.to_owned(), sha256: hex::encode(Sha256::digest(&bytes)), bytes, until }
    }

    /// Its type without parameters.
    pub fn kind(&self) -> &str {
        self.mime_type.split(';').next().unwrap_or_default().trim()
    }
}

impl World {
    /// The file `id`, as long as it is kept.
    pub fn media_of(&self, id: &str, now: UnixMs) -> Option<&Media> {
        self.media.get(id).filter(|media| now < media.until)
    }

    /// A media node as Graph shows it.
    pub fn media_node(&self, id: &str, now: UnixMs) -> Option<Value> {
        let media = self.media_of(id, now)?;
        Some(json!({
            "messaging_product": "whatsapp", "id": id, "mime_type": media.mime_type, "sha256": media.sha256,
            "file_size": media.bytes.len().to_string(), "url": self.media_address(id, now),
        }))
    }

    /// Where Meta hands it out, for five minutes.
    pub fn media_address(&self, id: &str, now: UnixMs) -> String {
        let until = now.plus(ADDRESS_FOR).0;
        let proof = self.proof(id, until);
        format!("{}/whatsapp_business/attachments/?mid={id}&ext={until}&hash={proof:x}", self.place)
    }

    fn proof(&self, id: &str, until: i64) -> u64 {
        fingerprint(&format!("{} {id} {until}", self.seed))
    }

    /// Where Gupshup and Zenvia hand it out, to anybody.
    pub fn open_address(&self, id: &str) -> String {
        format!("{}/files/{id}", self.place)
    }

    /// Keeps what a person sends. Its id.
    pub fn keep_sent(&mut self, file: &File, seed: &str, now: UnixMs) -> String {
        let id = (fingerprint(seed) >> 12).to_string();
        self.media.insert(id.clone(), Media::new(&file.mime_type, file.bytes.clone(), now.plus(SENT_FOR)));
        id
    }

    /// The content of an inbound message of Meta's with the file `id`.
    pub fn media_content(&self, file: &File, id: &str, now: UnixMs) -> Value {
        let digest = self.media.get(id).map(|m| STANDARD.encode(Sha256::digest(&m.bytes)));
        let mut content = json!({
            "id": id, "mime_type": file.mime_type, "sha256": digest, "url": self.media_address(id, now),
        });
        match file.kind {
            "audio" => content["voice"] = file.is_voice.into(),
            "sticker" => content["animated"] = false.into(),
            "document" => content["filename"] = file.filename.clone().unwrap_or_else(|| "paper.pdf".to_owned()).into(),
            _ => {}
        }
        if let Some(caption) = &file.caption {
            content["caption"] = caption.as_str().into();
        }
        content
    }
}

/// Takes a multipart upload.
pub(super) async fn upload(sandbox: &Sandbox, request: Request) -> Result<Value, Refusal> {
    let broken = |_| Refusal::new(100, "the upload is not whole");
    let not_a_form = |_| Refusal::new(100, "an upload is multipart/form-data");
    let mut form = Multipart::from_request(request, &()).await.map_err(not_a_form)?;
    let (mut product, mut kind, mut file) = (String::new(), None, None);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("messaging_product") => product = field.text().await.map_err(broken)?,
            Some("type") => kind = Some(field.text().await.map_err(broken)?),
            Some("file") => {
                kind = kind.or_else(|| field.content_type().map(str::to_owned));
                file = Some(field.bytes().await.map_err(broken)?);
            }
            _ => {}
        }
    }
    let (Some(file), Some(mime_type), "whatsapp") = (file, kind, product.as_str()) else {
        return Err(Refusal::new(131_008, "messaging_product, type and file are required"));
    };
    let plain = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((_, most)) = TAKEN.iter().find(|(types, _)| types.contains(&plain.as_str())) else {
        return Err(Refusal::new(100, format!("Param file must be a file with one of the types taken, not {plain}")));
    };
    if file.len() > *most || file.is_empty() {
        return Err(Refusal::new(131_053, format!("a file of {plain} has 1 to {most} bytes")));
    }
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let media = Media::new(&mime_type, file, now.plus(UPLOADED_FOR));
    let id = (fingerprint(&format!("{} {}", media.sha256, world.media.len())) >> 12).to_string();
    world.media.insert(id.clone(), media);
    world.uploads += 1;
    Ok(json!({ "id": id }))
}

/// Hands out the bytes of an address of Meta's, to whoever has a token.
pub(super) fn download(sandbox: &Sandbox, token: &str, query: &Query) -> Response {
    let now = sandbox.0.clock.now();
    let world = sandbox.world();
    if world.registry.check_token(token).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (id, until) = (query.get("mid").unwrap_or_default(), query.get("ext").unwrap_or_default());
    let until: i64 = until.parse().unwrap_or_default();
    let is_ours = query.get("hash") == Some(format!("{:x}", world.proof(id, until)).as_str());
    if !is_ours || now.0 >= until {
        return StatusCode::NOT_FOUND.into_response();
    }
    bytes(&world, id, now)
}

/// `GET /files/{id}`: hands out the bytes of an address of Gupshup's or Zenvia's, to anybody.
pub(super) async fn open_download(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    let now = sandbox.0.clock.now();
    bytes(&sandbox.world(), &id, now)
}

fn bytes(world: &World, id: &str, now: UnixMs) -> Response {
    match world.media_of(id, now) {
        Some(media) => ([(header::CONTENT_TYPE, media.mime_type.clone())], media.bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
