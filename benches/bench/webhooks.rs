//! How fast statuses are answered while everything else goes on: a million rows loaded, a run at full speed, a page open.

use std::time::{Duration, Instant};

use futures::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::json;
use sha2::Sha256;
use tokio::time::{interval, sleep};

use super::line::Line;
use super::rig::{self, Audience, Database, Folder, Rig, Setup};

/// Statuses a second, one a POST.
const RATE: u32 = 3_000;
const SPAN: Duration = Duration::from_secs(30);
/// POSTs begun together: every hundredth of a second.
const TICK: Duration = Duration::from_millis(10);
const GRANTED: u32 = 1_000;

/// Two lines for each database.
pub async fn measure(print: &dyn Fn(&Line)) {
    for database in Database::both().await {
        let name = database.name();
        let sandbox = ["--any-template", "--quiet", "--throughput", &GRANTED.to_string()].map(str::to_owned).to_vec();
        let rig = Rig::start(Setup { sandbox, ..Setup::new(database) }).await;
        let run =
            rig.start_campaign(&Folder::new("run", "reminder", "front", Audience { people: 60_000, from: 0 })).await;
        while !rig.get(&format!("/api/v1/runs/{run}")).await["rows_read"].is_i64() {
            sleep(Duration::from_millis(50)).await;
        }
        let million = Folder::new("million", "reminder", "front", Audience { people: 1_000_000, from: 2_000_000 });
        let (mut times, _, ()) = tokio::join!(post_all(&rig), rig.start_folder(&million), watch(&rig, run));
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] * 1_000.0;
        let from = format!("{} answered in {} s", times.len(), SPAN.as_secs());
        for (what, share, bar) in [("median", 0.5, -10.0), ("99th percentile", 0.99, -60.0)] {
            let what = format!("{RATE} statuses/s answered in ms, {what}, {name}");
            print(&Line { what, value: at(share), bar, from: from.clone() });
        }
    }
}

/// Posts at the rate whatever the answers take; seconds of each.
async fn post_all(rig: &Rig) -> Vec<f64> {
    let (client, url) = (rig::client(), format!("{}/webhooks/meta", rig.daemon_url()));
    let mut tick = interval(TICK);
    let (mut open, mut times, mut no) = (futures::stream::FuturesUnordered::new(), Vec::new(), 0_u64);
    let started = Instant::now();
    while started.elapsed() < SPAN {
        tokio::select! {
            _ = tick.tick() => {
                for _ in 0..RATE / 100 {
                    no += 1;
                    open.push(post(&client, &url, no));
                }
            }
            Some(time) = open.next() => times.push(time),
        }
    }
    while let Some(time) = open.next().await {
        times.push(time);
    }
    times
}

async fn post(client: &Client, url: &str, no: u64) -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let status = json!({
        "id": format!("wamid.bench{no}"), "status": "delivered", "timestamp": now.to_string(),
        "recipient_id": "5491155550123", "biz_opaque_callback_data": format!("r1.bench0.{no}.1"),
        "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"},
    });
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{
        "field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "5491155550100", "phone_number_id": "106540352240000"},
            "statuses": [status]}}]}]})
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let started = Instant::now();
    let answer = client.post(url).header("X-Hub-Signature-256", signature).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    started.elapsed().as_secs_f64()
}

/// Somebody looks at the run, as its page does.
async fn watch(rig: &Rig, run: i64) {
    let started = Instant::now();
    while started.elapsed() < SPAN {
        rig.get(&format!("/api/v1/runs/{run}")).await;
        sleep(Duration::from_secs(1)).await;
    }
}
