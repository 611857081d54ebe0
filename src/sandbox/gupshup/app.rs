//! Apps: wallet, tokens, opt-outs, subscriptions, how they stand.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::form::Form;
use super::{Call, Error};
use crate::domain::time::UnixMs;
use crate::sandbox::Sandbox;
use crate::sandbox::config::LoopbackUrl;
use crate::sandbox::control::{Wrong, read};
use crate::sandbox::hook::{News, Update};
use crate::sandbox::phone;
use crate::sandbox::subscription::Subscription;

/// Every token that expires lives this long on the sandbox's clock.
const TOKEN_LIFE: Duration = Duration::from_hours(24);

/// Millionths of a dollar: what a message costs beside Gupshup's own fee, and the fee.
const PRICES: [(&str, i64); 3] = [("marketing", 62_000), ("utility", 26_000), ("authentication", 26_000)];
const FEE: i64 = 1_000;

/// What the sandbox knows of Gupshup's apps.
#[derive(Default)]
pub(in crate::sandbox) struct Apps {
    names: BTreeSet<String>,
    /// Millionths of a dollar; `None`: never empty.
    wallet: Option<i64>,
    /// Tokens handed out, with their end.
    tokens: HashMap<String, UnixMs>,
    opted_out: HashSet<String>,
    checks: bool,
    synced_at: Option<UnixMs>,
    next: u64,
}

impl Apps {
    pub fn with_wallet(wallet: Option<i64>) -> Self {
        Self { wallet, ..Self::default() }
    }

    /// The app exists once used.
    pub fn meet(&mut self, app: &str, _now: UnixMs) {
        if !self.names.contains(app) {
            self.names.insert(app.to_owned());
        }
    }

    pub fn is_app(&self, account: &str) -> bool {
        self.names.contains(account)
    }

    /// Reading templates again from WhatsApp is granted once an hour.
    pub fn synced_within_an_hour(&mut self, now: UnixMs) -> bool {
        let lately = self.synced_at.is_some_and(|at| now.since(at) < Duration::from_hours(1));
        if !lately {
            self.synced_at = Some(now);
        }
        lately
    }

    /// The app by the name it sends under; `None`: none has sent yet.
    pub fn name(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }

    /// True once.
    pub fn begin_checks(&mut self) -> bool {
        !std::mem::replace(&mut self.checks, true)
    }

    /// A token handed out here that has expired is refused; what was never handed out is anybody's own key.
    pub fn is_good(&self, token: &str, now: UnixMs) -> bool {
        self.tokens.get(token).is_none_or(|until| now < *until)
    }

    fn hand_out(&mut self, prefix: &str, until: UnixMs) -> String {
        self.next += 1;
        let token = format!("{prefix}sandbox-{}", self.next);
        self.tokens.insert(token.clone(), until);
        token
    }

    pub fn has_opted_out(&self, wa_id: &str) -> bool {
        self.opted_out.contains(wa_id)
    }

    /// Takes the fee; whether there is enough for a message of `category`.
    pub fn pays(&mut self, category: &str) -> bool {
        let Some(wallet) = &mut self.wallet else { return true };
        let enough = *wallet >= price(category) + FEE;
        if enough {
            *wallet -= FEE;
        }
        enough
    }

    /// WhatsApp's price is taken with the delivery.
    pub fn charge(&mut self, category: &str) {
        if let Some(wallet) = &mut self.wallet {
            *wallet -= price(category);
        }
    }

    fn balance(&self) -> f64 {
        self.wallet.unwrap_or(1_000_000_000) as f64 / 1e6
    }
}

fn price(category: &str) -> i64 {
    PRICES.iter().find(|(word, _)| *word == category).map_or(0, |(_, price)| *price)
}

