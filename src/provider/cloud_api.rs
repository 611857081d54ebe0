//! Meta's WhatsApp Cloud API, as in its documentation of Dec 2025 to Oct 2026 (v21.0 to v26.0).
//!
//! Meta adds fields and words without notice: nothing here fails on what it does not know.

mod answer;
mod dialog360;
mod draft;
mod media;
pub(super) mod payload;
mod sample;
mod sender;
mod signature;
mod subscription;
pub(super) mod template;
pub(super) mod webhook;
mod writing;

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::http::{self, Limits, Reply};
use super::quota::Quota;
use super::{Listed, ProviderError, QuotaState, SendRequest, SenderStatus, loose};
use crate::config::{Account, CloudApiAccess, Through};
use crate::domain::answer::Answer;
use crate::domain::event::WebhookEvent;
use crate::domain::failure::Table;
use crate::domain::template::Template;

/// Templates asked for at a time.
const PAGE: &str = "100";

/// Pages read before giving up: an account holds 6,000 templates at most (cloud-api.md 4.3), some in many languages.
const MOST_PAGES: usize = 1_000;

/// Codes of the management API's quotas (cloud-api.md 5.5, 6.3).
const QUOTAS: [i64; 3] = [4, 613, 80_007];

/// Meta's code for a cursor that no longer holds: the list is read from its beginning again.
const INVALID_CURSOR: i64 = 131_059;

/// One account's way to the Cloud API. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct CloudApi {
    client: Client,
    base_url: Url,
    through: Through,
    waba_id: String,
    /// Name and value of the header that proves who asks.
    authorization: (HeaderName, HeaderValue),
    app_secret: SecretString,
    verify_token: SecretString,
    errors: Table,
    /// The app that samples are uploaded to.
    app_id: Option<String>,
    quota: Arc<Quota>,
}

