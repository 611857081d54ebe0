//! The way from a command to a running daemon: its JSON API.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::multipart::Form;
use reqwest::{RequestBuilder, Response, StatusCode, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::config::Config;

/// The configuration that is read where none is named.
pub const DEFAULT_CONFIG: &str = "recado.toml";
/// Where a daemon listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// A daemon that does not take the connection by then is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A report over a year of messages takes seconds.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A results file of a million rows takes minutes.
const FILE_TIMEOUT: Duration = Duration::from_hours(1);

/// Calls a daemon with the token in the file `RECADO_TOKEN_FILE`, or else in `RECADO_TOKEN`.
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
    /// Something answers there, but not as Recado does.
    #[error("what answers at {url} is not Recado, or another version of it")]
    Garbled {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// Ends a command: what the daemon refuses, because the answer is no, is status 1; the rest stays an error.
pub fn ended(outcome: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    let no = [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
    let error = match outcome {
        Err(error) => error,
        done => return done,
    };
    match error.downcast_ref::<CallError>() {
        Some(CallError::Refused { status, message }) if no.contains(status) => {
            super::eprint(&format!("recado: {message}"));
            Ok(ExitCode::FAILURE)
        }
        _ => Err(error),
    }
}

/// The address of a daemon on this machine that listens at `listen`, which may be every address it has.
fn reached_at(mut listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{listen}")
}

impl Client {
    /// Of the daemon that the environment names, or else the configuration at `RECADO_CONFIG` or in the current folder.
    pub fn from_environment(env: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let path = env.get("RECADO_CONFIG").map_or(DEFAULT_CONFIG, String::as_str);
        // One that cannot be read, as its secrets are not for everybody, leaves the usual address.
        let config = if env.contains_key("RECADO_URL") { None } else { Config::load(Path::new(path), env).ok() };
        Self::of(env, config.as_ref())
    }

    /// Of the daemon at `RECADO_URL`, or else where `config` says that it listens, or else at the usual address.
    pub fn of(env: &BTreeMap<String, String>, config: Option<&Config>) -> anyhow::Result<Self> {
        let listens = || config.map_or_else(|| DEFAULT_URL.to_owned(), |config| reached_at(config.server.listen));
        let address = &env.get("RECADO_URL").cloned().unwrap_or_else(listens);
        let base = Url::parse(address).with_context(|| format!("RECADO_URL is not an address: {address}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            bail!("RECADO_URL must begin with http:// or https://: {address}");
        }
        let token = match env.get("RECADO_TOKEN_FILE").map(PathBuf::from) {
            Some(file) => {
                let text = std::fs::read_to_string(&file);
                Some(text.with_context(|| format!("RECADO_TOKEN_FILE {}", file.display()))?)
            }
            None => env.get("RECADO_TOKEN").cloned(),
        };
        let token = token.map(|t| SecretString::from(t.trim())).filter(|t| !t.expose_secret().is_empty());
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
        Ok(Self { http: http.build()?, base, token })
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

    /// The clock on which the daemon's pages show times that belong to no campaign, as the name of its zone.
    pub async fn zone(&self) -> Result<Value, CallError> {
        let me: Value = self.get("/api/v1/me", &[]).await?;
        Ok(me["timezone"].clone())
    }

    /// Every item of a paged list.
    pub async fn all(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, CallError> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.extend(cursor.as_deref().map(|c| ("cursor", c)));
            let mut page: Value = self.get(path, &query).await?;
            if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(items),
            }
        }
    }

    /// `GET path` as people read it.
    pub async fn text(&self, path: &str) -> Result<String, CallError> {
        let answer = self.send(self.http.get(self.url(path)).header("accept", "text/plain")).await?;
        answer.text().await.map_err(|e| self.garbled(e))
    }

    /// `GET path`, a file of any size, piece by piece.
    pub async fn file(&self, path: &str) -> Result<Response, CallError> {
        self.send(self.http.get(self.url(path)).timeout(FILE_TIMEOUT)).await
    }

    /// `POST path` with files, read as `T`.
    pub async fn upload<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, CallError> {
        let request = self.http.post(self.url(path)).multipart(form).timeout(FILE_TIMEOUT);
        self.call(request).await
    }

    /// `POST path` that answers nothing.
    pub async fn act(&self, path: &str) -> Result<(), CallError> {
        self.send(self.http.post(self.url(path))).await.map(drop)
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Result<(), CallError> {
        self.send(self.http.delete(self.url(path))).await.map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CallError> {
        self.send(request).await?.json().await.map_err(|e| self.garbled(e))
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, CallError> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let silent = |e: reqwest::Error| CallError::Silent { url: self.address(), source: e.without_url() };
        let answer = request.send().await.map_err(silent)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: Value = answer.json().await.unwrap_or_default();
        Err(CallError::Refused { status, message: self.words(status, &problem) })
    }

    fn garbled(&self, source: reqwest::Error) -> CallError {
        CallError::Garbled { url: self.address(), source: source.without_url() }
    }

    /// What a problem document says, with what stands in the way on lines of its own.
    fn words(&self, status: StatusCode, problem: &Value) -> String {
        if status == StatusCode::UNAUTHORIZED {
            return match &self.token {
                None => {
                    "the daemon asks for a token: make one with `recado token add` and name its file in \
                         RECADO_TOKEN_FILE"
                }
                Some(_) => "the daemon does not know this token, or it has expired or was revoked",
            }
            .to_owned();
        }
        let said = ["detail", "title"].into_iter().find_map(|key| problem[key].as_str());
        let mut words = said.map_or_else(|| format!("the daemon answered {status}"), str::to_owned);
        for error in problem["errors"].as_array().into_iter().flatten() {
            words.push_str("\n  ");
            words.push_str(error["message"].as_str().unwrap_or_default());
        }
        words
    }
}
