//! The subscriptions that bring the webhooks, and their health (gupshup-zenvia.md 2.4).

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{Zenvia, list};
use crate::config::Reactivate;
use crate::provider::{ProviderError, Subscription, SubscriptionState, loose};

/// What Recado listens to: the event, and of messages which direction.
const WANTED: [&str; 2] = ["MESSAGE_STATUS", "MESSAGE"];

impl Zenvia {
    /// Every subscription to WhatsApp's events of ours that leads to `webhook`, and for each event that has none one that
    /// is missing.
    pub async fn subscriptions(&self, webhook: &Url) -> Result<Vec<Subscription>, ProviderError> {
        let found = list(self.call(Method::GET, &["subscriptions"], &[], None).await?)?;
        let read: Vec<Subscription> = found.iter().filter_map(|item| read(item, webhook)).collect();
        let missing = WANTED.into_iter().filter(|event| !read.iter().any(|s| s.event == *event));
        let missing = missing.map(|event| Subscription {
            id: String::new(),
            event: event.to_owned(),
            state: SubscriptionState::Missing,
        });
        Ok(missing.collect::<Vec<_>>().into_iter().chain(read).collect())
    }

    /// Makes a subscription to `event` that posts to `webhook` with `header`.
    pub async fn subscribe(
        &self,
        event: &str,
        webhook: &Url,
        header: Option<(&str, &str)>,
        echoes: bool,
    ) -> Result<(), ProviderError> {
        let mut criteria = json!({ "channel": "whatsapp" });
        if event == "MESSAGE" {
            criteria["direction"] = json!(if echoes { "ALL" } else { "IN" });
        }
        let mut to = json!({ "url": webhook.as_str() });
        if let Some((name, value)) = header {
            to["headers"] = json!({ name: value });
        }
        let wish = json!({
            "eventType": event, "webhook": to, "criteria": criteria, "status": "ACTIVE", "version": "v2",
        });
        self.call(Method::POST, &["subscriptions"], &[], Some(&wish)).await.map(drop)
    }

    /// Brings one back that was degraded or switched off, in the way the account is set to.
    pub async fn reactivate(
        &self,
        which: &Subscription,
        webhook: &Url,
        header: Option<(&str, &str)>,
        echoes: bool,
    ) -> Result<(), ProviderError> {
        let path = ["subscriptions", which.id.as_str()];
        match self.reactivate {
            Reactivate::Patch => {
                let wish = json!({ "status": "ACTIVE" });
                self.call(Method::PATCH, &path, &[], Some(&wish)).await.map(drop)
            }
            Reactivate::Replace => {
                self.call(Method::DELETE, &path, &[], None).await?;
                self.subscribe(&which.event, webhook, header, echoes).await
            }
        }
    }
}

/// One that leads to our webhook for WhatsApp; others' are none of our business.
fn read(item: &Value, webhook: &Url) -> Option<Subscription> {
    let event = loose::some_text(item, "eventType")?.to_ascii_uppercase();
    let criteria = item.get("criteria").unwrap_or(&Value::Null);
    let channel = loose::some_text(criteria, "channel");
    let is_ours = |to: &Value| loose::text(to, "url").and_then(|url| Url::parse(&url).ok()).as_ref() == Some(webhook);
    let fits = WANTED.contains(&event.as_str())
        && channel.is_none_or(|channel| channel.eq_ignore_ascii_case("whatsapp"))
        && item.get("webhook").is_some_and(is_ours);
    if !fits {
        return None;
    }
    let state = match loose::text(item, "status").unwrap_or_default().to_ascii_uppercase().as_str() {
        "ACTIVE" => SubscriptionState::Active,
        "DEGRADED" => SubscriptionState::Degraded,
        _ => SubscriptionState::Inactive,
    };
    Some(Subscription { id: loose::some_text(item, "id")?, event, state })
}
