//! What proves that a request is ours: a key that stays, or tokens that expire and are fetched anew
//! (gupshup-zenvia.md 1.1).

use std::fmt::Debug;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::{FORM, below};
use crate::config::access::{GupshupAccess, GupshupCredentials};
use crate::domain::failure::Failure;
use crate::provider::{http, loose};

/// A token that is refused this soon after it was fetched did not expire: the credentials are wrong.
const YOUNG: Duration = Duration::from_mins(1);

/// Name of our tokens in Gupshup's list of them.
const NAME: &str = "recado";

/// Every request's header.
#[derive(Debug)]
pub(super) struct Keys {
    way: Way,
    client: Client,
    token: Mutex<Option<Token>>,
    last: std::sync::Mutex<Option<Token>>,
}

enum Way {
    /// One header that stays.
    Fixed(HeaderName, HeaderValue),
    /// Tokens.
    Fetched { url: Url, partner: Option<String>, email: String, secret: SecretString, app: String, life: Duration },
}

impl Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed(..) => "Fixed",
            Self::Fetched { .. } => "Fetched",
        })
    }
}

/// A token in the form of its header.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    header: HeaderValue,
    fetched_at: Instant,
}

/// Why a request cannot be signed.
pub(super) enum Refused {
    /// The credentials are not accepted.
    Credentials(Failure),
    /// Nobody answers where tokens are fetched, or not as documented; for the record.
    Unreachable(String),
}

impl Keys {
    pub(super) fn new(client: Client, access: &GupshupAccess) -> Result<Self, InvalidHeaderValue> {
        let way = match &access.credentials {
            GupshupCredentials::ApiKey(key) => {
                Way::Fixed(HeaderName::from_static("apikey"), sensitive(key.expose_secret())?)
            }
            GupshupCredentials::AppToken(token) => Way::Fixed(AUTHORIZATION, sensitive(token.expose_secret())?),
            GupshupCredentials::Partner { id, email, client_secret, url } => Way::Fetched {
                url: url.clone(),
                partner: id.clone(),
                email: email.clone(),
                secret: client_secret.clone(),
                app: access.app_id.clone(),
                life: access.wire.token_life,
            },
        };
        Ok(Self { way, client, token: Mutex::default(), last: std::sync::Mutex::default() })
    }

    /// Whether tokens are fetched anew when they expire.
    pub(super) fn renews(&self) -> bool {
        matches!(self.way, Way::Fetched { .. })
    }

    /// The request with its header, and the token it goes with where that may expire.
    pub(super) async fn sign(&self, request: RequestBuilder) -> Result<(RequestBuilder, Option<Token>), Refused> {
        let (url, life) = match &self.way {
            Way::Fixed(name, value) => return Ok((request.header(name, value), None)),
            Way::Fetched { url, life, .. } => (url, *life),
        };
        let mut kept = self.token.lock().await;
        let refused = self.take_last();
        let good = |token: &Token| token.fetched_at.elapsed() < life && refused.as_ref() != Some(token);
        let token = match kept.clone().filter(good) {
            Some(token) => token,
            None => kept.insert(self.fetch(url).await?).clone(),
        };
        Ok((request.header(AUTHORIZATION, &token.header), Some(token)))
    }

    /// The request that went with `token` was refused. True: it had expired, and the next request goes with another.
    pub(super) fn expired(&self, token: Option<&Token>) -> bool {
        let Some(token) = token else { return false };
        *self.last() = Some(token.clone());
        token.fetched_at.elapsed() >= YOUNG
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take_last(&self) -> Option<Token> {
        self.last().clone()
    }

    /// With a partner's id a universal token and with it one for the app; else by the older login.
    async fn fetch(&self, url: &Url) -> Result<Token, Refused> {
        let Way::Fetched { partner, email, secret, app, .. } = &self.way else {
            return Err(Refused::Unreachable("no token is fetched".to_owned()));
        };
        let text = if let Some(id) = partner {
            let form = [("email", email.as_str()), ("clientSecret", secret.expose_secret()), ("name", NAME)];
            let path = below(url, &format!("/partner/{id}/auth/token"));
            let universal = self.ask(form_post(&self.client, path, &form)).await?;
            let path = below(url, &format!("/partner/app/{app}/token"));
            let bearer = bearer(&universal)?;
            let asked = form_post(&self.client, path, &[("name", NAME)]).header(AUTHORIZATION, bearer);
            format!("Bearer {}", self.ask(asked).await?)
        } else {
            let form = [("email", email.as_str()), ("password", secret.expose_secret())];
            let path = below(url, "/partner/account/login");
            let login = self.ask(form_post(&self.client, path, &form)).await?;
            let path = below(url, &format!("/partner/app/{app}/token"));
            self.ask(self.client.get(path).header("token", header(&login)?)).await?
        };
        Ok(Token { header: header(&text)?, fetched_at: Instant::now() })
    }

    async fn ask(&self, request: RequestBuilder) -> Result<String, Refused> {
        let unreadable = || Refused::Unreachable("the answer with a token cannot be read".to_owned());
        let request = request.build().map_err(|_| unreadable())?;
        let reply = http::call(&self.client, request).await.map_err(|broken| Refused::Unreachable(broken.reason()))?;
        if (400..=499).contains(&reply.status) && reply.status != 429 {
            let detail = "the credentials are refused where tokens are fetched".to_owned();
            return Err(Refused::Credentials(Failure { code: 401, detail }));
        }
        let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable())?;
        // `{"token":"…"}`, or one level deeper with when it was made.
        let inner = body.get("token").or_else(|| body.get("data")).and_then(|t| loose::some_text(t, "token"));
        loose::some_text(&body, "token").or(inner).ok_or_else(unreadable)
    }
}

fn form_post(client: &Client, url: Url, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    client.post(url).header(CONTENT_TYPE, FORM).body(body)
}

fn bearer(token: &str) -> Result<HeaderValue, Refused> {
    header(&format!("Bearer {token}"))
}

fn header(text: &str) -> Result<HeaderValue, Refused> {
    sensitive(text).map_err(|_| Refused::Unreachable("the token does not fit a header".to_owned()))
}

fn sensitive(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
