//! Files that people send.

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::sandbox::template_shape::text;

/// A file on its way from a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::sandbox) struct File {
    /// Meta's word: `image`, `audio`, `video`, `document`, `sticker`.
    pub kind: &'static str,
    /// Whether it was spoken into the phone.
    pub is_voice: bool,
    /// What it says it is.
    pub mime_type: String,
    /// Its name, for documents.
    pub filename: Option<String>,
    /// What is written below it.
    pub caption: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Real small files: three seconds of quiet, a grey picture, a picture that lasts a second, a sheet, a white square.
const SAMPLES: [(&str, &str, &[u8]); 5] = [
    ("audio", "audio/ogg; codecs=opus", include_bytes!("../files/voice.ogg")),
    ("image", "image/jpeg", include_bytes!("../files/photo.jpg")),
    ("video", "video/mp4", include_bytes!("../files/film.mp4")),
    ("document", "application/pdf", include_bytes!("../files/paper.pdf")),
    ("sticker", "image/webp", include_bytes!("../files/sticker.webp")),
];

impl File {
    /// What a person speaks into the phone.
    pub fn voice() -> Self {
        Self::sample(0)
    }

    fn sample(place: usize) -> Self {
        let (kind, mime_type, bytes) = SAMPLES[place];
        Self {
            kind,
            is_voice: kind == "audio",
            mime_type: mime_type.to_owned(),
            filename: (kind == "document").then(|| "paper.pdf".to_owned()),
            caption: None,
            bytes: Bytes::from_static(bytes),
        }
    }

    /// A file of `kind` as `wish` describes it: `caption`, `filename`, `mime_type`, `base64`, `voice`; anything else is the
    /// sample as it is.
    pub fn wished(kind: &str, wish: &Value) -> Result<Self, String> {
        let place =
            SAMPLES.iter().position(|(name, ..)| *name == kind).ok_or_else(|| format!("no sample of {kind}"))?;
        let mut file = Self::sample(place);
        let some = |key: &str| Some(text(wish, key).to_owned()).filter(|text| !text.is_empty());
        file.caption = some("caption");
        file.filename = some("filename").or(file.filename);
        file.is_voice &= wish["voice"] != false;
        if let Some(mime_type) = some("mime_type") {
            file.mime_type = mime_type;
        }
        if let Some(encoded) = some("base64") {
            file.bytes = STANDARD.decode(encoded).map_err(|e| format!("base64: {e}"))?.into();
        }
        Ok(file)
    }
}
