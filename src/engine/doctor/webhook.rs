//! Whether the provider's webhooks can reach us, and whether the provider posts them at all.

use secrecy::ExposeSecret;
use url::Url;

use super::{Finding, Verdict};
use crate::config::{Access, Account};
use crate::domain::alert::AlertKind;
use crate::engine::{Engine, EngineError, refusals, subscriptions};
use crate::provider::{Provider, SubscriptionState, probe};
use crate::store::alert;

/// What our own address is asked to repeat.
const CHALLENGE: &str = "1158201444";

/// Our webhook takes POSTs only: so it answers any other question, and nothing else in its place would.
const NOT_ALLOWED: u16 = 405;

pub(super) async fn findings(
    engine: &Engine,
    account: &Account,
    provider: Option<&Provider>,
) -> Result<Vec<Finding>, EngineError> {
    let Some(webhook) = subscriptions::webhook_url(&engine.config, account) else { return Ok(Vec::new()) };
    // 360dialog is not asked: its console alone says where its webhooks go.
    let asked = provider.filter(|p| !matches!(p, Provider::CloudApi(_)) || account.access.webhook_key().is_none());
    let (reached, mut subscribed) = futures::join!(reach(account, &webhook), subscribed(asked, &webhook));
    let mut found = vec![reached];
    if webhook.scheme() != "https" && !engine.config.is_loopback_only() {
        let shown = shown(account, &webhook);
        found.push(Finding::new("webhook", Verdict::Bad, "webhook_plain", &[("url", &shown)]));
    }
    found.append(&mut subscribed);
    found.extend(heard(engine, account).await?);
    Ok(found)
}

/// What has come in, or has not, since the daemon looks: what the alerts say is said here too.
async fn heard(engine: &Engine, account: &Account) -> Result<Vec<Finding>, EngineError> {
    let name = ("account", account.name.as_str());
    let refused = refusals::standing(engine, engine.clock.now()).await?;
    if let Some(one) = refused.iter().find(|one| one.account == account.name) {
        let (why, advice) = (format!("webhook_refusal.{}", one.why), format!("webhook_refusal_do.{}", one.why));
        let (n, args) = (one.n.to_string(), [name, ("why_key", why.as_str()), ("advice_key", advice.as_str())]);
        let args = [&args[..], &[("n", n.as_str())]].concat();
        return Ok(vec![Finding::new("webhook", Verdict::Bad, "webhook_refusing", &args)]);
    }
    let silent = format!("{}:{}", AlertKind::WebhookSilent.as_str(), account.name);
    let open = alert::open(&engine.store).await?;
    let is_silent = open.iter().any(|alert| alert.key == silent && alert.gone_at.is_none());
    Ok(is_silent.then(|| Finding::new("webhook", Verdict::Bad, "webhook_silent", &[name])).into_iter().collect())
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
