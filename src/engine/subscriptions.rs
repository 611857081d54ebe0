//! Subscriptions at providers that switch them off when our webhook answers badly: looked at from time to time, kept in
//! the store for whoever tells of them, and brought back.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use super::{Engine, EngineError};
use crate::config::{Access, Account, Config, Subscriptions, ZenviaAccess};
use crate::domain::time::UnixMs;
use crate::provider::{Provider, ProviderError, Subscription, SubscriptionState, Zenvia};
use crate::store::{json, setting};

/// Real time between two looks at what is due.
const EVERY: Duration = Duration::from_secs(1);

/// Between two looks at one account at least so much real time passes, however fast the clock runs.
const SELDOM: Duration = Duration::from_secs(5);

/// How the subscriptions of an account stood when they were last looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Look {
    /// When that was.
    pub at: UnixMs,
    /// The worst state of any; `None`: the provider did not tell.
    pub worst: Option<SubscriptionState>,
    /// State by event.
    pub events: BTreeMap<String, SubscriptionState>,
}

/// Looks at the subscriptions.
#[derive(Clone, Debug)]
pub struct Tender {
    engine: Engine,
}

impl Tender {
    /// A tender of every account that has subscriptions.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await {
                let error = &cause as &dyn std::error::Error;
                warn!(error, "the subscriptions could not be looked at; trying again");
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(EVERY) => {} }
        }
    }

    /// Looks at every account whose time has come. Returns at how many.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let mut looked = 0;
        for (account, access, zenvia) in tended(&self.engine) {
            let now = self.engine.clock.now();
            let every = access.subscriptions_every.max(self.engine.clock_span(SELDOM));
            let last = last(&self.engine, &account.name).await?;
            // Another node may have looked meanwhile.
            if last.is_some_and(|last| now.since(last.at) < every) {
                continue;
            }
            let look = self.tend(account, access, zenvia, now).await;
            setting::write(&self.engine.store, &key(&account.name), &json(&look)).await?;
            looked += 1;
        }
        Ok(looked)
    }

    /// Looks at the subscriptions of `account`, makes what is missing and brings back what stopped. What is told is how
    /// they stood before.
    async fn tend(&self, account: &Account, access: &ZenviaAccess, zenvia: &Zenvia, now: UnixMs) -> Look {
        let Some(webhook) = webhook_url(&self.engine.config, account) else {
            return Look { at: now, worst: None, events: BTreeMap::new() };
        };
        let mut found = match zenvia.subscriptions(&webhook).await {
            Ok(found) => found,
            Err(cause) => {
                let error = &cause as &dyn std::error::Error;
                info!(error, account.name = account.name, "the subscriptions of {} are not known", account.name);
                return Look { at: now, worst: None, events: BTreeMap::new() };
            }
        };
        for one in found.iter_mut().filter(|one| one.state != SubscriptionState::Active) {
            let what = (account.name.as_str(), one.event.clone(), one.state.as_str());
            let mended = match one.state {
                SubscriptionState::Missing if access.subscriptions == Subscriptions::Watch => continue,
                SubscriptionState::Missing => make(zenvia, access, &webhook, one).await,
                _ => zenvia.reactivate(one, &webhook, header(access), access.echoes).await,
            };
            match mended {
                Ok(()) => {
                    info!(account.name = what.0, "the subscription to {} was {}: mended", what.1, what.2);
                    // One that was never there is no trouble once it is; one that stopped is told.
                    if one.state == SubscriptionState::Missing {
                        one.state = SubscriptionState::Active;
                    }
                }
                Err(cause) => {
                    let error = &cause as &dyn std::error::Error;
                    warn!(error, account.name = what.0, "the subscription to {} is {} and stays so", what.1, what.2);
                }
            }
        }
        let mut events: BTreeMap<String, SubscriptionState> = BTreeMap::new();
        for one in &found {
            // Of two for one event the better one brings the news.
            let state = events.get(&one.event).map_or(one.state, |known| (*known).min(one.state));
            events.insert(one.event.clone(), state);
        }
        Look { at: now, worst: events.values().copied().max(), events }
    }
}

async fn make(zenvia: &Zenvia, access: &ZenviaAccess, webhook: &Url, one: &Subscription) -> Result<(), ProviderError> {
    zenvia.subscribe(&one.event, webhook, header(access), access.echoes).await
}

fn header(access: &ZenviaAccess) -> Option<(&str, &str)> {
    access.webhook.header.as_ref().map(|(name, value)| (name.as_str(), value.expose_secret()))
}

/// Accounts whose subscriptions are looked after.
fn tended(engine: &Engine) -> impl Iterator<Item = (&Account, &ZenviaAccess, &Zenvia)> {
    engine.config.accounts.values().filter_map(|account| match (&account.access, engine.providers.get(&account.name)) {
        (Access::Zenvia(access), Some(Provider::Zenvia(zenvia))) => Some((account, access, zenvia)),
        _ => None,
    })
}

fn key(account: &str) -> String {
    format!("subscriptions.{account}")
}

/// How the subscriptions of `account` stood last; `None`: nobody has looked yet.
pub async fn last(engine: &Engine, account: &str) -> Result<Option<Look>, EngineError> {
    let text = setting::read(&engine.store, &key(account)).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Accounts with a subscription that does not bring all there is to tell.
pub(super) async fn ailing(engine: &Engine) -> Result<Vec<String>, EngineError> {
    let mut all = Vec::new();
    for (account, ..) in tended(engine) {
        let worst = last(engine, &account.name).await?.and_then(|look| look.worst);
        if worst.is_some_and(|worst| worst != SubscriptionState::Active) {
            all.push(account.name.clone());
        }
    }
    Ok(all)
}

/// Where the provider of `account` posts its webhooks: with the secret at its end, where it does not sign.
pub fn webhook_url(config: &Config, account: &Account) -> Option<Url> {
    let mut url = config.server.public_url.clone();
    {
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty().extend(["webhooks", account.name.as_str()]);
        if let Some(key) = account.access.webhook_key() {
            path.push(key.secret.expose_secret());
        }
    }
    Some(url)
}
