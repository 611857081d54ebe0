//! Secrets that are shown once and kept only as their hash: session cookies, sign-in links, API tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;
use sha2::{Digest, Sha256};

/// 256 bits: guessing is hopeless, so a fast hash without salt is enough.
const BYTES: usize = 32;

/// A fresh secret and the hash under which it is stored.
pub struct Secret {
    /// What the person or program gets; never stored.
    pub shown: String,
    /// What the store keeps.
    pub hash: String,
}

impl Secret {
    /// Draws a secret; `prefix` lets people and secret scanners see what it is.
    pub fn draw(prefix: &str) -> Self {
        let mut bytes = [0_u8; BYTES];
        rand::rng().fill(&mut bytes);
        let shown = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = hash_of(&shown);
        Self { shown, hash }
    }
}

/// The stored form of `shown`.
pub fn hash_of(shown: &str) -> String {
    hex::encode(Sha256::digest(shown.as_bytes()))
}
