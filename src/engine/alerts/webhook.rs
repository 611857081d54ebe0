//! A POST of the alert, signed as Standard Webhooks has it (specification 1.0.0).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::ways::{Notice, Untold};
use crate::config::AlertWebhook;
use crate::domain::time::UnixMs;
use crate::provider::outside::Outside;

/// Posts it once. Anything but a status of success is a failure.
pub(super) async fn tell(webhook: &AlertWebhook, outside: Outside, notice: &Notice, now: UnixMs) -> Result<(), Untold> {
    let body = notice.json();
    let headers = headers(webhook.secret.expose_secret(), &notice.id, now, &body).ok_or(Untold::Secret)?;
    match outside.post(&webhook.url, headers, body.into_bytes()).await? {
        200..=299 => Ok(()),
        status => Err(Untold::Status(status)),
    }
}

fn headers(secret: &str, id: &str, now: UnixMs, body: &str) -> Option<HeaderMap> {
    let key = AlertWebhook::key(secret)?;
    let seconds = now.0.div_euclid(1_000);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_str(id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    headers.insert("webhook-signature", HeaderValue::from_str(&signature).ok()?);
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
        let headers = headers(secret, id, UnixMs(1_614_265_330_999), body).unwrap();
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-id"], id);
    }
}
