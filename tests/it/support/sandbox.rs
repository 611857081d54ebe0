//! A sandbox on port 0, and a receiver for its webhooks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use recado::clock::Clock;
use recado::domain::time::UnixMs;
use recado::sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the tests sign with.
pub const APP_SECRET: &str = "test_app_secret";
/// What the tests verify with.
pub const VERIFY_TOKEN: &str = "test_verify_token";
/// A sender and an account; they exist once used.
pub const SENDER: &str = "106540352242922";
/// WABA id.
pub const ACCOUNT: &str = "102290129340398";

/// 2026-11-24T10:00:00Z, a Tuesday.
pub const TUESDAY: UnixMs = UnixMs(1_795_514_400_000);

/// A sandbox that answers requests. Nothing happens in it by itself: tests let it, by [`TestSandbox::pass`] or
/// [`TestSandbox::deliver`].
pub struct TestSandbox {
    pub sandbox: Sandbox,
    pub address: SocketAddr,
    pub clock: Clock,
    client: reqwest::Client,
    real: Mutex<Instant>,
    stop: CancellationToken,
    _stop_at_end: DropGuard,
}

/// Settings of a quiet sandbox that posts to `webhook`, without duplicates, delays and early statuses.
pub fn sandbox_config(webhook: &str) -> SandboxConfig {
    let webhook = webhook.parse().expect("an address of this machine");
    let mut config = SandboxConfig::new(webhook, APP_SECRET.into(), VERIFY_TOKEN.into());
    config.people = recado::sandbox::People::quiet();
    config.delivery =
        recado::sandbox::Delivery { batch: 50, duplicates: 0.0, late: 0.0, early: 0.0, missing_ids: 0.0, off: false };
    config
}

/// Starts a sandbox on port 0.
pub async fn start_sandbox(config: SandboxConfig, clock: Clock) -> TestSandbox {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let sandbox = Sandbox::new(config, clock.clone());
    let stop = CancellationToken::new();
    in_background(sandbox.clone().serve(listener, stop.clone()));
    let real = Mutex::new(Instant::now());
    let client = plain_client();
    TestSandbox { sandbox, address, clock, client, real, stop: stop.clone(), _stop_at_end: stop.drop_guard() }
}

/// A quiet sandbox at [`TUESDAY`] whose webhooks go nowhere.
pub async fn quiet_sandbox() -> TestSandbox {
    start_sandbox(sandbox_config("http://127.0.0.1:1/"), Clock::fixed(TUESDAY)).await
}

#[expect(clippy::disallowed_methods, reason = "a test's server lives as long as its runtime")]
fn in_background<F: Future<Output: Send> + Send + 'static>(task: F) {
    tokio::spawn(task);
}

/// A client for plain HTTP.
pub fn plain_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().expect("a client")
}

impl TestSandbox {
    /// Base URL with a version, as an account's `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v26.0", self.address)
    }

    /// A request with the test token.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth("token")
    }

    /// GET: status and body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer_of(self.request(reqwest::Method::GET, path)).await
    }

    /// POST: status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer_of(self.request(reqwest::Method::POST, path).json(body)).await
    }

    /// DELETE: status and body.
    pub async fn delete(&self, path: &str) -> (u16, Value) {
        answer_of(self.request(reqwest::Method::DELETE, path)).await
    }

    /// Sends `body` from [`SENDER`].
    pub async fn send(&self, body: &Value) -> (u16, Value) {
        self.post(&format!("/v26.0/{SENDER}/messages"), body).await
    }

    /// Lets `real` seconds and `hours` of the clock pass; the bodies posted meanwhile.
    pub fn pass(&self, real: u64, hours: u64) -> Vec<Value> {
        self.pass_by(real, Duration::from_hours(hours))
    }

    /// The same with any span of the clock.
    pub fn pass_by(&self, real: u64, span: Duration) -> Vec<Value> {
        let mut at = self.real.lock().expect("not poisoned");
        *at = (*at).max(Instant::now()) + Duration::from_secs(real);
        self.clock.advance(span);
        let posts = self.sandbox.step(*at, self.clock.now(), 10_000);
        posts.iter().map(|p| serde_json::from_slice(&p.body).expect("JSON")).collect()
    }

    /// Lets everything happen that will; the bodies posted.
    pub fn pass_all(&self) -> Vec<Value> {
        (0..24).flat_map(|_| self.pass(15, 1)).collect()
    }

    /// Posts webhooks in real time until the test ends.
    pub fn deliver(&self) {
        in_background(self.sandbox.clone().deliver(self.stop.clone()));
    }

    /// `/_sandbox/stats`.
    pub async fn stats(&self) -> Value {
        self.get("/_sandbox/stats").await.1
    }
}

