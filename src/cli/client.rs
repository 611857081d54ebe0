//! The way from a command to a running daemon: its JSON API.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{StatusCode, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Where a daemon listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// A daemon that does not take the connection by then is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A report over a year of messages takes seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Calls the daemon at `RECADO_URL` with the token in `RECADO_TOKEN_FILE`.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens there, or it broke off.
    #[error("no running Recado answers at {url}; set RECADO_URL to where it listens")]
    Silent {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The daemon refused; what it says.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// The problem document's words.
        message: String,
    },
}

impl Client {
    /// From the environment.
    pub fn from_environment(env: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let address = env.get("RECADO_URL").map_or(DEFAULT_URL, String::as_str);
        let base = Url::parse(address).with_context(|| format!("RECADO_URL is not an address: {address}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            bail!("RECADO_URL must begin with http:// or https://: {address}");
        }
        let token = env.get("RECADO_TOKEN_FILE").map(PathBuf::from).map(|file| {
            let text = std::fs::read_to_string(&file);
            text.map(|t| SecretString::from(t.trim())).with_context(|| format!("RECADO_TOKEN_FILE {}", file.display()))
        });
        // Fails when one is installed already: nothing in the process installs another.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("recado/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy();
        if base.scheme() == "http" {
            // Never TLS, so a machine without certificate authorities must do.
            http = http.tls_certs_only([]);
        }
        Ok(Self { http: http.build()?, base, token: token.transpose()? })
    }

    /// Where it calls, without a user's password.
    pub fn address(&self) -> String {
        let mut shown = self.base.clone();
        // Fails for addresses that cannot have them, which then have none.
        let _ = (shown.set_username(""), shown.set_password(None));
        shown.as_str().trim_end_matches('/').to_owned()
    }

    /// `GET path?query`, read as `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, CallError> {
        let request = self.http.get(self.url(path)).query(query);
        self.call(request).await
    }

    /// `POST path` with a JSON body, read as `T`.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CallError> {
        let request = self.http.post(self.url(path)).json(body);
        self.call(request).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    async fn call<T: DeserializeOwned>(&self, mut request: reqwest::RequestBuilder) -> Result<T, CallError> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let silent = |e: reqwest::Error| CallError::Silent { url: self.address(), source: e.without_url() };
        let answer = request.send().await.map_err(silent)?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.map_err(silent);
        }
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        let said = ["detail", "title"].into_iter().find_map(|key| problem[key].as_str());
        let message = match (said, status, &self.token) {
            (_, StatusCode::UNAUTHORIZED, None) => {
                "the daemon asks for a token: make one with `recado token add` and name its file in RECADO_TOKEN_FILE"
                    .to_owned()
            }
            (Some(said), ..) => said.to_owned(),
            (None, status, _) => format!("the daemon answered {status}"),
        };
        Err(CallError::Refused { status, message })
    }
}
