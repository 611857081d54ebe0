//! A whole installation of processes: the sandbox, a daemon that can be killed and started again on the same store, and
//! what a user asks of it. Shared by the tests and by `make crash` and `make bench`.

mod balance;
mod campaign;
mod configuration;
pub mod crash;
mod database;
mod process;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

pub use balance::Balance;
pub use campaign::{Audience, Folder};
use configuration::{SANDBOX, configuration, sandbox_args};
pub use database::Database;
pub use process::Process;
pub use server::Server;

/// How long a process may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// What an installation is made of.
pub struct Setup {
    /// The database the daemon works on.
    pub database: Database,
    /// Arguments of `recado sandbox` beyond the necessary.
    pub sandbox: Vec<String>,
    /// `--clock` of both.
    pub clock: Option<String>,
    /// Senders of the daemon, all of one account.
    pub senders: Vec<&'static str>,
    /// More of `recado.toml`.
    pub more: String,
    /// Whose protocol daemon and sandbox speak: `cloud_api`, `gupshup` or `zenvia`.
    pub provider: &'static str,
    /// The data directory; relative ones lie beside the configuration.
    pub data_dir: String,
}

impl Setup {
    /// One sender and a real clock.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            sandbox: Vec::new(),
            clock: None,
            senders: vec!["front"],
            more: String::new(),
            provider: "cloud_api",
            data_dir: "data".to_owned(),
        }
    }
}

/// Counts of the sandbox.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Sends accepted.
    pub accepted: u64,
    /// Distinct messages among them.
    pub unique: u64,
    /// Messages sent twice.
    pub duplicates: u64,
    /// Sends refused, by code.
    pub rejected: Value,
    /// POSTs of webhooks that were answered with 200.
    pub webhooks: u64,
}

/// A running installation.
pub struct Rig {
    setup: Setup,
    dir: TempDir,
    sandbox: Process,
    sandbox_at: SocketAddr,
    daemon: Option<Process>,
    daemon_at: SocketAddr,
    token: String,
    client: Client,
}

