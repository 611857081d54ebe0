//! A stage for the engine: a store, a fixed clock, a configuration, and a provider on this machine that does as told.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use recado::billing::card::Cards;
use recado::clock::Clock;
use recado::config::Config;
use recado::domain::callback::{CallbackData, Instance};
use recado::domain::id::{MessageId, RunId, VersionId};
use recado::domain::message::MessageState;
use recado::domain::time::UnixMs;
use recado::engine::dispatcher::{Dispatcher, Look};
use recado::engine::janitor::Janitor;
use recado::engine::planner::Planner;
use recado::engine::settler::Settler;
use recado::engine::{Engine, Loaded, Parts, StartOutcome};
use recado::provider::Provider;
use recado::store::message::{self, Message};
use recado::store::{Store, run};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// A Tuesday at 10:00 in Buenos Aires.
pub const TUESDAY: UnixMs = UnixMs(1_795_525_200_000);
pub const SENDER: &str = "front";

/// What the provider does with one request.
#[derive(Clone, Debug)]
pub enum Does {
    Accepts,
    /// Answers this Graph error with this status.
    Says(u16, i64),
    /// Accepts, and holds it for review.
    Reviews,
    /// Accepts and does not answer until it is released.
    Waits,
}

#[derive(Default)]
pub struct Stub {
    next: Mutex<VecDeque<Does>>,
    always: Mutex<Option<Does>>,
    pub seen: Mutex<Vec<CallbackData>>,
    /// To whom each went, and the first value of its template, in the same order.
    pub values: Mutex<Vec<(String, String)>>,
    /// One, or a list of them.
    pub template: Mutex<Value>,
    /// Languages of the templates sent.
    pub languages: Mutex<Vec<String>>,
    /// The messaging limit it tells.
    pub tier: Mutex<Option<&'static str>>,
    /// Country code nobody may write to.
    pub closed: Mutex<Option<&'static str>>,
    /// How the number stands, where it is not connected.
    pub status: Mutex<Option<&'static str>>,
    arrived: Notify,
    release: Notify,
    /// Where it listens, and what ends that.
    place: Mutex<Option<(std::net::SocketAddr, CancellationToken)>>,
}

impl Stub {
    /// What it does with the next requests, in order; afterwards it accepts.
    pub fn next(&self, what: impl IntoIterator<Item = Does>) {
        self.next.lock().unwrap().extend(what);
    }

    pub fn always(&self, what: Does) {
        *self.always.lock().unwrap() = Some(what);
    }

    /// Nothing is planned any more: it accepts.
    pub fn forget(&self) {
        self.next.lock().unwrap().clear();
        *self.always.lock().unwrap() = None;
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub async fn request(&self) {
        self.arrived.notified().await;
    }

    pub fn release(&self) {
        self.release.notify_waiters();
    }

    /// Nobody listens there any more.
    pub fn down(&self) {
        self.place.lock().unwrap().as_ref().unwrap().1.cancel();
    }

    /// Somebody does again, at the same place.
    pub async fn up(self: &Arc<Self>) {
        let place = self.place.lock().unwrap().as_ref().unwrap().0;
        listen(self, place).await;
    }
}

async fn listen(stub: &Arc<Stub>, place: std::net::SocketAddr) {
    let router = Router::new()
        .route("/{id}", get(node))
        .route("/{id}/messages", post(send))
        .route("/{id}/message_templates", get(templates))
        .with_state(Arc::clone(stub));
    let listener = tokio::net::TcpListener::bind(place).await.unwrap();
    let (place, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    *stub.place.lock().unwrap() = Some((place, stop.clone()));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        // Dropping the server closes its connections, as a provider that is gone does.
        tokio::select! { () = stop.cancelled() => {}, served = axum::serve(listener, router) => served.unwrap() }
    });
    tasks.detach_all();
}