impl CloudApi {
    pub(super) fn connect(account: &Account, access: &CloudApiAccess) -> Result<Self, ProviderError> {
        if account.base_url.cannot_be_a_base() {
            return Err(ProviderError::BaseUrl { account: account.name.clone() });
        }
        let token = access.access_token.expose_secret();
        let (header, token) = match access.through {
            Through::Meta => (AUTHORIZATION, format!("Bearer {token}")),
            Through::Dialog360 => (dialog360::KEY, token.to_owned()),
        };
        let mut authorization =
            HeaderValue::from_str(&token).map_err(|_| ProviderError::Token { account: account.name.clone() })?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: http::client(&account.base_url, Limits::default())?,
            base_url: account.base_url.clone(),
            through: access.through,
            waba_id: access.waba_id.clone(),
            authorization: (header, authorization),
            app_secret: access.app_secret.clone(),
            verify_token: access.verify_token.clone(),
            errors: account.errors.clone(),
            app_id: access.app_id.clone(),
            quota: Arc::default(),
        })
    }

    pub(super) async fn send(&self, request: &SendRequest<'_>) -> Answer {
        let call = self
            .client
            .post(self.of_number(request.sender_ref, "messages"))
            .header(self.authorization.0.clone(), &self.authorization.1)
            .json(&payload::of(request))
            .build();
        let call = match call {
            Ok(call) => call,
            Err(e) => return Answer::NotSent { reason: format!("no request: {}", e.without_url()) },
        };
        match http::call(&self.client, call).await {
            Ok(reply) if self.through == Through::Dialog360 => dialog360::answer(&reply, &self.errors),
            Ok(reply) => answer::of(&reply, &self.errors),
            Err(broken @ http::Broken::NotConnected(_)) => Answer::NotSent { reason: broken.reason() },
            Err(broken) => Answer::Unknown { reason: broken.reason(), pause: None },
        }
    }

    pub(super) async fn templates(&self) -> Result<Vec<Template>, ProviderError> {
        if self.through == Through::Dialog360 {
            return Ok(self.listed_by_offset().await?.iter().filter_map(template::read).collect());
        }
        let items = match self.template_items(&[]).await {
            Err(ProviderError::Refused { code: INVALID_CURSOR, .. }) => self.template_items(&[]).await?,
            items => items?,
        };
        Ok(items.iter().filter_map(template::read).collect())
    }

    /// The same, with why a template was refused and how people like it.
    pub(super) async fn catalogue(&self) -> Result<Vec<Listed>, ProviderError> {
        if self.through == Through::Dialog360 {
            return Ok(self.listed_by_offset().await?.iter().filter_map(template::listed).collect());
        }
        let items = match self.template_items(&[]).await {
            Err(ProviderError::Refused { code: INVALID_CURSOR, .. }) => self.template_items(&[]).await?,
            items => items?,
        };
        Ok(items.iter().filter_map(template::listed).collect())
    }

    pub(super) async fn template(&self, name: &str, language: &str) -> Result<Option<Template>, ProviderError> {
        // The filter `name` may match more than the whole name; what it gives is compared here.
        let language = template::language(language);
        if self.through == Through::Dialog360 {
            return Ok(self.templates().await?.into_iter().find(|t| t.name == name && t.language == language));
        }
        let items = self.template_items(&[("name", name), ("language", &language)]).await?;
        let mut found = items.iter().filter_map(template::read);
        Ok(found.find(|t| t.name == name && t.language == language))
    }

    pub(super) async fn translations(&self, name: &str) -> Result<Vec<Template>, ProviderError> {
        let items = self.template_items(&[("name", name)]).await?;
        Ok(items.iter().filter_map(template::read).filter(|t| t.name == name).collect())
    }

    pub(super) async fn sender_status(&self, sender_ref: &str) -> Result<SenderStatus, ProviderError> {
        if self.through == Through::Dialog360 {
            return self.answers().await;
        }
        let node = self.get(self.address(&[sender_ref]), &[("fields", sender::FIELDS)]).await?;
        Ok(sender::read(&node))
    }

    pub(super) fn handshake(&self, mode: &str, token: &str, challenge: &str) -> Option<String> {
        signature::handshake(&self.verify_token, mode, token, challenge)
    }

    pub(super) fn is_authentic(&self, header: Option<&str>, body: &[u8]) -> bool {
        signature::is_authentic(&self.app_secret, header, body)
    }

    pub(super) fn read_webhook(body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
        webhook::read(body)
    }

    /// Pages by cursor: `paging.next` is an address on Meta's own host, which need not be where `base_url` leads, and
    /// the token goes nowhere else.
    async fn template_items(&self, filters: &[(&str, &str)]) -> Result<Vec<Value>, ProviderError> {
        let address = self.address(&[&self.waba_id, "message_templates"]);
        let mut items: Vec<Value> = Vec::new();
        let mut after = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = vec![("fields", template::FIELDS), ("limit", PAGE)];
            query.extend_from_slice(filters);
            if !after.is_empty() {
                query.push(("after", &after));
            }
            let page = self.get(address.clone(), &query).await?;
            items.extend_from_slice(loose::items(&page, "data"));
            let next = page.pointer("/paging/cursors/after").and_then(Value::as_str).unwrap_or_default();
            let is_last = page.pointer("/paging/next").is_none_or(Value::is_null);
            if is_last || next.is_empty() || next == after {
                break;
            }
            next.clone_into(&mut after);
        }
        Ok(items)
    }

    async fn get(&self, address: Url, query: &[(&str, &str)]) -> Result<Value, ProviderError> {
        let request = self.client.get(address).query(query).header(self.authorization.0.clone(), &self.authorization.1);
        let request = request.build().map_err(ProviderError::Unreachable)?;
        let reply = self.managed(request).await?;
        node(&reply)
    }

    /// A call of the management API, within its quota.
    async fn managed(&self, request: Request) -> Result<Reply, ProviderError> {
        self.quota.next().await?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        self.quota.keep(reply.usage, is_over(&reply));
        Ok(reply)
    }

    pub(super) fn quota(&self) -> Option<QuotaState> {
        self.quota.state()
    }

    /// `what` of a number; at 360dialog the key says which number.
    fn of_number(&self, sender_ref: &str, what: &str) -> Url {
        match self.through {
            Through::Meta => self.address(&[sender_ref, what]),
            Through::Dialog360 => self.address(&[what]),
        }
    }

    /// `base_url` with `path` below it. Segments are escaped, so that no id can lead elsewhere.
    fn address(&self, path: &[&str]) -> Url {
        let mut address = self.base_url.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        address
    }
}

/// Whether a call was refused because too many were made.
fn is_over(reply: &Reply) -> bool {
    let error = || serde_json::from_slice::<Value>(&reply.body).ok().as_ref().and_then(answer::GraphError::of);
    reply.status >= 400 && error().is_some_and(|error| QUOTAS.contains(&error.code))
}

/// The JSON object of a good answer.
fn node(reply: &Reply) -> Result<Value, ProviderError> {
    let body: Value = serde_json::from_slice(&reply.body).map_err(|_| ProviderError::Unreadable { what: "answer" })?;
    if let Some(error) = answer::GraphError::of(&body) {
        let status = reply.status;
        return Err(ProviderError::Refused { code: error.code, status, trace: error.trace });
    }
    match (reply.status, body.is_object()) {
        (200..=299, true) => Ok(body),
        _ => Err(ProviderError::Unreadable { what: "answer" }),
    }
}
