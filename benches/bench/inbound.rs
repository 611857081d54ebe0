//! How soon what people write is on agents' screens while a run sends: a thousand messages a second come in, each from
//! somebody else, and an agent who is signed in hears of them as their page does, and reads the list as often as it does.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hmac::{Hmac, KeyInit, Mac};
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::{Db, session, user};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::rig::{self, Audience, Database, Folder, Rig, Setup};

/// Messages of people a second, one a POST.
const RATE: u32 = 1_000;
const SPAN: Duration = Duration::from_secs(30);
/// POSTs begun together: every hundredth of a second.
const TICK: Duration = Duration::from_millis(10);
/// What the provider grants the number: what is sent and what comes in count together.
const GRANTED: u32 = 2_000;
/// More than leave in the time, so that sending goes on throughout.
const PEOPLE: u32 = 75_000;
/// What must be reached, in milliseconds.
const BAR_MS: f64 = 2_000.0;
/// What is not heard by then is lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// A page reads its list again at most so often.
const PAGE: Duration = Duration::from_secs(1);

const IN_THE_THREADS: &str = "SELECT COUNT(*) FROM entry WHERE direction = 'in'";
const WHOSE: &str =
    "SELECT c.id, COALESCE(p.wa_id, p.phone) FROM conversation AS c JOIN person AS p ON p.id = c.person_id";

/// Four lines for each database.
pub async fn measure(print: &dyn Fn(&Line)) {
    for database in Database::both().await {
        let name = database.name();
        let sandbox = ["--any-template", "--quiet", "--throughput", &GRANTED.to_string()].map(str::to_owned).to_vec();
        let rig = Rig::start(Setup { sandbox, ..Setup::new(database) }).await;
        let screen = Screen { client: rig::client(), url: rig.daemon_url(), cookie: sign_in(&rig).await };
        let run =
            rig.start_campaign(&Folder::new("run", "reminder", "front", Audience { people: PEOPLE, from: 0 })).await;
        while !rig.get(&format!("/api/v1/runs/{run}")).await["rows_read"].is_i64() {
            sleep(Duration::from_millis(50)).await;
        }
        let stop = CancellationToken::new();
        let hearing = tokio::spawn(hear(screen.events().await, stop.clone()));
        let before = rig.stats().await.accepted;
        let (said, reads) = tokio::join!(say_all(&rig), screen.read_on());
        let sent = (rig.stats().await.accepted - before) as f64 / SPAN.as_secs_f64();
        let kept = wait_for(&rig, said.len()).await;
        stop.cancel();
        let told = Told { said, heard: hearing.await.unwrap(), whose: whose(&rig).await };
        report(print, name, (told, kept), (sent, &reads));
    }
}

fn report(print: &dyn Fn(&Line), name: &str, (told, kept): (Told, i64), (sent, reads): (f64, &[f64])) {
    let (mut times, never) = told.times();
    times.sort_by(f64::total_cmp);
    let at = |times: &[f64], share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let said = told.said.len();
    let from = format!(
        "{said} in {} s, median {:.0} ms, slowest {:.0} ms; told {} times that some were missed; list read in {:.0} ms (99th percentile)",
        SPAN.as_secs(),
        at(&times, 0.5),
        at(&times, 1.0),
        told.heard.all.len(),
        at(reads, 0.99)
    );
    let what = format!("{RATE} messages of people/s on a screen in ms, 99th percentile, {name}");
    print(&Line { what, value: at(&times, 0.99), bar: -BAR_MS, from });
    let what = format!("slowest of them, {name}");
    print(&Line { what, value: at(&times, 1.0), bar: -BAR_MS, from: format!("{} heard of", times.len()) });
    let lost = (said as i64 - kept).max(0) as f64 + never as f64;
    // Less than one: none.
    let from = format!("{kept} of {said} stand in their threads, {never} were never told");
    print(&Line { what: format!("of them lost, {name}"), value: lost, bar: -0.5, from });
    let from = format!("while {RATE}/s came in, of {GRANTED}/s granted for both");
    print(&Line { what: format!("messages sent/s meanwhile, {name}"), value: sent, bar: 900.0, from });
}

/// An agent's session.
async fn sign_in(rig: &Rig) -> String {
    let store = rig.store().await;
    let now = UnixMs(jiff::Timestamp::now().as_millisecond());
    let agent = user::add(&store, "ana", Role::Agent, None, now).await.unwrap().unwrap();
    let cookie = session::begin(&store, agent, now).await.unwrap();
    store.close().await;
    cookie
}

/// An agent's page.
struct Screen {
    client: Client,
    url: String,
    cookie: String,
}

