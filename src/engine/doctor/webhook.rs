//! Whether the provider's webhooks can reach us, and whether the provider posts them at all.

use secrecy::ExposeSecret;
use url::Url;

use super::{Finding, Verdict};
use crate::config::{Access, Account};
use crate::engine::{Engine, subscriptions};
use crate::provider::{Provider, SubscriptionState, probe};

/// What our own address is asked to repeat.
const CHALLENGE: &str = "1158201444";

/// Our webhook takes POSTs only: so it answers any other question, and nothing else in its place would.
const NOT_ALLOWED: u16 = 405;

pub(super) async fn findings(engine: &Engine, account: &Account, provider: Option<&Provider>) -> Vec<Finding> {
    let Some(webhook) = subscriptions::webhook_url(&engine.config, account) else { return Vec::new() };
    // 360dialog is not asked: its console alone says where its webhooks go.
    let asked = provider.filter(|p| !matches!(p, Provider::CloudApi(_)) || account.access.webhook_key().is_none());
    let (reached, mut subscribed) = futures::join!(reach(account, &webhook), subscribed(asked, &webhook));
    let mut found = vec![reached];
    if webhook.scheme() != "https" && !engine.config.is_loopback_only() {
        let shown = shown(account, &webhook);
        found.push(Finding::new("webhook", Verdict::Bad, "webhook_plain", &[("url", &shown)]));
    }
    found.append(&mut subscribed);
    found
}

/// The address as it may be shown: a secret in it is left out.
fn shown(account: &Account, webhook: &Url) -> String {
    if account.access.webhook_key().is_none() {
        return webhook.to_string();
    }
    let whole = webhook.as_str();
    whole.rsplit_once('/').map_or_else(|| whole.to_owned(), |(before, _)| format!("{before}/…"))
}

/// Asks our own public address what a provider would ask.
async fn reach(account: &Account, webhook: &Url) -> Finding {
    let address = shown(account, webhook);
    let mut asked = webhook.clone();
    if let Access::CloudApi(access) = &account.access
        && access.webhook.is_none()
    {
        let token = access.verify_token.expose_secret();
        asked.query_pairs_mut().extend_pairs([
            ("hub.mode", "subscribe"),
            ("hub.verify_token", token),
            ("hub.challenge", CHALLENGE),
        ]);
    }
    let signs = account.access.webhook_key().is_none();
    let Ok(answered) = probe::ask(&asked).await else {
        return Finding::new("webhook", Verdict::Bad, "webhook_unreachable", &[("url", &address)]);
    };
    let status = answered.status.to_string();
    let args = [("url", address.as_str()), ("status", status.as_str())];
    match answered.status {
        200 if signs && answered.text == CHALLENGE => Finding::new("webhook", Verdict::Good, "webhook_good", &args),
        NOT_ALLOWED if !signs => Finding::new("webhook", Verdict::Good, "webhook_good", &args),
        403 if signs => Finding::new("webhook", Verdict::Bad, "webhook_refused", &args),
        _ => Finding::new("webhook", Verdict::Bad, "webhook_other", &args),
    }
}

/// Whether the provider is set to post to us.
async fn subscribed(provider: Option<&Provider>, webhook: &Url) -> Vec<Finding> {
    let found = match provider {
        Some(Provider::Zenvia(zenvia)) => zenvia.subscriptions(webhook).await,
        Some(Provider::CloudApi(cloud)) => cloud.subscriptions(webhook).await,
        Some(Provider::Gupshup(gupshup)) => gupshup.subscriptions(webhook).await,
        None => return vec![Finding::new("subscription", Verdict::Unknown, "subscription_untold", &[])],
    };
    let Ok(found) = found else {
        return vec![Finding::new("subscription", Verdict::Unknown, "subscription_unread", &[])];
    };
    found
        .iter()
        .map(|one| {
            let (verdict, code) = match one.state {
                SubscriptionState::Active => (Verdict::Good, "subscription_active"),
                SubscriptionState::Degraded => (Verdict::Poor, "subscription_degraded"),
                SubscriptionState::Inactive => (Verdict::Bad, "subscription_inactive"),
                SubscriptionState::Missing => (Verdict::Bad, "subscription_missing"),
            };
            Finding::new("subscription", verdict, code, &[("event", &one.event)])
        })
        .collect()
}
