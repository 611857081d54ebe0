//! The other side of the comparison: a loop that sends the same requests and remembers nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};

use super::rig::{self, Process, free_address};

/// Requests open at once: as many as the daemon keeps slots for at its highest throughput.
const OPEN: usize = 64;

/// A sandbox that tells nobody anything: what the bare loop sends costs the daemon nothing.
pub struct Plain {
    /// Its address.
    pub url: String,
    _process: Process,
    _dir: tempfile::TempDir,
}

impl Plain {
    /// Starts it.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = free_address();
        let config = dir.path().join("sandbox.toml");
        std::fs::write(&config, "[webhooks]\noff = true\n").unwrap();
        let (at, config) = (at.to_string(), config.display().to_string());
        let args = ["sandbox", "--listen", &at, "--webhook", "http://127.0.0.1:9/", "--app-secret", "any"];
        let more =
            ["--verify-token", "any", "--any-template", "--quiet", "--throughput", "1000000", "--config", &config];
        let args: Vec<String> = args.iter().chain(&more).map(|arg| (*arg).to_owned()).collect();
        let process = Process::start(&args, &dir.path().join("sandbox.log"));
        let url = format!("http://{at}");
        while rig::client().get(format!("{url}/_sandbox/stats")).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { url, _process: process, _dir: dir }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Sends `count` templates; per second.
pub async fn sends(client: &Client, sandbox: &str, count: u64) -> f64 {
    let url = format!("{sandbox}/v26.0/106540352249999/messages");
    rate(count, async || {
        let answer = client.post(&url).bearer_auth("any").json(&body()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.bytes().await.unwrap();
    })
    .await
}

/// Asks an endpoint that does nothing; per second.
pub async fn empty(client: &Client, sandbox: &str, count: u64) -> f64 {
    let url = format!("{sandbox}/_sandbox/stats");
    rate(count, async || {
        client.get(&url).send().await.unwrap().bytes().await.unwrap();
    })
    .await
}

async fn rate(count: u64, one: impl AsyncFn()) -> f64 {
    let started = Instant::now();
    futures::stream::iter(0..count).for_each_concurrent(OPEN, |_| one()).await;
    count as f64 / started.elapsed().as_secs_f64()
}

fn body() -> Value {
    let no = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual",
        "to": format!("+54911{}", 90_000_000 + no % 9_000 + no / 9_000 * 10_000),
        "biz_opaque_callback_data": format!("r1.bare0.{}.1", no + 1),
        "type": "template",
        "template": {"name": "rig_template", "language": {"code": "es_AR"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": format!("Person {no}")}]}]},
    })
}
