//! Requests to addresses that are no provider's: https to an address that is public after its name was resolved, pinned
//! to that address, no redirect, size and time capped.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Response, redirect, retry};
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::{Host, Url};

use super::http::install_tls;
use crate::domain::address::is_public;

/// Longest time for a request, the name's resolution included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// As much of an answer is read, for whoever looks into why it was no success.
pub const BEGINNING: usize = 2_000;

/// Idle connections of one line.
const IDLE: usize = 8;
/// Longest silence within an answer.
const SILENCE: Duration = Duration::from_secs(20);

/// Reaches such addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// The public internet alone.
    Public,
    /// This machine too: with providers on it, when the clock is made up.
    PublicAndLoopback,
}

/// Why a request was not made, or got no answer. Holds no address and no text of the peer.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// Another scheme.
    #[error("the address is not https")]
    NotHttps,
    /// The name leads into a private network, to this machine, or to another special address.
    #[error("the address is not public")]
    NotPublic,
    /// The name is not known.
    #[error("the name was not resolved")]
    NotResolved(#[source] io::Error),
    /// No answer in time.
    #[error("no answer in time")]
    Late,
    /// No client can be built: no certificate authorities on this machine, most likely.
    #[error("the client cannot be built")]
    Client(#[source] reqwest::Error),
    /// No connection, or it broke.
    #[error("no answer")]
    Broken(#[source] reqwest::Error),
}

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The beginning of the text, at most [`BEGINNING`] bytes of it.
    pub beginning: String,
}

/// A host whose addresses were resolved and allowed a moment ago. Several requests in a row go to these, and to no others.
#[derive(Clone, Debug)]
pub struct Line {
    client: Client,
    url: Url,
}

impl Line {
    /// Posts `body` once, with the beginning of what is answered.
    ///
    /// # Errors
    /// No answer came in time, or none at all.
    pub async fn post(&self, headers: HeaderMap, body: Vec<u8>) -> Result<Answered, OutsideError> {
        let posted = async {
            let broken = |e: reqwest::Error| OutsideError::Broken(e.without_url());
            let sent = self.client.post(self.url.clone()).headers(headers).body(body).send().await;
            let mut response = sent.map_err(broken)?;
            let (status, mut beginning) = (response.status().as_u16(), Vec::new());
            // An answer that breaks off has been given all the same.
            while beginning.len() < BEGINNING
                && let Ok(Some(piece)) = response.chunk().await
            {
                beginning.extend_from_slice(&piece[..piece.len().min(BEGINNING - beginning.len())]);
            }
            Ok(Answered { status, beginning: String::from_utf8_lossy(&beginning).into_owned() })
        };
        timeout(TIMEOUT, posted).await.unwrap_or(Err(OutsideError::Late))
    }
}

impl Outside {
    /// This machine too, where every provider is on it.
    pub const fn of(is_loopback_only: bool) -> Self {
        if is_loopback_only { Self::PublicAndLoopback } else { Self::Public }
    }

    /// Resolves the host of `url` and keeps to what was found.
    ///
    /// # Errors
    /// Its name is not known, or not all of its addresses are allowed.
    pub async fn line(self, url: &Url) -> Result<Line, OutsideError> {
        let resolved = timeout(TIMEOUT, self.resolve(url)).await;
        let pinned = resolved.unwrap_or(Err(OutsideError::Late))?;
        Ok(Line { client: client(url, &pinned, TIMEOUT)?, url: url.clone() })
    }

    /// Posts `body` once; the status of the answer.
    ///
    /// # Errors
    /// The address is not allowed, or no answer came.
    pub async fn post(self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<u16, OutsideError> {
        let posted = async { self.line(url).await?.post(headers, body).await };
        Ok(timeout(TIMEOUT, posted).await.unwrap_or(Err(OutsideError::Late))?.status)
    }

    /// Asks once. The answer begins within ten seconds, and the whole of it comes `within`.
    pub async fn get(self, url: &Url, headers: HeaderMap, within: Duration) -> Result<Response, OutsideError> {
        let begun = async {
            let pinned = self.resolve(url).await?;
            let client = client(url, &pinned, within)?;
            let broken = |e: reqwest::Error| OutsideError::Broken(e.without_url());
            client.get(url.clone()).headers(headers).send().await.map_err(broken)
        };
        timeout(TIMEOUT, begun).await.unwrap_or(Err(OutsideError::Late))
    }

    /// Every address of the host, all of which must be allowed: a name that leads to both is refused.
    async fn resolve(self, url: &Url) -> Result<Vec<SocketAddr>, OutsideError> {
        let port = url.port_or_known_default().ok_or(OutsideError::NotHttps)?;
        let found: Vec<SocketAddr> = match url.host().ok_or(OutsideError::NotHttps)? {
            Host::Ipv4(address) => vec![(IpAddr::V4(address), port).into()],
            Host::Ipv6(address) => vec![(IpAddr::V6(address), port).into()],
            Host::Domain(name) => lookup_host((name, port)).await.map_err(OutsideError::NotResolved)?.collect(),
        };
        let is_here = |to: &SocketAddr| self == Self::PublicAndLoopback && to.ip().is_loopback();
        if url.scheme() != "https" && !found.iter().all(is_here) {
            return Err(OutsideError::NotHttps);
        }
        let is_allowed = |to: &SocketAddr| is_public(to.ip()) || is_here(to);
        if found.is_empty() || !found.iter().all(is_allowed) {
            return Err(OutsideError::NotPublic);
        }
        Ok(found)
    }
}

/// A client for a few requests: pinned, so that the name cannot lead elsewhere a second time.
fn client(url: &Url, pinned: &[SocketAddr], within: Duration) -> Result<Client, OutsideError> {
    install_tls();
    let mut builder = Client::builder()
        .user_agent(concat!("recado/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(TIMEOUT)
        .read_timeout(SILENCE)
        .timeout(within)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(IDLE);
    if let Some(Host::Domain(name)) = url.host() {
        builder = builder.resolve_to_addrs(name, pinned);
    }
    if url.scheme() == "http" {
        // On this machine: never TLS, so one without certificate authorities must do.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(OutsideError::Client)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(outside: Outside, url: &str) -> OutsideError {
        outside.post(&Url::parse(url).unwrap(), HeaderMap::new(), Vec::new()).await.unwrap_err()
    }

    #[tokio::test]
    async fn only_https_to_public_addresses_is_reached() {
        for private in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "https://[::ffff:192.168.0.1]/",
            "https://0.0.0.0/",
        ] {
            let error = refused(Outside::Public, private).await;
            assert!(matches!(error, OutsideError::NotPublic), "{private}: {error:?}");
        }
        for plain in ["http://127.0.0.1/", "http://1.1.1.1/", "ftp://1.1.1.1/"] {
            let error = refused(Outside::Public, plain).await;
            assert!(matches!(error, OutsideError::NotHttps), "{plain}: {error:?}");
        }
        // A made-up clock opens this machine, and nothing else.
        let private = refused(Outside::PublicAndLoopback, "https://10.0.0.1/").await;
        assert!(matches!(private, OutsideError::NotPublic), "{private:?}");
        let plain = refused(Outside::PublicAndLoopback, "http://1.1.1.1/").await;
        assert!(matches!(plain, OutsideError::NotHttps), "{plain:?}");
        let nobody = refused(Outside::PublicAndLoopback, "http://127.0.0.1:9/").await;
        assert!(matches!(nobody, OutsideError::Broken(_)), "{nobody:?}");
    }
}
