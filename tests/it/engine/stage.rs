//! A stage for the engine: a store, a fixed clock, a configuration, and a provider on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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
use recado::store::template::own::{self, Own};
use recado::store::{Store, run, variable};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};

mod stub;

pub use stub::{Does, Stub};

/// A Tuesday at 10:00 in Buenos Aires.
pub const TUESDAY: UnixMs = UnixMs(1_795_525_200_000);
pub const SENDER: &str = "front";

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
        let stub = Stub::listening(reminder()).await;
        let address = format!("http://{}", stub.address());
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

    /// CAMPAIGN without values of its own: its template has `expression` as the usual one, and `saludo` is custom.
    pub async fn usual_values(&self, expression: &str) -> String {
        self.engine.sync_templates("meta").await.unwrap();
        let (store, now) = (&self.engine.store, self.clock.now());
        let usual = Own { mapping: [("1".to_owned(), expression.to_owned())].into(), ..Own::default() };
        own::save(store, ("meta", "reminder", "es_AR"), &usual, now).await.unwrap();
        variable::set(store, "saludo", "Buen día", "ana", now).await.unwrap();
        CAMPAIGN.split("[variables]").next().unwrap().to_owned()
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
    pub async fn told(&self, field: &str, value: Value) {
        self.told_of(self.clock.now(), field, value).await;
    }

    /// The same now, of a time before.
    pub async fn told_of(&self, at: UnixMs, field: &str, mut value: Value) {
        if field == "messages" {
            value["metadata"] = json!({"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"});
        }
        let entry =
            json!({"id": "102290129340398", "time": at.0 / 1000, "changes": [{"field": field, "value": value}]});
        let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
        self.engine.keep_webhook("meta", body.as_bytes(), self.clock.now()).await.unwrap();
        let receiver = recado::engine::receiver::Receiver::new(self.engine.clone(), Arc::new(Notify::new()));
        while receiver.step().await.unwrap() > 0 {}
    }

    /// Receipts of these messages come in: `sent`, `delivered`, or what they failed with.
    pub async fn receipts(&self, of: &[CallbackData], status: &str, code: Option<i64>) {
        let at = (self.clock.now().0 / 1000).to_string();
        let receipt = |callback: &CallbackData| {
            let mut told = json!({"id": format!("wamid.{}.{}", callback.message, callback.attempt), "status": status,
                "timestamp": at, "biz_opaque_callback_data": callback.to_string()});
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
    // Files lie still at once, unless a test counts for how long they do.
    let campaigns = if more.contains("[campaigns]") { "" } else { "[campaigns]\nquiet = \"0s\"" };
    let source = format!(
        r#"
[server]
listen     = "127.0.0.1:0"
public_url = "{public}"
data_dir   = "data"
{campaigns}
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
        cards: Arc::new(Cards::of(&[]).unwrap()),
        instance: Instance::parse("test").unwrap(),
        node: node.to_owned(),
        changes: broadcast::channel(1_024).0,
        wake: Arc::new(Notify::new()),
        inbound: recado::engine::inbound::Inbound::default(),
        limits_changed: Arc::new(Notify::new()),
        wallets: recado::engine::wallet::Wallets::default(),
        counters: recado::engine::counters::Counters::default(),
        refusals: recado::engine::refusals::Refusals::default(),
    })
}

/// More than a claim, a request and the grace after it take.
pub const DOUBTFUL: Duration = Duration::from_secs(22);
