//! Which apps hear of the account's webhooks (cloud-api.md 3.1): ours must be among them.

use serde_json::Value;
use url::Url;

use super::{CloudApi, loose};
use crate::provider::{ProviderError, Subscription, SubscriptionState};

/// What a subscription of Meta's brings.
const EVENT: &str = "messages";

impl CloudApi {
    /// The subscribed apps. One that is sent elsewhere than to `webhook` counts as switched off; with no app at all one is
    /// missing. Whether an app without an address of its own is ours Meta does not say.
    pub async fn subscriptions(&self, webhook: &Url) -> Result<Vec<Subscription>, ProviderError> {
        let answer = self.get(self.address(&[&self.waba_id, "subscribed_apps"]), &[]).await?;
        let read = |app: &Value| {
            let of_app = app.get("whatsapp_business_api_data").unwrap_or(app);
            let elsewhere = loose::some_text(app, "override_callback_uri");
            let is_ours = |url: &String| Url::parse(url).ok().as_ref() == Some(webhook);
            let state = match elsewhere {
                Some(url) if !is_ours(&url) => SubscriptionState::Inactive,
                _ => SubscriptionState::Active,
            };
            Subscription { id: loose::text(of_app, "id").unwrap_or_default(), event: EVENT.to_owned(), state }
        };
        let mut found: Vec<Subscription> = loose::items(&answer, "data").iter().map(read).collect();
        // Another app beside ours may listen elsewhere.
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
