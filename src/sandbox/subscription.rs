//! `/{WABA}/subscribed_apps`: where an account's webhooks go.

use axum::http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::config::LoopbackUrl;
use super::refusal::Refusal;
use super::template_shape::text;
use super::{Sandbox, handshake};

/// What an account asked for. Without a word from it, webhooks go to the sandbox's own address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Subscription {
    /// To another address.
    Elsewhere(LoopbackUrl),
    /// Nowhere.
    Ended,
}

/// Answers a request to the subscriptions of `account`.
pub(super) async fn answer(sandbox: &Sandbox, method: &Method, account: &str, body: &[u8]) -> Result<Value, Refusal> {
    match *method {
        Method::GET => Ok(list(sandbox, account)),
        Method::POST => subscribe(sandbox, account, body).await,
        Method::DELETE => {
            sandbox.world().subscriptions.insert(account.to_owned(), Subscription::Ended);
            Ok(json!({"success": true}))
        }
        _ => Err(Refusal::new(100, "unsupported method")),
    }
}

fn list(sandbox: &Sandbox, account: &str) -> Value {
    let app = json!({"whatsapp_business_api_data": {"id": "670843887433847", "name": "Sandbox", "link": "http://localhost/"}});
    match sandbox.world().subscriptions.get(account) {
        None => json!({"data": [app]}),
        Some(Subscription::Ended) => json!({"data": []}),
        Some(Subscription::Elsewhere(url)) => {
            let mut app = app;
            app["override_callback_uri"] = url.url().as_str().into();
            json!({"data": [app]})
        }
    }
}

/// Another address must repeat a challenge first, and be on this machine.
async fn subscribe(sandbox: &Sandbox, account: &str, body: &[u8]) -> Result<Value, Refusal> {
    let wish: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).map_err(|_| Refusal::new(100, "the body is not JSON"))?
    };
    let address = text(&wish, "override_callback_uri");
    if address.is_empty() {
        sandbox.world().subscriptions.remove(account);
        return Ok(json!({"success": true}));
    }
    let url: LoopbackUrl =
        address.parse().map_err(|error| Refusal::new(100, format!("override_callback_uri: {error}")))?;
    let verify_token = SecretString::from(text(&wish, "verify_token").to_owned());
    if !handshake::verify(&sandbox.0.client, url.url(), &verify_token).await {
        return Err(Refusal::new(2200, "the callback did not repeat the challenge"));
    }
    sandbox.world().subscriptions.insert(account.to_owned(), Subscription::Elsewhere(url));
    Ok(json!({"success": true}))
}
