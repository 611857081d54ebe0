//! Bodies of the API: JSON that is refused with a problem document where it does not fit.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::web::error::WebError;
use crate::web::state::WebState;

/// Larger JSON than this is not sent by anybody who means well.
const LIMIT: usize = 1024 * 1024;

/// A body read as `T`, with the hash of its bytes. An empty body reads as `{}`.
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// Tells whether a repetition is the same request.
    pub hash: String,
}

impl<T: DeserializeOwned> FromRequest<WebState> for Body<T> {
    type Rejection = WebError;
    async fn from_request(request: Request, _: &WebState) -> Result<Self, WebError> {
        let bytes = to_bytes(request.into_body(), LIMIT).await.map_err(|_| WebError::TooLarge)?;
        let hash = hash(&[&bytes]);
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        let value = serde_json::from_slice(&bytes).map_err(|_| WebError::Bad("body"))?;
        Ok(Self { value, hash })
    }
}

/// A hash of several parts; their lengths count, so that no two lists of parts look the same.
pub fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}
