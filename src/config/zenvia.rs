//! `[account.*]` with `provider = "zenvia"`.

use std::num::NonZeroU32;
use std::time::Duration;

use secrecy::SecretString;

use super::secret::Secrets;
use super::toml_file::{Table, Value};
use super::webhook_key::{self, Published, WebhookKey};
use super::{checks, provider};

/// Zenvia names no rate: a start that its other clients get through with (gupshup-zenvia.md 2.7).
const THROUGHPUT: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");

/// How often the templates are read again: no webhook tells of them.
const TEMPLATES_EVERY: Duration = Duration::from_mins(5);

/// How often the subscriptions are looked at. An event that waits is lost after about 15 minutes.
const SUBSCRIPTIONS_EVERY: Duration = Duration::from_mins(1);

/// Where Zenvia's webhooks come from (gupshup-zenvia.md 2.4, as of October 2026).
const PUBLISHED: Published =
    Published { word: "zenvia", addresses: &["45.233.20.0/24", "45.233.22.0/24", "45.233.23.0/24", "3.233.231.228"] };

/// Access to Zenvia's API v2.
#[derive(Clone, Debug)]
pub struct ZenviaAccess {
    /// The header `X-API-TOKEN`.
    pub api_token: SecretString,
    /// How its webhooks prove themselves.
    pub webhook: WebhookKey,
    /// Signs requests, where the token is a signature token.
    pub signing_secret: Option<SecretString>,
    /// Messages per second that the account is taken to allow, since Zenvia tells none.
    pub throughput: NonZeroU32,
    /// What Recado does about the subscriptions.
    pub subscriptions: Subscriptions,
    /// How one that is degraded or inactive is brought back.
    pub reactivate: Reactivate,
    /// How often they are looked at.
    pub subscriptions_every: Duration,
    /// How often the templates are read again.
    pub templates_every: Duration,
    /// Whether Zenvia is to tell of what it has taken from us too: another proof of acceptance.
    pub echoes: bool,
}

/// Who keeps the subscriptions that bring the webhooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subscriptions {
    /// Recado makes them and brings them back.
    Keep,
    /// A person made them in the console: Recado brings them back and makes none.
    Watch,
}

/// How a subscription that stopped is brought back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reactivate {
    /// Its status is set to `ACTIVE`.
    Patch,
    /// It is deleted and made again, should a `PATCH` not revive it.
    Replace,
}

impl ZenviaAccess {
    /// Every secret with its key in the account's table.
    pub(super) fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        let mut all = vec![("api_token", &self.api_token), ("webhook_secret", &self.webhook.secret)];
        all.extend(self.webhook.header.iter().map(|(_, value)| ("webhook_header_secret", value)));
        all.extend(self.signing_secret.iter().map(|secret| ("signing_secret", secret)));
        all
    }
}

/// The part of an account that only Zenvia has.
pub(super) fn access(table: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> Option<ZenviaAccess> {
    let api_token = secrets.need(table, "api_token", "api_token_file", provider::header_value);
    let signing_secret = secrets.may(table, "signing_secret", "signing_secret_file", |_| Ok(()));
    let webhook = webhook_key::read(table, secrets, &PUBLISHED);
    let throughput = table.get("requests_per_second").map_or(Some(THROUGHPUT), |v| throughput(&v));
    let words = [("keep", Subscriptions::Keep), ("watch", Subscriptions::Watch)];
    let subscriptions = table.get("subscriptions").map_or(Some(Subscriptions::Keep), |v| v.choice(&words));
    let words = [("patch", Reactivate::Patch), ("replace", Reactivate::Replace)];
    let reactivate = table.get("reactivate").map_or(Some(Reactivate::Patch), |v| v.choice(&words));
    let subscriptions_every = table.get("subscriptions_every").map_or(Some(SUBSCRIPTIONS_EVERY), |v| every(&v));
    let templates_every = table.get("templates_every").map_or(Some(TEMPLATES_EVERY), |v| every(&v));
    let echoes = table.get("echoes").map_or(Some(false), |v| v.flag());
    Some(ZenviaAccess {
        api_token: api_token?,
        webhook: webhook?,
        signing_secret: signing_secret?,
        throughput: throughput?,
        subscriptions: subscriptions?,
        reactivate: reactivate?,
        subscriptions_every: subscriptions_every?,
        templates_every: templates_every?,
        echoes: echoes?,
    })
}

/// A sender's id at Zenvia: the console shows it; mostly it is the number's digits.
pub(super) fn sender_id(text: &str) -> Result<String, &'static str> {
    let fits = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned()).ok_or("must be an id of at most 64 characters, as Zenvia's console shows it")
}

fn every(value: &Value<'_, '_>) -> Option<Duration> {
    let every = value.parsed(checks::length)?;
    if (Duration::from_secs(10)..=Duration::from_hours(24)).contains(&every) {
        return Some(every);
    }
    value.refuse("must be from 10s to 24h");
    None
}

fn throughput(value: &Value<'_, '_>) -> Option<NonZeroU32> {
    let number = u32::try_from(value.integer()?).ok().filter(|n| *n <= 1000).and_then(NonZeroU32::new);
    if number.is_none() {
        value.refuse("must be 1 to 1000 messages per second");
    }
    number
}