impl Rig {
    /// Starts sandbox and daemon.
    pub async fn start(setup: Setup) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (sandbox_at, daemon_at) = (free_address(), free_address());
        std::fs::write(dir.path().join("recado.toml"), configuration(&setup, daemon_at, sandbox_at)).expect("written");
        std::fs::write(dir.path().join("sandbox.toml"), SANDBOX).expect("written");
        let args = sandbox_args(&setup, (sandbox_at, daemon_at), dir.path());
        let sandbox = Process::start(&args, &dir.path().join("sandbox.log"));
        let token = token(dir.path()).await;
        let client = client();
        let mut rig = Self { setup, dir, sandbox, sandbox_at, daemon: None, daemon_at, token, client };
        rig.wait_for(&format!("http://{sandbox_at}/_sandbox/stats")).await;
        if rig.setup.provider == "zenvia" {
            rig.make_template().await;
        }
        rig.start_daemon().await;
        rig
    }

    /// The template that campaigns use, where the sandbox does not take any name.
    async fn make_template(&self) {
        let wish = json!({"name": "rig_template", "locale": "es_AR", "channel": "WHATSAPP", "senderId": "5491155550100",
            "category": "UTILITY", "components": {"body": {"type": "TEXT_TEMPLATE", "text": "Hola {{1}}!"}},
            "examples": {"1": "Ana"}});
        let verdict = json!({"name": "rig_template", "language": "es_AR", "status": "APPROVED"});
        for (path, body) in [("/v2/templates", wish), ("/_sandbox/template", verdict)] {
            let request = self.client.post(format!("{}{path}", self.sandbox_url())).header("X-API-TOKEN", "any");
            let answer = request.json(&body).send().await.expect("the sandbox answers");
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
        }
    }

    /// Starts the daemon and waits until it answers.
    pub async fn start_daemon(&mut self) {
        self.launch_daemon();
        self.wait_until_up().await;
    }

    /// Waits until the daemon answers.
    pub async fn wait_until_up(&mut self) {
        self.wait_for(&format!("http://{}/readyz", self.daemon_at)).await;
    }

    /// Starts the daemon and does not wait.
    pub fn launch_daemon(&mut self) {
        let mut args = vec!["serve".to_owned(), "--config".to_owned(), self.config().display().to_string()];
        args.extend(self.setup.clock.iter().flat_map(|clock| ["--clock".to_owned(), clock.clone()]));
        self.daemon = Some(Process::start(&args, &self.path().join("daemon.log")));
    }

    /// Kills the daemon (-9).
    pub async fn kill_daemon(&mut self) {
        self.daemon.take().expect("a running daemon").kill().await;
    }

    /// Stops the daemon as systemd does; whether it ended well.
    pub async fn stop_daemon(&mut self) -> bool {
        self.daemon.take().expect("a running daemon").stop().await
    }

    /// The provider is gone for a while: it takes connections and answers nothing.
    pub async fn freeze_sandbox(&mut self, away: Duration) {
        let pid = self.sandbox.pid().to_string();
        signal("-STOP", &pid).await;
        sleep(away).await;
        signal("-CONT", &pid).await;
    }

    /// Starts another daemon on the same database, with a data directory and an address of its own.
    pub async fn start_another(&mut self) -> Process {
        self.start_another_at(free_address()).await
    }

    /// The same at that address.
    pub async fn start_another_at(&mut self, at: SocketAddr) -> Process {
        let text = configuration(&self.setup, at, self.sandbox_at).replace("= \"data\"", "= \"data2\"");
        let config = self.path().join("another.toml");
        std::fs::write(&config, text).expect("written");
        let mut args = vec!["serve".to_owned(), "--config".to_owned(), config.display().to_string()];
        args.extend(self.setup.clock.iter().flat_map(|clock| ["--clock".to_owned(), clock.clone()]));
        let another = Process::start(&args, &self.path().join("another.log"));
        self.wait_for(&format!("http://{at}/readyz")).await;
        another
    }

    /// The daemon's store, seen from outside.
    pub async fn store(&self) -> recado::store::Store {
        recado::store::open(self.setup.database.url(), &self.path().join("data")).await.expect("the store opens")
    }

    /// The daemon, for what the operating system knows of it.
    pub fn daemon(&self) -> &Process {
        self.daemon.as_ref().expect("a running daemon")
    }

    /// Panics with the end of its log when the daemon has ended by itself.
    pub fn must_run(&mut self) {
        self.daemon.as_mut().expect("a running daemon").must_run();
    }

    /// Everything lies here.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.path().join("recado.toml")
    }

    /// Address of the daemon.
    pub fn daemon_url(&self) -> String {
        format!("http://{}", self.daemon_at)
    }

    /// The token of an administrator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Address of the sandbox.
    pub fn sandbox_url(&self) -> String {
        format!("http://{}", self.sandbox_at)
    }

    /// Loads a campaign and starts it; its run.
    pub async fn start_campaign(&self, folder: &Folder) -> i64 {
        let (id, version) = self.load_campaign(folder).await;
        let started = self.post(&format!("/api/v1/campaigns/{id}/start"), &json!({"version": version})).await;
        started["run"].as_i64().unwrap_or_else(|| panic!("no run: {started}"))
    }

    /// Loads a campaign; its id and its version.
    pub async fn load_campaign(&self, folder: &Folder) -> (i64, i64) {
        let part = |bytes: Vec<u8>, name: &str| reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new()
            .text("name", folder.name.clone())
            .part("campaign", part(folder.definition.clone().into_bytes(), "campaign.toml"))
            .part("audience", part(folder.audience.clone(), "people.csv"));
        let request = self.request(Method::POST, "/api/v1/campaigns").multipart(form);
        let loaded = self.answer(request, "load").await;
        let number = |key: &str| loaded[key].as_i64().unwrap_or_else(|| panic!("not loaded: {loaded}"));
        (number("id"), number("version"))
    }

    /// GET of the daemon's API.
    pub async fn get(&self, path: &str) -> Value {
        self.answer(self.request(Method::GET, path), path).await
    }

    /// POST to the daemon's API.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.answer(self.request(Method::POST, path).json(body), path).await
    }

    /// What changes, as the daemon at `origin` tells it.
    pub async fn events(&self, origin: &str) -> reqwest::Response {
        let request = self.client.get(format!("{origin}/api/v1/events")).bearer_auth(&self.token);
        let answer = request.send().await.expect("the stream begins");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let key = format!("{:x}", rand::random::<u128>());
        let request = self.client.request(method, format!("{}{path}", self.daemon_url())).bearer_auth(&self.token);
        request.header("Idempotency-Key", key)
    }

    async fn answer(&self, request: reqwest::RequestBuilder, what: &str) -> Value {
        let response = request.send().await.unwrap_or_else(|e| panic!("{what}: {e}: {}", self.log()));
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{what}: {status}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// What the sandbox has counted.
    pub async fn stats(&self) -> Stats {
        let told = self.sandbox_get("/_sandbox/stats").await;
        let count = |key: &str| told[key].as_u64().expect("a count");
        Stats {
            accepted: count("accepted"),
            unique: count("unique"),
            duplicates: count("duplicates"),
            rejected: told["rejected"].clone(),
            webhooks: told["webhooks"]["sent"].as_u64().expect("a count"),
        }
    }

    /// GET of the sandbox's control endpoints.
    pub async fn sandbox_get(&self, path: &str) -> Value {
        let answer =
            self.client.get(format!("{}{path}", self.sandbox_url())).send().await.expect("the sandbox answers");
        answer.json().await.expect("JSON")
    }

    /// POST to the sandbox's control endpoints.
    pub async fn sandbox_post(&self, path: &str, body: &Value) {
        let sent = self.client.post(format!("{}{path}", self.sandbox_url())).json(body).send().await;
        assert!(sent.expect("the sandbox answers").status().is_success(), "{path}");
    }

    /// A fault of the sandbox.
    pub async fn fault(&self, kind: &str, rate: f64, when: &str) {
        let url = format!("{}/_sandbox/faults", self.sandbox_url());
        let sent = self.client.post(url).json(&json!({"kind": kind, "rate": rate, "when": when})).send().await;
        assert!(sent.expect("the sandbox answers").status().is_success(), "{kind} {when}");
    }

    /// No faults any more.
    pub async fn no_faults(&self) {
        let sent = self.client.delete(format!("{}/_sandbox/faults", self.sandbox_url())).send().await;
        assert!(sent.expect("the sandbox answers").status().is_success());
    }

    /// The end of the daemon's log.
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Process::log_tail).unwrap_or_default()
    }

    async fn wait_for(&mut self, url: &str) {
        let started = Instant::now();
        loop {
            if self.client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            self.sandbox.must_run();
            if let Some(daemon) = &mut self.daemon {
                daemon.must_run();
            }
            assert!(started.elapsed() < PATIENCE, "{url} does not answer: {}", self.log());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Sends a signal to a process we started.
pub async fn signal(name: &str, pid: &str) {
    let done = tokio::process::Command::new("kill").args([name, pid]).status().await.expect("kill(1)");
    assert!(done.success(), "process {pid} is gone");
}

/// A loopback address nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound")
}

/// A client for plain HTTP.
pub fn client() -> Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().no_proxy().tls_backend_preconfigured(tls).build().expect("a client")
}

async fn token(dir: &Path) -> String {
    let config = dir.join("recado.toml").display().to_string();
    let made = tokio::process::Command::new(env!("CARGO_BIN_EXE_recado"))
        .args(["token", "add", "rig", "--role", "admin", "--expires", "1d", "--config", &config])
        .output()
        .await
        .expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    assert!(made.status.success(), "{}", text(made.stderr));
    text(made.stdout).trim().to_owned()
}
