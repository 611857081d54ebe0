//! The HTTP client of every provider, and what a broken call proves about the request.

use std::time::Duration;

use reqwest::{Client, Request, redirect, retry};
use url::Url;

use super::quota::Usage;
use super::{ProviderError, SEND_TIMEOUT};
use crate::domain::time::UnixMs;

/// Longest time for a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle connections are dropped before the provider would drop them, so that a request is not written to a connection
/// that is being closed: such a request would be in doubt. Front ends keep idle connections for a minute or more.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// A silent HTTP/2 connection is found dead before its requests time out.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Largest answer that is read: a page of 100 templates is far below.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Limits of a call. Production uses the default; tests shorten it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub connect: Duration,
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, total: SEND_TIMEOUT }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// What it says of quotas.
    pub usage: Usage,
    /// Seconds after which the provider lets us call again, from `Retry-After`; a date there is not read.
    pub retry_after_s: Option<u64>,
    /// The provider's own time, from `Date`.
    pub date: Option<UnixMs>,
}

/// Why there is no whole answer, by what it proves.
#[derive(Debug)]
pub(super) enum Broken {
    /// No connection was ever established: the request cannot have left.
    NotConnected(reqwest::Error),
    /// The request was, or may have been, written.
    AfterConnecting(reqwest::Error),
    /// The answer is larger than any the provider documents.
    TooLarge,
}

impl Broken {
    /// For the record. Holds no address and no text of the peer.
    pub fn reason(&self) -> String {
        let what = match self {
            Self::NotConnected(e) if e.is_timeout() => "no connection in time",
            Self::NotConnected(e) if e.is_dns() => "the provider's name was not resolved",
            Self::NotConnected(_) => "no connection",
            Self::AfterConnecting(e) if e.is_timeout() => "no answer in time",
            Self::AfterConnecting(e) if e.is_body() || e.is_decode() => "the answer broke off",
            Self::AfterConnecting(_) => "the connection broke before the answer",
            Self::TooLarge => "the answer is too large",
        };
        what.to_owned()
    }

    pub fn into_error(self) -> ProviderError {
        match self {
            Self::NotConnected(e) | Self::AfterConnecting(e) => ProviderError::Unreachable(e),
            Self::TooLarge => ProviderError::Unreadable { what: "answer" },
        }
    }
}

/// What TLS is made with.
pub(super) fn install_tls() {
    // Fails when a provider is installed already, which then is this same one: nothing else in the process installs any.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A client that sends each request at most once: no redirect, no proxy from the environment, no retry. (Below it,
/// hyper takes another connection when a pooled one proves closed before anything of the request was handed to it;
/// nothing is ever written twice.)
pub(super) fn client(base_url: &Url, limits: Limits) -> Result<Client, ProviderError> {
    install_tls();
    let mut builder = Client::builder()
        .user_agent(concat!("recado/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(limits.connect);
    if base_url.scheme() == "http" {
        // The sandbox: never TLS, so a machine without certificate authorities must do.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(ProviderError::Client)
}

/// Sends `request` once and reads the whole answer.
pub(super) async fn call(client: &Client, request: Request) -> Result<Reply, Broken> {
    let broken = |e: reqwest::Error| {
        let e = e.without_url();
        if e.is_connect() { Broken::NotConnected(e) } else { Broken::AfterConnecting(e) }
    };
    let mut response = client.execute(request).await.map_err(broken)?;
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let usage = Usage::read(header("x-app-usage").as_deref(), header("x-business-use-case-usage").as_deref());
    let retry_after_s = header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let date = header("date").and_then(|date| read_date(&date));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| Broken::AfterConnecting(e.without_url()))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status: response.status().as_u16(), body, usage, retry_after_s, date })
}

/// An HTTP date, as `Sun, 12 Feb 2023 07:40:32 GMT`.
fn read_date(text: &str) -> Option<UnixMs> {
    let instant = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(UnixMs(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_millis(150);
    const LATE: Duration = Duration::from_secs(30);

    /// The outcome of a call to a peer that takes the connection and then says nothing.
    async fn call_a_silent_peer(scheme: &str, limits: Limits) -> Broken {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = client(&Url::parse("http://127.0.0.1/").unwrap(), limits).unwrap();
        let request = client.post(format!("{scheme}://{address}/")).body("x").build().unwrap();
        call(&client, request).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_request_that_gets_no_answer_may_have_left() {
        let broken = call_a_silent_peer("http", Limits { connect: LATE, total: SOON }).await;
        assert!(matches!(broken, Broken::AfterConnecting(_)), "{broken:?}");
        assert_eq!(broken.reason(), "no answer in time");
    }

    #[tokio::test]
    async fn a_connection_that_is_never_whole_lets_nothing_leave() {
        let broken = call_a_silent_peer("https", Limits { connect: SOON, total: LATE }).await;
        assert!(matches!(broken, Broken::NotConnected(_)), "{broken:?}");
        assert_eq!(broken.reason(), "no connection in time");
    }
}
