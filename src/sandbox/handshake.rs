//! The handshake: before anything is posted, the webhook must repeat a challenge.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Whether the webhook at `url` answers a challenge under `verify_token`.
pub(super) async fn verify(client: &reqwest::Client, url: &Url, verify_token: &SecretString) -> bool {
    let challenge = rand::random_range(1_000_000_000_u64..10_000_000_000).to_string();
    let query =
        [("hub.mode", "subscribe"), ("hub.verify_token", verify_token.expose_secret()), ("hub.challenge", &challenge)];
    let Ok(answer) = client.get(url.clone()).query(&query).send().await else { return false };
    answer.status() == reqwest::StatusCode::OK && answer.text().await.is_ok_and(|text| text == challenge)
}