async fn send(State(stub): State<Arc<Stub>>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let callback = CallbackData::parse(body["biz_opaque_callback_data"].as_str().unwrap()).unwrap();
    let id = format!("wamid.{}.{}", callback.message, callback.attempt);
    stub.seen.lock().unwrap().push(callback);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let value = text(&body["template"]["components"][0]["parameters"][0]["text"]);
    stub.values.lock().unwrap().push((text(&body["to"]), value));
    stub.languages.lock().unwrap().extend(body["template"]["language"]["code"].as_str().map(str::to_owned));
    let always = stub.always.lock().unwrap().clone();
    let closed = stub.closed.lock().unwrap().filter(|code| body["to"].as_str().unwrap().starts_with(code));
    if closed.is_some() {
        return (StatusCode::FORBIDDEN, Json(json!({"error": {"message": "no", "code": 130_497, "fbtrace_id": "t"}})));
    }
    let does = stub.next.lock().unwrap().pop_front().or(always).unwrap_or(Does::Accepts);
    let accepted = json!({"messaging_product": "whatsapp", "contacts": [{"input": body["to"], "wa_id": "5491100000000"}],
        "messages": [{"id": id, "message_status": "accepted"}]});
    match does {
        Does::Accepts => (StatusCode::OK, Json(accepted)),
        Does::Reviews => {
            let mut held = accepted;
            held["messages"][0]["message_status"] = json!("held_for_quality_assessment");
            (StatusCode::OK, Json(held))
        }
        Does::Says(status, code) => {
            let error = json!({"error": {"message": "no", "code": code, "fbtrace_id": "t"}});
            (StatusCode::from_u16(status).unwrap(), Json(error))
        }
        Does::Waits => {
            let released = stub.release.notified();
            stub.arrived.notify_one();
            released.await;
            (StatusCode::OK, Json(accepted))
        }
    }
}

async fn node(State(stub): State<Arc<Stub>>, UrlPath(id): UrlPath<String>) -> Json<Value> {
    let mut node =
        json!({"id": id, "throughput": {"level": "STANDARD"}, "status": "CONNECTED", "quality_rating": "GREEN"});
    if let Some(status) = *stub.status.lock().unwrap() {
        node["status"] = json!(status);
    }
    if let Some(tier) = *stub.tier.lock().unwrap() {
        node["whatsapp_business_manager_messaging_limit"] = json!(tier);
        node["throughput"] = json!({"messages_per_second": 1000});
    }
    Json(node)
}

async fn templates(State(stub): State<Arc<Stub>>) -> Json<Value> {
    let template = stub.template.lock().unwrap().clone();
    Json(json!({"data": if template.is_array() { template } else { json!([template]) }}))
}

pub fn reminder() -> Value {
    json!({"id": "1", "name": "reminder", "language": "es_AR", "status": "APPROVED", "category": "UTILITY",
        "parameter_format": "POSITIONAL", "components": [{"type": "BODY", "text": "Hola {{1}}, le esperamos.",
        "example": {"body_text": [["Ana"]]}}]})
}

pub const CAMPAIGN: &str = r#"
kind     = "reminder"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "reminder"
language = "es_AR"
[variables]
1 = "{{ nombre }}"
"#;

/// A file of `n` people, each with a number of their own.
pub fn people(n: usize) -> String {
    let rows: Vec<String> = (0..n).map(|i| format!("Ana,+54911{:08}", 50_000_000 + i)).collect();
    format!("nombre,telefono\n{}\n", rows.join("\n"))
}

pub struct Stage {
    pub engine: Engine,
    pub clock: Clock,
    pub stub: Arc<Stub>,
    address: String,
    more: String,
}

impl Stage {
    pub async fn new(store: &Store, dir: &Path) -> Self {
        Self::with(store, dir, "").await
    }

    /// The same with `more` in its configuration.
    pub async fn with(store: &Store, dir: &Path, more: &str) -> Self {
        let stub = Arc::new(Stub::default());
        *stub.template.lock().unwrap() = reminder();
        listen(&stub, "127.0.0.1:0".parse().unwrap()).await;
        let address = format!("http://{}", stub.place.lock().unwrap().as_ref().unwrap().0);
        let clock = Clock::fixed(TUESDAY);
        let engine = engine(store, dir, ("node1", &address, more), clock.clone()).await;
        Self { engine, clock, stub, address, more: more.to_owned() }
    }

