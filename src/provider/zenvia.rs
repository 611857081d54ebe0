//! Zenvia's API v2, as in its public specification and the clients of others up to Oct 2026 (gupshup-zenvia.md 2).
//!
//! What the specification leaves open is read leniently here, and can be set in the account's configuration.

mod answer;
mod payload;
mod signature;
mod subscription;
mod template;
mod webhook;
mod writing;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderValue};
use reqwest::{Client, Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::http::{self, Limits, Reply};
use super::{Body, Listed, ProviderError, SendRequest, SenderStatus};
use crate::clock::Clock;
use crate::config::{Account, Reactivate, ZenviaAccess};
use crate::domain::answer::Answer;
use crate::domain::event::WebhookEvent;
use crate::domain::failure::{Failure, Table};
use crate::domain::template::Template;

/// Templates asked for at a time.
const PAGE: usize = 500;

/// Pages read before giving up.
const MOST_PAGES: usize = 100;

/// What every request sends and takes.
const JSON: &str = "application/json";

/// One account's way to Zenvia. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Zenvia {
    client: Client,
    base_url: Url,
    token: HeaderValue,
    signing_secret: Option<SecretString>,
    throughput: u32,
    /// Ids of the account's senders.
    senders: Vec<String>,
    reactivate: Reactivate,
    errors: Table,
    /// Signed requests carry the real time: Zenvia refuses those of another.
    clock: Clock,
}

impl Zenvia {
    pub(super) fn connect(account: &Account, access: &ZenviaAccess) -> Result<Self, ProviderError> {
        if account.base_url.cannot_be_a_base() {
            return Err(ProviderError::BaseUrl { account: account.name.clone() });
        }
        let mut token = HeaderValue::from_str(access.api_token.expose_secret())
            .map_err(|_| ProviderError::Token { account: account.name.clone() })?;
        token.set_sensitive(true);
        Ok(Self {
            client: http::client(&account.base_url, Limits::default())?,
            base_url: account.base_url.clone(),
            token,
            signing_secret: access.signing_secret.clone(),
            throughput: access.throughput.get(),
            senders: access.senders.clone(),
            reactivate: access.reactivate,
            errors: account.errors.clone(),
            clock: Clock::real(),
        })
    }

    pub(super) async fn send(&self, request: &SendRequest<'_>) -> Answer {
        let body = match payload::of(request) {
            Ok(body) => body,
            Err(missing) => {
                // It would be refused, or lose its field without a word: it never leaves.
                let detail = match request.body {
                    Body::Template { .. } => format!("the template's field \"{missing}\" has no value"),
                    _ => format!("no way to send \"{missing}\" is documented"),
                };
                return Answer::Refused(Failure { code: answer::VALIDATION, detail });
            }
        };
        let call = match self.request(&Method::POST, &["channels", "whatsapp", "messages"], &[], Some(&body)) {
            Ok(call) => call,
            Err(e) => return Answer::NotSent { reason: format!("no request: {}", e.without_url()) },
        };
        match http::call(&self.client, call).await {
            Ok(reply) => answer::of(&reply, &self.errors),
            Err(broken @ http::Broken::NotConnected(_)) => Answer::NotSent { reason: broken.reason() },
            Err(broken) => Answer::Unknown { reason: broken.reason(), pause: None },
        }
    }

    pub(super) async fn templates(&self) -> Result<Vec<Template>, ProviderError> {
        Ok(self.catalogue().await?.into_iter().map(|listed| listed.template).collect())
    }

    /// Every template with why it was refused, which reviewers tell in comments, and its quality.
    pub(super) async fn catalogue(&self) -> Result<Vec<Listed>, ProviderError> {
        let size = PAGE.to_string();
        let mut items: Vec<Value> = Vec::new();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [("channel", "WHATSAPP"), ("page", page.as_str()), ("size", size.as_str())];
            let found = list(self.call(&Method::GET, &["templates"], &query, None).await?)?;
            let is_last = found.len() < PAGE;
            // A server that knows no pages gives the same list again.
            let is_again = found.first().is_some_and(|first| items.iter().any(|known| known["id"] == first["id"]));
            if is_again {
                break;
            }
            items.extend(found);
            if is_last {
                break;
            }
        }
        Ok(template::read_all(&items))
    }

    /// There is no filter by name: the whole list is read.
    pub(super) async fn template(&self, name: &str, language: &str) -> Result<Option<Template>, ProviderError> {
        let language = language.replace('-', "_");
        Ok(self.templates().await?.into_iter().find(|t| t.name == name && t.language == language))
    }

    /// Zenvia tells nothing of its numbers. That it takes the token is what can be asked.
    pub(super) async fn sender_status(&self, sender_ref: &str) -> Result<SenderStatus, ProviderError> {
        let query = [("channel", "WHATSAPP"), ("senderId", sender_ref), ("page", "1"), ("size", "1")];
        self.call(&Method::GET, &["templates"], &query, None).await?;
        Ok(SenderStatus {
            throughput: Some(self.throughput),
            status: String::new(),
            quality: String::new(),
            tier: None,
            display_number: String::new(),
        })
    }

    pub(super) fn read_webhook(body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
        webhook::read(body)
    }

    async fn call(
        &self,
        method: &Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, ProviderError> {
        let request = self.request(method, path, query, body).map_err(ProviderError::Unreachable)?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        whole(&reply)
    }

    /// A request with our token; signed, where the token asks for that.
    fn request(
        &self,
        method: &Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Request, reqwest::Error> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut address = self.base_url.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method.clone(), address.clone()).header("X-API-TOKEN", &self.token);
        let content_type = if body.is_empty() { "" } else { JSON };
        if let Some(secret) = &self.signing_secret {
            let date = signature::date(self.clock.now());
            let signed =
                signature::Signed { method: method.as_str(), body: body.as_bytes(), content_type, date: &date };
            request = request.header("X-API-Signature", signed.by(secret, &address)).header(DATE, date);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, JSON).body(body);
        }
        request.build()
    }
}

/// The JSON of a good answer; `Null` for one without a body.
fn whole(reply: &Reply) -> Result<Value, ProviderError> {
    if !(200..=299).contains(&reply.status) {
        let code = i64::from(reply.status);
        return Err(ProviderError::Refused { code, status: reply.status, trace: String::new() });
    }
    if reply.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&reply.body).map_err(|_| ProviderError::Unreadable { what: "answer" })
}

/// Lists come bare.
fn list(answer: Value) -> Result<Vec<Value>, ProviderError> {
    match answer {
        Value::Array(items) => Ok(items),
        _ => Err(ProviderError::Unreadable { what: "answer" }),
    }
}
