//! Where Gupshup posts an app's events (gupshup-zenvia.md 1.6): one of its subscriptions must lead to us, and bring messages.

use serde_json::Value;
use url::Url;

use super::Gupshup;
use crate::provider::{ProviderError, Subscription, SubscriptionState, loose};

/// What a subscription that leads to us is called.
const EVENT: &str = "messages";

impl Gupshup {
    /// The subscriptions that lead to `webhook`; with none, one that is missing. What events it brings is told as a number
    /// that nobody documents, so it is not judged.
    pub async fn subscriptions(&self, webhook: &Url) -> Result<Vec<Subscription>, ProviderError> {
        let path = &self.app.wire.templates_path;
        let base = path.rsplit_once("/template").map_or(path.as_str(), |(app, _)| app);
        let told = self.get(self.address(&format!("{base}/subscription"))).await?;
        let leads_here = |one: &&Value| {
            let url = loose::some_text(one, "url").and_then(|url| Url::parse(&url).ok());
            url.as_ref() == Some(webhook)
        };
        let read = |one: &Value| {
            let is_off = one.get("active").and_then(Value::as_bool) == Some(false);
            let state = if is_off { SubscriptionState::Inactive } else { SubscriptionState::Active };
            Subscription { id: loose::text(one, "id").unwrap_or_default(), event: EVENT.to_owned(), state }
        };
        let mut found: Vec<Subscription> =
            loose::items(&told, "subscriptions").iter().filter(leads_here).map(read).collect();
        // One that works is enough.
        if found.iter().any(|one| one.state == SubscriptionState::Active) {
            found.retain(|one| one.state == SubscriptionState::Active);
        }
        if found.is_empty() {
            let (id, event) = (String::new(), EVENT.to_owned());
            found.push(Subscription { id, event, state: SubscriptionState::Missing });
        }
        Ok(found)
    }
}