async fn answer_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A send of `appointment_reminder` to `to`, with callback data.
pub fn reminder(to: &str, callback: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "template",
        "biz_opaque_callback_data": callback,
        "template": {"name": "appointment_reminder", "language": {"code": "es_AR"}, "components": [
            {"type": "body", "parameters": [
                {"type": "text", "text": "Ana"}, {"type": "text", "text": "Laboratorio Norte"},
                {"type": "text", "text": "martes 24 de noviembre, 14:30"},
            ]},
            {"type": "button", "sub_type": "quick_reply", "index": "0",
             "parameters": [{"type": "payload", "payload": format!("{callback}.yes")}]},
            {"type": "button", "sub_type": "quick_reply", "index": "1",
             "parameters": [{"type": "payload", "payload": format!("{callback}.no")}]},
        ]},
    })
}

/// All items of `list` (`statuses`, `messages`, `user_preferences`, `contacts`) in `bodies`.
pub fn items(bodies: &[Value], list: &str) -> Vec<Value> {
    let entries = bodies.iter().flat_map(|b| b["entry"].as_array().expect("entries"));
    let changes = entries.flat_map(|e| e["changes"].as_array().expect("changes"));
    changes.flat_map(|c| c["value"][list].as_array().cloned().unwrap_or_default()).collect()
}

/// The `status` words told of the message with callback data `callback`, in order.
pub fn fate(bodies: &[Value], callback: &str) -> Vec<String> {
    let statuses = items(bodies, "statuses").into_iter().filter(|s| s["biz_opaque_callback_data"] == callback);
    statuses.map(|s| s["status"].as_str().expect("a word").to_owned()).collect()
}

/// A POST as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub signature: String,
    pub body: Bytes,
    pub at: Instant,
}

/// A webhook that writes down what comes, and answers what the test wants.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<ReceiverState>>,
}

struct ReceiverState {
    answers: StatusCode,
    received: Vec<Received>,
    handshakes: Vec<String>,
}

impl Receiver {
    /// Starts one that answers 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhooks/meta", listener.local_addr().expect("bound"));
        let state = ReceiverState { answers: StatusCode::OK, received: Vec::new(), handshakes: Vec::new() };
        let receiver = Self { url, state: Arc::new(Mutex::new(state)) };
        let router = Router::new().route("/webhooks/meta", get(shake_hands).post(take)).with_state(receiver.clone());
        in_background(axum::serve(listener, router).into_future());
        receiver
    }

    /// From now on it answers this.
    pub fn answer(&self, status: StatusCode) {
        self.state.lock().expect("not poisoned").answers = status;
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().expect("not poisoned").received.clone()
    }

    /// Queries of the handshakes so far.
    pub fn handshakes(&self) -> Vec<String> {
        self.state.lock().expect("not poisoned").handshakes.clone()
    }

    /// Waits until `count` POSTs have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let all = async {
            while self.received().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("the webhooks come");
        self.received()
    }
}

async fn shake_hands(State(receiver): State<Receiver>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let query = query.unwrap_or_default();
    let value = |key: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(k, _)| k == key).map(|(_, v)| v.into_owned()).unwrap_or_default()
    };
    receiver.state.lock().expect("not poisoned").handshakes.push(query.clone());
    if value("hub.verify_token") == VERIFY_TOKEN {
        (StatusCode::OK, value("hub.challenge"))
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get("x-hub-signature-256").and_then(|h| h.to_str().ok()).unwrap_or_default().to_owned();
    let mut state = receiver.state.lock().expect("not poisoned");
    state.received.push(Received { signature, body, at: Instant::now() });
    state.answers
}