    /// Another process on the same store, after this one died.
    pub async fn restarted(&self, dir: &Path) -> Engine {
        engine(&self.engine.store, dir, ("node2", &self.address, &self.more), self.clock.clone()).await
    }

    /// A started run of `campaign` over `audience`, planned to the end.
    pub async fn run(&self, name: &str, campaign: &str, audience: &str) -> RunId {
        let version = self.load(name, campaign, audience).await;
        let StartOutcome::Started(id) = self.engine.start(version, "ana").await.unwrap() else {
            panic!("{:?}", self.engine.start(version, "ana").await)
        };
        while Planner::new(self.engine.clone()).step().await.unwrap() {}
        id
    }

    pub async fn load(&self, name: &str, campaign: &str, audience: &str) -> VersionId {
        let bytes = audience.as_bytes().to_vec();
        match self.engine.load_campaign(name, campaign, Some(("people.csv", bytes)), "ana").await.unwrap() {
            Loaded::Version { version, .. } => version,
            Loaded::Refused(problems) => panic!("{problems:?}"),
        }
    }

    /// A dispatcher, and the settler behind it.
    pub fn sender(&self) -> Sender {
        sender(&self.engine)
    }

    /// Where the provider listens.
    pub fn address(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    pub async fn janitor(&self) {
        Janitor::new(self.engine.clone()).step().await.unwrap();
    }

    /// A webhook with `value` in `field` comes in, and is read.
    pub async fn told(&self, field: &str, mut value: Value) {
        if field == "messages" {
            value["metadata"] = json!({"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"});
        }
        let entry = json!({"id": "102290129340398", "time": self.clock.now().0 / 1000, "changes": [{"field": field, "value": value}]});
        let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
        recado::store::webhook::store(&self.engine.store, "meta", body.as_bytes(), self.clock.now()).await.unwrap();
        let receiver = recado::engine::receiver::Receiver::new(self.engine.clone(), Arc::new(Notify::new()));
        while receiver.step().await.unwrap() > 0 {}
    }

    /// Receipts of these messages come in: `sent`, `delivered`, or what they failed with.
    pub async fn receipts(&self, of: &[CallbackData], status: &str, code: Option<i64>) {
        let at = (self.clock.now().0 / 1000).to_string();
        let receipt = |callback: &CallbackData| {
            let mut told = json!({"id": format!("wamid.{}.{}", callback.message, callback.attempt), "status": status,
                "timestamp": at, "recipient_id": "5491100000000", "biz_opaque_callback_data": callback.to_string()});
            if let Some(code) = code {
                told["errors"] = json!([{"code": code, "title": "no"}]);
            }
            told
        };
        self.told("messages", json!({"statuses": of.iter().map(receipt).collect::<Vec<_>>()})).await;
    }

    /// Receipts of these messages come in at `engine`, another than the stage's.
    pub async fn receipts_at(&self, engine: &Engine, of: &[CallbackData], status: &str) {
        let there = Self {
            engine: engine.clone(),
            clock: self.clock.clone(),
            stub: Arc::clone(&self.stub),
            address: self.address.clone(),
            more: String::new(),
        };
        there.receipts(of, status, None).await;
    }

    /// What Recado noted in the audit by itself: deed and subject, in order.
    pub async fn own_deeds(&self) -> Vec<(String, String)> {
        let mut lines = recado::store::audit::page(&self.engine.store, i64::MAX, "recado", "", 100).await.unwrap();
        lines.reverse();
        lines.into_iter().map(|line| (line.action, line.subject)).collect()
    }

    pub async fn states(&self, run: RunId) -> BTreeMap<&'static str, i64> {
        states(&self.engine.store, run).await
    }

    pub async fn message(&self, id: MessageId) -> Message {
        message::get(&self.engine.store, id).await.unwrap().unwrap()
    }
}

