//! Questions that need no credentials: what time it is there, and who answers at an address of ours.

use std::time::Duration;

use url::Url;

use super::ProviderError;
use super::http::{self, Limits};
use crate::domain::time::UnixMs;

/// Longest time a probe takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// Longest part of an answer that is looked at.
const LONGEST: usize = 256;

/// What answers at an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the text.
    pub text: String,
    /// The time there, by its `Date`; to the second.
    pub date: Option<UnixMs>,
}

/// Asks `url` once, without credentials; redirects are not followed.
pub async fn ask(url: &Url) -> Result<Answered, ProviderError> {
    let client = http::client(url, Limits { connect: PATIENCE, total: PATIENCE })?;
    let request = client.get(url.clone()).build().map_err(ProviderError::Unreachable)?;
    let reply = http::call(&client, request).await.map_err(http::Broken::into_error)?;
    let text = String::from_utf8_lossy(&reply.body[..reply.body.len().min(LONGEST)]).into_owned();
    Ok(Answered { status: reply.status, text, date: reply.date })
}
