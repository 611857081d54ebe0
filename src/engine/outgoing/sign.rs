//! Signatures of Standard Webhooks (specification 1.0.0): HMAC-SHA256 over id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use sha2::Sha256;

use crate::config::AlertWebhook;
use crate::domain::time::UnixMs;

/// As many bytes the specification takes for a good secret.
const BYTES: usize = 32;

/// A fresh secret, as it is shown: `whsec_…`.
pub fn draw() -> String {
    let mut bytes = [0_u8; BYTES];
    rand::rng().fill(&mut bytes);
    format!("whsec_{}", STANDARD.encode(bytes))
}

/// The headers of a post: one signature for each of `secrets`. `None`: a secret or the id is not of its form.
pub fn headers(secrets: &[&str], id: &str, now: UnixMs, body: &str) -> Option<HeaderMap> {
    let seconds = now.0.div_euclid(1_000);
    let signed = |secret: &&str| {
        let key = AlertWebhook::key(secret)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signatures: Vec<String> = secrets.iter().map(signed).collect::<Option<_>>()?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_str(id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    headers.insert("webhook-signature", HeaderValue::from_str(&signatures.join(" ")).ok()?);
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let one = headers(&[secret], id, UnixMs(1_614_265_330_999), body).unwrap();
        assert_eq!(one["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(one["webhook-timestamp"], "1614265330");
        assert_eq!(one["webhook-id"], id);
    }

    #[test]
    fn while_a_secret_is_changed_both_sign() {
        let (old, new) = (draw(), draw());
        assert_ne!(old, new);
        let both = headers(&[&new, &old], "e1", UnixMs(1_000), "{}").unwrap();
        let alone = headers(&[&old], "e1", UnixMs(1_000), "{}").unwrap();
        let (both, alone) = (both["webhook-signature"].to_str().unwrap(), alone["webhook-signature"].to_str().unwrap());
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!((parts.len(), parts[1]), (2, alone));
        assert!(headers(&["no secret"], "e1", UnixMs(1_000), "{}").is_none());
    }
}
