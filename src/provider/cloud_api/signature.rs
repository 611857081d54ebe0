//! Proof that a webhook comes from Meta (cloud-api.md 3.1).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The challenge, when mode and token are right.
pub(super) fn handshake(expected: &SecretString, mode: &str, token: &str, challenge: &str) -> Option<String> {
    let expected = expected.expose_secret().as_bytes();
    let is_ours = !expected.is_empty() && bool::from(expected.ct_eq(token.as_bytes()));
    (mode == "subscribe" && is_ours).then(|| challenge.to_owned())
}

/// Whether `header` (`X-Hub-Signature-256`) is `sha256=` and the HMAC-SHA256 of the raw `body` under the app secret.
/// An account without an app secret believes nobody.
pub(super) fn is_authentic(app_secret: &SecretString, header: Option<&str>, body: &[u8]) -> bool {
    let key = app_secret.expose_secret().as_bytes();
    let Some(signature) = header.and_then(|h| h.trim().strip_prefix("sha256=")) else { return false };
    let (Ok(signature), Ok(mut mac)) = (hex::decode(signature), Hmac::<Sha256>::new_from_slice(key)) else {
        return false;
    };
    mac.update(body);
    !key.is_empty() && mac.verify_slice(&signature).is_ok()
}
