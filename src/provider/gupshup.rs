//! Gupshup's form API, self-serve and partner, as in its documentation up to October 2026 (gupshup-zenvia.md 1).
//!
//! Gupshup takes nearly everything at once and judges it later: what is wrong with a message comes as an event. There is
//! no client reference, so a request without an answer stays in doubt.

mod answer;
mod credentials;
mod event;
mod form;
mod passthrough;
mod standing;
mod subscription;
mod template;
mod writing;

use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::http::{self, Limits};
use super::{Body, Listed, ProviderError, SendRequest, SenderStatus, Wallet, loose};
use crate::config::Account;
use crate::config::access::{EventVersion, GupshupAccess, GupshupWire};
use crate::domain::answer::Answer;
use crate::domain::event::WebhookEvent;
use crate::domain::failure::Table;
use crate::domain::money::Currency;
use crate::domain::template::Template;

use credentials::{Keys, Refused};

/// Media type of every request.
const FORM: &str = "application/x-www-form-urlencoded";

/// Meta's word for a number that may send.
const CONNECTED: &str = "CONNECTED";

/// Meta's word for a number that is stopped for its quality.
const FLAGGED: &str = "FLAGGED";

/// Pages of templates read before giving up: ten a minute are granted (gupshup-zenvia.md 1.10).
const MOST_PAGES: usize = 10;

/// HTTP's word for too many calls.
const TOO_MANY: u16 = 429;

/// One app's way to Gupshup. Cloning shares the connections and the tokens.
#[derive(Clone, Debug)]
pub struct Gupshup {
    client: Client,
    base_url: Url,
    app: Arc<App>,
    keys: Arc<Keys>,
    errors: Table,
    ratings: Arc<standing::Ratings>,
}

/// The app as it is configured.
#[derive(Debug)]
struct App {
    name: String,
    id: String,
    wire: GupshupWire,
    version: Option<EventVersion>,
    currency: Currency,
    is_partner: bool,
}

impl App {
    fn is_called(&self, reference: &str) -> bool {
        self.id.eq_ignore_ascii_case(reference) || self.name == reference
    }
}

impl Gupshup {
    pub(super) fn connect(account: &Account, access: &GupshupAccess) -> Result<Self, ProviderError> {
        if account.base_url.cannot_be_a_base() {
            return Err(ProviderError::BaseUrl { account: account.name.clone() });
        }
        let client = http::client(&account.base_url, Limits::default())?;
        let keys =
            Keys::new(client.clone(), access).map_err(|_| ProviderError::Token { account: account.name.clone() })?;
        let app = App {
            name: access.app.clone(),
            id: access.app_id.clone(),
            wire: access.wire.clone(),
            version: access.webhook_version,
            currency: account.currency,
            is_partner: access.credentials.is_partner(),
        };
        Ok(Self {
            client,
            base_url: account.base_url.clone(),
            app: Arc::new(app),
            keys: Arc::new(keys),
            errors: account.errors.clone(),
            ratings: Arc::default(),
        })
    }

    pub(super) async fn send(&self, request: &SendRequest<'_>) -> Answer {
        let path = match request.body {
            Body::Template { .. } => &self.app.wire.template_path,
            Body::Text { .. } | Body::Free { .. } => &self.app.wire.message_path,
        };
        let Some(form) = form::of(request, &self.app.name) else { return answer::not_offered() };
        let call = match request.body {
            Body::Template { .. } if self.app.wire.passthrough => {
                self.client.post(self.address(passthrough::PATH)).json(&passthrough::of(request))
            }
            _ => self.client.post(self.address(path)).header(CONTENT_TYPE, FORM).body(form),
        };
        let (call, token) = match self.keys.sign(call).await {
            Ok(signed) => signed,
            Err(Refused::Credentials(failure)) => return answer::credentials(failure),
            Err(Refused::Unreachable(reason)) => return Answer::NotSent { reason },
        };
        let call = match call.build() {
            Ok(call) => call,
            Err(e) => return Answer::NotSent { reason: format!("no request: {}", e.without_url()) },
        };
        match http::call(&self.client, call).await {
            Ok(reply) if reply.status == 401 && self.keys.expired(token.as_ref()) => answer::token_expired(),
            Ok(reply) => answer::of(&reply, &self.errors),
            Err(broken @ http::Broken::NotConnected(_)) => Answer::NotSent { reason: broken.reason() },
            Err(broken) => Answer::Unknown { reason: broken.reason(), pause: None },
        }
    }

    /// Pages are numbered from 0 on the partner surface; a page that brings nothing new ends the list, so that a surface
    /// that knows no pages ends it too.
    pub(super) async fn templates(&self) -> Result<Vec<Template>, ProviderError> {
        Ok(self.catalogue().await?.into_iter().map(|listed| listed.template).collect())
    }

