//! A POST of the alert, signed as Standard Webhooks has it.

use secrecy::ExposeSecret;

use super::ways::{Notice, Untold};
use crate::config::AlertWebhook;
use crate::domain::time::UnixMs;
use crate::engine::outgoing::sign;
use crate::provider::outside::Outside;

/// Posts it once. Anything but a status of success is a failure.
pub(super) async fn tell(webhook: &AlertWebhook, outside: Outside, notice: &Notice, now: UnixMs) -> Result<(), Untold> {
    let body = notice.json();
    let headers = sign::headers(&[webhook.secret.expose_secret()], &notice.id, now, &body).ok_or(Untold::Secret)?;
    match outside.post(&webhook.url, headers, body.into_bytes()).await? {
        200..=299 => Ok(()),
        status => Err(Untold::Status(status)),
    }
}
