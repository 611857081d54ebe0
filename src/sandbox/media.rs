//! `/{phone number id}/media` and `/{media id}`: what is uploaded for headers.

use axum::extract::{FromRequest, Multipart, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Sandbox;
use super::dice::fingerprint;
use super::refusal::Refusal;

/// Largest request taken: a video of 16 MB and what surrounds it.
pub(super) const MAX_BYTES: usize = 17 << 20;

/// An uploaded file. Its bytes are not kept: nobody looks at them.
pub(super) struct Media {
    mime_type: String,
    sha256: String,
    size: usize,
}

impl Media {
    /// As Graph shows it.
    pub fn shown(&self, id: &str) -> Value {
        json!({
            "messaging_product": "whatsapp", "id": id, "mime_type": self.mime_type, "sha256": self.sha256,
            "file_size": self.size, "url": format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}"),
        })
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
    let mut world = sandbox.world();
    let digest = STANDARD.encode(Sha256::digest(&file));
    let id = (fingerprint(&format!("{digest} {}", world.media.len())) >> 12).to_string();
    world.media.insert(id.clone(), Media { mime_type, sha256: digest, size: file.len() });
    Ok(json!({ "id": id }))
}