impl Screen {
    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.header("cookie", format!("recado_session={}", self.cookie)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    async fn events(&self) -> Response {
        self.get("/events").await
    }

    /// Reads the list as often as the page does while things change; milliseconds of each, in order.
    async fn read_on(&self) -> Vec<f64> {
        let (started, mut times) = (Instant::now(), Vec::new());
        let mut tick = interval(PAGE);
        while started.elapsed() < SPAN {
            tick.tick().await;
            let began = Instant::now();
            let page = self.get("/conversations/lists?view=all&show=open").await.text().await.unwrap();
            assert!(page.contains("id=\"lines\""), "{page}");
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        times
    }
}

/// What the stream told.
#[derive(Default)]
struct Heard {
    /// When each conversation was first named.
    first: HashMap<i64, Instant>,
    /// When it said that some may have been missed.
    all: Vec<Instant>,
}

async fn hear(mut stream: Response, stop: CancellationToken) -> Heard {
    let (mut heard, mut text) = (Heard::default(), String::new());
    while let Some(Ok(Some(piece))) = stop.run_until_cancelled(stream.chunk()).await {
        let now = Instant::now();
        text.push_str(&String::from_utf8_lossy(&piece));
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let change: Value = serde_json::from_str(data.trim()).unwrap();
            match (change["kind"].as_str(), change["id"].as_i64()) {
                (Some("conversation"), Some(id)) => {
                    heard.first.entry(id).or_insert(now);
                }
                (Some("all"), _) => heard.all.push(now),
                _ => {}
            }
        }
    }
    heard
}

/// Number of the `no`th person of the audience.
fn number(no: u32) -> String {
    format!("54911{}", 10_000_000 + no / 9_000 * 10_000 + no % 9_000)
}

/// Posts at the rate whatever the answers take: who wrote, and when their POST began.
async fn say_all(rig: &Rig) -> Vec<(String, Instant)> {
    let (client, url) = (rig::client(), format!("{}/webhooks/meta", rig.daemon_url()));
    let mut tick = interval(TICK);
    let (mut open, mut said) = (FuturesUnordered::new(), Vec::new());
    let started = Instant::now();
    while started.elapsed() < SPAN {
        tokio::select! {
            _ = tick.tick() => {
                for _ in 0..RATE / 100 {
                    let from = number(u32::try_from(said.len()).unwrap());
                    said.push((from.clone(), Instant::now()));
                    open.push(say(&client, &url, from));
                }
            }
            Some(()) = open.next() => {}
        }
    }
    while open.next().await.is_some() {}
    said
}

async fn say(client: &Client, url: &str, from: String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let message = json!({"from": from, "id": format!("wamid.in{from}"), "timestamp": now.to_string(), "type": "text",
        "text": {"body": "¿A qué hora era?"}});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{
        "field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "5491155550100", "phone_number_id": "106540352240000"},
            "contacts": [{"wa_id": from, "profile": {"name": "Ana"}}], "messages": [message]}}]}]})
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let answer = client.post(url).header("X-Hub-Signature-256", signature).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// How many stand in their threads, once all do or nobody waits any longer.
async fn wait_for(rig: &Rig, said: usize) -> i64 {
    let store = rig.store().await;
    let started = Instant::now();
    loop {
        let kept: i64 = match &store.read {
            Db::Sqlite(pool) => sqlx::query_scalar(IN_THE_THREADS).fetch_one(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(IN_THE_THREADS).fetch_one(pool).await.unwrap(),
        };
        if kept >= said as i64 || started.elapsed() > PATIENCE {
            // The last ones are told a moment after they are kept.
            sleep(Duration::from_secs(1)).await;
            store.close().await;
            return kept;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whose each conversation is.
async fn whose(rig: &Rig) -> HashMap<String, i64> {
    let store = rig.store().await;
    let all: Vec<(i64, String)> = match &store.read {
        Db::Sqlite(pool) => sqlx::query_as(WHOSE).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_as(WHOSE).fetch_all(pool).await.unwrap(),
    };
    store.close().await;
    all.into_iter().map(|(id, number)| (number, id)).collect()
}

struct Told {
    said: Vec<(String, Instant)>,
    heard: Heard,
    whose: HashMap<String, i64>,
}

impl Told {
    /// Milliseconds from each POST to its event, and how many were never told. Where the stream said that some were missed,
    /// the page has read everything anew.
    fn times(&self) -> (Vec<f64>, usize) {
        let (mut times, mut never) = (Vec::new(), 0);
        for (from, at) in &self.said {
            let own = self.whose.get(from).and_then(|id| self.heard.first.get(id));
            match own.or_else(|| self.heard.all.iter().find(|all| *all > at)) {
                Some(heard) => times.push(heard.saturating_duration_since(*at).as_secs_f64() * 1_000.0),
                None => never += 1,
            }
        }
        (times, never)
    }
}