/// The endpoints that hand out tokens; `None`: this is none of them.
pub(super) fn token(sandbox: &Sandbox, segments: &[&str], call: &Call<'_>) -> Option<Result<Value, Error>> {
    const WRONG: Error = Error(StatusCode::UNAUTHORIZED, "Invalid credentials");
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let knows = |secret: &str| !call.form.get("email").is_empty() && !call.form.get(secret).is_empty();
    let header = |name: &str| call.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let of_partner = |world: &super::super::world::World, token: &str| {
        world.gupshup.tokens.get(token).is_some_and(|until| now < *until)
    };
    let until = now.plus(TOKEN_LIFE);
    Some(match (call.method, segments) {
        (&Method::POST, ["partner", "account", "login"]) => {
            if !knows("password") {
                return Some(Err(WRONG));
            }
            Ok(json!({"token": world.gupshup.hand_out("", until)}))
        }
        (&Method::GET, ["partner", "app", _, "token"]) => {
            if !of_partner(&world, header("token")) {
                return Some(Err(WRONG));
            }
            let token = world.gupshup.hand_out("sk_", until);
            Ok(
                json!({"status": "success", "token": {"token": token, "createdOn": now.0, "expiresOn": 0, "active": true}}),
            )
        }
        (&Method::POST, ["partner", _, "auth", "token"]) => {
            if !knows("clientSecret") {
                return Some(Err(WRONG));
            }
            Ok(json!({"status": "success", "token": world.gupshup.hand_out("", until)}))
        }
        (&Method::POST, ["partner", "app", _, "token"]) => {
            let bearer = header("authorization");
            if !of_partner(&world, bearer.strip_prefix("Bearer ").unwrap_or(bearer)) {
                return Some(Err(WRONG));
            }
            Ok(json!({"status": "success", "token": {"token": world.gupshup.hand_out("", until)}}))
        }
        _ => return None,
    })
}

/// Wallet, health and ratings.
pub(super) fn show(sandbox: &Sandbox, segments: &[&str]) -> Result<Value, Error> {
    let world = sandbox.world();
    match segments {
        ["sm", "api", "v2", "wallet", "balance"] => {
            Ok(json!({"status": "success", "balance": world.gupshup.balance()}))
        }
        ["partner", "app", _, "wallet", "balance"] => Ok(json!({"status": "success", "walletResponse": {
            "currency": "USD", "currentBalance": world.gupshup.balance(), "overDraftLimit": 0}})),
        ["partner", "app", _, "health"] => Ok(json!({"status": "success", "healthy": "true"})),
        ["partner", "app", _, "ratings"] => {
            let tier = sandbox.0.config.tier.on_the_wire();
            Ok(json!({"status": "success", "oldLimit": tier, "currentLimit": tier, "event": "ONBOARDING",
                "eventTime": sandbox.0.clock.now().0, "phoneQuality": "GREEN"}))
        }
        _ => Err(Error(StatusCode::NOT_FOUND, "No such resource")),
    }
}

/// A person is put on the app's list, or taken off it; an event tells.
pub(super) fn opt(sandbox: &Sandbox, app: &str, which: &str, form: &Form) -> Result<Value, Error> {
    let given = if form.get("user").is_empty() { form.get("phone") } else { form.get("user") };
    let wa_id = phone::digits(given).map(|digits| phone::wa_id(&digits));
    let wa_id = wa_id.ok_or(Error(StatusCode::BAD_REQUEST, "Invalid phone"))?;
    let mut world = sandbox.world();
    let word = if which == "out" {
        world.gupshup.opted_out.insert(wa_id.clone());
        "opted-out"
    } else {
        world.gupshup.opted_out.remove(&wa_id);
        "opted-in"
    };
    let value = json!({"phone": wa_id, "type": word});
    let name = world.gupshup.names.iter().next().cloned().unwrap_or_else(|| app.to_owned());
    let news = News::Field { field: "user-event", value };
    world.gupshup.meet(&name, UnixMs(0));
    world.emit(Update { account: name, news }, Instant::now());
    drop(world);
    sandbox.0.wake.notify_one();
    Ok(json!({"status": "success"}))
}