pub struct Sender {
    pub dispatcher: Dispatcher,
    pub settler: Settler,
}

pub fn sender(engine: &Engine) -> Sender {
    sender_of(engine, SENDER)
}

pub fn sender_of(engine: &Engine, name: &str) -> Sender {
    let (settler, settled) = Settler::new(engine.clone());
    Sender { dispatcher: Dispatcher::new(engine.clone(), name, settled).unwrap(), settler }
}

impl Sender {
    /// Steps until nothing more may be claimed, however long the pace takes; how many were claimed.
    pub async fn drain(&mut self) -> usize {
        let mut all = 0;
        loop {
            match self.next_claim().await {
                0 => return all,
                claimed => all += claimed,
            }
        }
    }

    /// The next claim, however long the pace takes, sent and settled; 0: nothing may be claimed.
    pub async fn next_claim(&mut self) -> usize {
        loop {
            match self.dispatcher.look().await.unwrap() {
                Look::Claimed(batch) => {
                    let batch = self.dispatcher.pass(batch).await;
                    let claimed = batch.len();
                    futures::future::join_all(batch.into_iter().map(|d| self.dispatcher.depart(d))).await;
                    let mut settled = 0;
                    while settled < claimed {
                        settled += self.settler.step().await;
                    }
                    return claimed;
                }
                Look::Nothing => return 0,
                Look::NoSlot | Look::NoPermit => tokio::task::yield_now().await,
            }
        }
    }

    /// Claims, sends and settles once; how many were claimed.
    pub async fn step(&mut self) -> usize {
        let claimed = self.dispatcher.step().await.unwrap();
        let mut settled = 0;
        while settled < claimed {
            settled += self.settler.step().await;
        }
        claimed
    }
}

pub async fn states(store: &Store, run: RunId) -> BTreeMap<&'static str, i64> {
    let counts = run::counts(store, run).await.unwrap();
    counts.into_iter().map(|(state, n): (MessageState, i64)| (state.as_str(), n)).collect()
}

/// An engine of that node with the provider at `address` and `more` in its configuration.
pub async fn engine(store: &Store, dir: &Path, (node, address, more): (&str, &str, &str), clock: Clock) -> Engine {
    // The sandbox, which the account at Zenvia subscribes at, posts to this machine only.
    let is_here = more.contains("[account.zenvia]");
    let public = if is_here { "http://127.0.0.1:9" } else { "https://recado.example.org" };
    let source = format!(
        r#"
[server]
listen     = "127.0.0.1:0"
public_url = "{public}"
data_dir   = "data"
[store]
url = "sqlite:recado.db"
[account.meta]
provider     = "cloud_api"
base_url     = "{address}"
waba_id      = "102290129340398"
currency     = "USD"
timezone     = "America/Argentina/Buenos_Aires"
access_token = "t"
app_secret   = "s"
verify_token = "v"
[sender.front]
account         = "meta"
phone_number_id = "106540352242922"
number          = "+5491155550100"
throughput      = 1000
{more}
"#
    );
    let config = Config::parse(&source, "recado.toml", dir, &BTreeMap::new()).unwrap();
    let providers = config.accounts.iter().map(|(name, a)| (name.clone(), Provider::connect(a).unwrap())).collect();
    Engine::new(Parts {
        store: store.clone(),
        config: Arc::new(config),
        clock,
        providers,
        cards: Arc::new(Cards::embedded()),
        instance: Instance::parse("test").unwrap(),
        node: node.to_owned(),
        changes: broadcast::channel(64).0,
        wake: Arc::new(Notify::new()),
        inbound: recado::engine::inbound::Inbound::default(),
        limits_changed: Arc::new(Notify::new()),
        wallets: recado::engine::wallet::Wallets::default(),
        counters: recado::engine::counters::Counters::default(),
    })
}

/// More than a claim, a request and the grace after it take.
pub const DOUBTFUL: Duration = Duration::from_secs(22);
