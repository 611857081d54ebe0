//! Attachments that people sent, fetched from where the provider keeps them: https to a public address, pinned, no other
//! host on the way, capped in size and time. The account's token goes to the provider's own hosts and nowhere else.

use std::time::Duration;

use axum::body::Bytes;
use reqwest::Response;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use super::ProviderError;
use super::outside::{Outside, OutsideError};

/// Longest time for one attachment, from the first byte to the last.
pub const FETCH_TIMEOUT: Duration = Duration::from_mins(3);

/// Redirects followed, all to the same host.
pub(super) const MOST_HOPS: usize = 3;

/// Why an attachment is not here. Holds no address and nothing a person wrote.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The provider has no such thing (any more, or not at this address).
    #[error("the provider does not have it")]
    NotThere,
    /// Larger than it may be.
    #[error("it is larger than it may be")]
    TooLarge,
    /// Its address sends to another host.
    #[error("its address sends elsewhere")]
    Redirected,
    /// It was not asked for, or nobody answered.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// Answered with something else than success.
    #[error("answered with status {0}")]
    Status(u16),
    /// The answer broke off.
    #[error("the answer broke off")]
    BrokeOff(#[source] reqwest::Error),
    /// The provider did not say where it is.
    #[error("the provider did not say where it is")]
    Provider(#[source] ProviderError),
}

/// An attachment on its way.
#[derive(Debug)]
pub struct Download {
    response: Response,
    left: u64,
}

impl Download {
    /// What an answer brings, if it is one with a file of at most `most` bytes.
    pub(super) fn of(response: Response, most: u64) -> Result<Self, MediaError> {
        match response.status().as_u16() {
            200 if response.content_length().is_some_and(|length| length > most) => Err(MediaError::TooLarge),
            200 => Ok(Self { response, left: most }),
            401 | 403 | 404 | 410 => Err(MediaError::NotThere),
            status => Err(MediaError::Status(status)),
        }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`MediaError::TooLarge`] as soon as there are more bytes than there may be.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, MediaError> {
        let chunk = self.response.chunk().await.map_err(|e| MediaError::BrokeOff(e.without_url()))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or(MediaError::TooLarge)?;
        Ok(Some(chunk))
    }
}

/// Where something lies, and what it takes to get it.
pub(super) struct Place {
    pub url: Url,
    /// Sent to the place alone: no redirect leads it elsewhere.
    pub headers: HeaderMap,
}

impl Place {
    /// A place that anybody may read.
    pub fn open(url: &str) -> Result<Self, MediaError> {
        let url = Url::parse(url).map_err(|_| MediaError::Outside(OutsideError::NotHttps))?;
        Ok(Self { url, headers: HeaderMap::new() })
    }

    /// Begins to fetch at most `most` bytes.
    pub async fn fetch(self, outside: Outside, most: u64) -> Result<Download, MediaError> {
        let mut url = self.url;
        for _ in 0..=MOST_HOPS {
            let response = outside.get(&url, self.headers.clone(), FETCH_TIMEOUT).await?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => url = next(&url, &response).ok_or(MediaError::Redirected)?,
                _ => return Download::of(response, most),
            }
        }
        Err(MediaError::Redirected)
    }
}

/// Where an answer sends, if that is on the same host.
fn next(from: &Url, response: &Response) -> Option<Url> {
    let to = from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
    same_host(from, &to).then_some(to)
}

/// Whether both lead to one host, by the same scheme and port.
pub(super) fn same_host(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}