    /// The same, with why a template was refused and how people like it.
    pub(super) async fn catalogue(&self) -> Result<Vec<Listed>, ProviderError> {
        let mut all: Vec<Listed> = Vec::new();
        for page in 0..MOST_PAGES {
            let mut address = self.address(&self.app.wire.templates_path);
            if self.app.is_partner {
                address.query_pairs_mut().append_pair("pageNo", &page.to_string());
            }
            let told = self.get(address).await?;
            let fresh: Vec<Listed> = loose::items(&told, "templates")
                .iter()
                .filter_map(|item| template::listed(item, self.app.wire.utility_life))
                .filter(|t| !all.iter().any(|known| known.template.provider_id == t.template.provider_id))
                .collect();
            let is_last = fresh.is_empty() || !self.app.is_partner;
            all.extend(fresh);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    pub(super) async fn template(&self, name: &str, language: &str) -> Result<Option<Template>, ProviderError> {
        let language = language.replace('-', "_");
        let found = self.templates().await?.into_iter().filter(|t| t.name == name && t.language == language);
        // A name may be there twice, once deleted.
        Ok(found.min_by_key(|t| t.status != crate::domain::template::TemplateStatus::Approved))
    }

    /// The partner surface tells tier and quality (once a day is granted) and whether the app is live; the self-serve one
    /// only that it answers.
    pub(super) async fn sender_status(&self) -> Result<SenderStatus, ProviderError> {
        let mut status = SenderStatus {
            throughput: Some(self.app.wire.requests_per_second),
            status: String::new(),
            quality: String::new(),
            tier: None,
            display_number: String::new(),
        };
        let rating = if self.app.is_partner {
            let health = self.get(self.address("/partner/app/{app_id}/health")).await?;
            if standing::is_healthy(&health) {
                CONNECTED.clone_into(&mut status.status);
            }
            if let Some(rating) = self.ratings.known() {
                rating
            } else {
                let told = self.get(self.address("/partner/app/{app_id}/ratings")).await?;
                self.ratings.keep(standing::rating(&told))
            }
        } else {
            self.wallet().await?;
            let told = self.ratings.last();
            // Nothing tells how the number stands but events; what one said, another takes back.
            if told.is_some() {
                CONNECTED.clone_into(&mut status.status);
            }
            told.unwrap_or_default()
        };
        if rating.flagged {
            FLAGGED.clone_into(&mut status.status);
        }
        Ok(SenderStatus { tier: rating.tier, quality: rating.quality, ..status })
    }

    /// Marks a person's message as read: documented for the self-serve surface (gupshup-zenvia.md 1.3), and sent to
    /// partners' where `read_path` says where.
    pub(super) async fn mark_read(&self, id: &str) -> Option<Result<(), ProviderError>> {
        let path = self.app.wire.read_path.as_ref()?;
        let (before, after) = path.split_once("{id}")?;
        let mut address = self.address(before);
        if let Ok(mut segments) = address.path_segments_mut() {
            // The id is WhatsApp's, and may hold what paths cannot.
            segments.pop_if_empty().push(id).extend(after.split('/').filter(|part| !part.is_empty()));
        }
        Some(self.call(self.client.put(address)).await.map(drop))
    }

    /// Asks partners' surface to take over from WhatsApp; once an hour is granted (gupshup-zenvia.md 1.9), and less is no
    /// failure.
    pub(super) async fn sync(&self) -> Result<(), ProviderError> {
        let Some(path) = &self.app.wire.sync_path else { return Ok(()) };
        match self.call(self.client.get(self.address(path))).await {
            // It answers 202, perhaps with nothing.
            Ok(_) | Err(ProviderError::Refused { status: TOO_MANY, .. } | ProviderError::Unreadable { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    pub(super) async fn wallet(&self) -> Result<Wallet, ProviderError> {
        let told = self.get(self.address(&self.app.wire.wallet_path)).await?;
        standing::wallet(&told, self.app.currency).ok_or(ProviderError::Unreadable { what: "wallet" })
    }

    pub(super) fn read_webhook(&self, body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
        event::read(body, &self.app, &self.ratings)
    }

    async fn get(&self, address: Url) -> Result<Value, ProviderError> {
        let reply = match self.call(self.client.get(address.clone())).await {
            // A token that has expired is fetched anew, once.
            Err(ProviderError::Refused { status: 401, .. }) if self.keys.renews() => {
                self.call(self.client.get(address)).await?
            }
            told => told?,
        };
        Ok(reply)
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, ProviderError> {
        let (request, token) = self.keys.sign(request).await.map_err(|refused| match refused {
            Refused::Credentials(failure) => {
                ProviderError::Refused { code: failure.code, status: 401, trace: String::new() }
            }
            Refused::Unreachable(_) => ProviderError::Unreadable { what: "token" },
        })?;
        let request = request.build().map_err(ProviderError::Unreachable)?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        let body: Value =
            serde_json::from_slice(&reply.body).map_err(|_| ProviderError::Unreadable { what: "answer" })?;
        let is_error = loose::text(&body, "status").is_some_and(|s| s.eq_ignore_ascii_case("error"));
        if !is_error && (200..=299).contains(&reply.status) {
            return Ok(body);
        }
        if reply.status == 401 {
            self.keys.expired(token.as_ref());
        }
        Err(ProviderError::Refused { code: i64::from(reply.status), status: reply.status, trace: String::new() })
    }

    /// `base_url` with `path` below it; `{app_id}` stands for the app's.
    fn address(&self, path: &str) -> Url {
        below(&self.base_url, &path.replace("{app_id}", &self.app.id))
    }
}

/// `base` with `path` below it.
fn below(base: &Url, path: &str) -> Url {
    let mut address = base.clone();
    let before = address.path().trim_end_matches('/').to_owned();
    address.set_path(&format!("{before}{path}"));
    address
}