/// Where events go: another address must answer a probe with 2xx.
pub(super) async fn subscription(sandbox: &Sandbox, app: &str, rest: &[&str], call: &Call<'_>) -> Response {
    let url = call.form.get("url");
    let listed = |url: &str| {
        json!({"active": true, "appId": app, "id": "8166", "mode": 2047, "tag": call.form.get("tag"), "url": url,
            "version": sandbox.0.config.gupshup.version})
    };
    let names: Vec<String> = sandbox.world().gupshup.names.iter().cloned().collect();
    match (call.method, rest) {
        (&Method::GET, _) => {
            let world = sandbox.world();
            let known = names.iter().find_map(|name| match world.subscriptions.get(name) {
                Some(Subscription::Elsewhere(url)) => Some(url.url().to_string()),
                _ => None,
            });
            let url = known.unwrap_or_else(|| sandbox.0.config.webhook.url().to_string());
            Json(json!({"status": "success", "subscriptions": [listed(&url)]})).into_response()
        }
        (&Method::POST | &Method::PUT, _) => {
            let Ok(to) = url.parse::<LoopbackUrl>() else {
                return Error(StatusCode::BAD_REQUEST, "Invalid URL Passed").into_response();
            };
            if !sandbox.probe(&to, app).await {
                return Error(StatusCode::INTERNAL_SERVER_ERROR, "Unable To Create Subscription").into_response();
            }
            let mut world = sandbox.world();
            for name in names {
                world.subscriptions.insert(name, Subscription::Elsewhere(to.clone()));
            }
            Json(json!({"status": "success", "subscription": listed(url)})).into_response()
        }
        _ => Error(StatusCode::NOT_FOUND, "No such resource").into_response(),
    }
}

impl Sandbox {
    async fn probe(&self, to: &LoopbackUrl, app: &str) -> bool {
        let now = self.0.clock.now().0;
        let body = if self.0.config.gupshup.version == 3 {
            json!({"gs_app_id": app, "object": "whatsapp_business_account", "entry": [{"id": app, "time": now,
                "changes": [{"field": "messages", "value": {"statuses": [{"type": "set-callback"}]}}]}]})
        } else {
            json!({"app": app, "timestamp": now, "version": 2, "type": "user-event",
                "payload": {"phone": "callbackSetPhone", "type": "sandbox-start"}})
        };
        let mut request = self.0.client.post(to.url().clone()).header("Content-Type", "application/json");
        for (name, value) in self.own_headers() {
            request = request.header(name, value);
        }
        request.body(body.to_string()).send().await.is_ok_and(|answer| answer.status().is_success())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recharge {
    /// What is in the wallet from now on, in dollars.
    balance: Option<f64>,
    /// What is put in.
    add: Option<f64>,
}

/// `POST /_sandbox/wallet`: `{"balance": 12.5}` or `{"add": 50}`.
pub(in crate::sandbox) async fn control_wallet(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let wish: Recharge = match read(&body) {
        Ok(wish) => wish,
        Err(wrong) => return wrong.into_response(),
    };
    let amount = match (wish.balance, wish.add) {
        (Some(amount), None) | (None, Some(amount)) if amount.abs() < 1e9 => (amount * 1e6).round() as i64,
        _ => return Wrong("one of balance and add, in dollars".to_owned()).into_response(),
    };
    let mut world = sandbox.world();
    let before = if wish.add.is_some() { world.gupshup.wallet.unwrap_or_default() } else { 0 };
    world.gupshup.wallet = Some(before + amount);
    Json(json!({"balance": world.gupshup.balance()})).into_response()
}

/// `DELETE /_sandbox/tokens`: every token handed out has expired.
pub(in crate::sandbox) async fn control_tokens(State(sandbox): State<Sandbox>) -> Response {
    let mut world = sandbox.world();
    let n = world.gupshup.tokens.len();
    world.gupshup.tokens.values_mut().for_each(|until| *until = UnixMs(0));
    Json(json!({"expired": n})).into_response()
}
