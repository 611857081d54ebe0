//! What people send is fetched at once, kept, shown safely, and removed with the person it came from.

mod refused;
mod sent;
mod served;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use recado::clock::Clock;
use recado::domain::id::ConversationId;
use recado::domain::media::MediaState;
use recado::engine::Engine;
use recado::engine::media::Fetcher;
use recado::engine::receiver::Receiver;
use recado::store::Store;
use recado::store::media::{self, Attachment};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::stage::{self, TUESDAY};
use crate::support::sandbox::{SENDER, TestSandbox, sandbox_config, start_sandbox};
use crate::support::{TestStore, stores};

const FROM: &str = "5491155550123";

/// Accounts at Gupshup and Zenvia beside Meta's, all at `sandbox`.
fn accounts(sandbox: &TestSandbox) -> String {
    format!(
        r#"
[account.gupshup]
provider       = "gupshup"
base_url       = "http://{0}"
app            = "SaludCenter"
app_id         = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31"
currency       = "USD"
timezone       = "UTC"
api_key        = "key"
webhook_secret = "0123456789abcdef01234568"
webhook_header_secret = "value"
[sender.gota]
account = "gupshup"
number  = "+5491155550198"
[account.zenvia]
provider              = "zenvia"
base_url              = "http://{0}/v2"
currency              = "USD"
timezone              = "UTC"
api_token             = "token"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "header-secret"
[sender.mao]
account = "zenvia"
number  = "+5511955550199"
"#,
        sandbox.address
    )
}

/// An engine whose providers are all a sandbox, and what people send there.
pub struct Desk {
    pub sandbox: TestSandbox,
    pub engine: Engine,
    pub clock: Clock,
}

impl Desk {
    pub async fn new(store: &TestStore) -> Self {
        Self::with(store, "").await
    }

    /// The same with `more` in its configuration.
    pub async fn with(store: &TestStore, more: &str) -> Self {
        let clock = Clock::fixed(TUESDAY);
        let sandbox = start_sandbox(sandbox_config("http://127.0.0.1:1/"), clock.clone()).await;
        let more = format!("{}{more}", accounts(&sandbox));
        let engine = stage::engine(store, store.dir.path(), ("node1", &sandbox.base_url(), &more), clock.clone()).await;
        // A number exists once used.
        sandbox.get(&format!("/{SENDER}")).await;
        Self { sandbox, engine, clock }
    }

    /// A person sends it to Meta's number; Recado hears of it.
    pub async fn sends(&self, what: Value) {
        let mut speech = json!({"from": FROM, "to": SENDER});
        speech.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let (status, told) = self.sandbox.post("/_sandbox/reply", &speech).await;
        assert_eq!(status, 200, "{told}");
        for body in self.sandbox.pass(1, 0) {
            self.hears("meta", &body).await;
        }
    }

    /// A webhook of `account` comes in and is read.
    pub async fn hears(&self, account: &str, body: &Value) {
        self.engine.keep_webhook(account, body.to_string().as_bytes(), self.clock.now()).await.unwrap();
        let receiver = Receiver::new(self.engine.clone(), Arc::new(Notify::new()));
        while receiver.step().await.unwrap() > 0 {}
    }

    pub async fn fetch(&self) -> usize {
        Fetcher::new(self.engine.clone()).step().await.unwrap()
    }

    pub async fn all(&self) -> Vec<Attachment> {
        let mut all = Vec::new();
        for conversation in 1..=20 {
            all.extend(media::of_conversation(&self.engine.store, ConversationId(conversation)).await.unwrap());
        }
        all
    }

    pub async fn bytes(&self, of: &Attachment) -> Vec<u8> {
        use std::io::Read;
        let mut kept = self.engine.media_file(of.hash.as_deref().unwrap()).await.unwrap().unwrap();
        let mut bytes = Vec::new();
        kept.file.read_to_end(&mut bytes).unwrap();
        assert_eq!(kept.size, bytes.len() as u64);
        bytes
    }

    pub fn files(&self) -> Vec<String> {
        let dir = self.engine.config.server.data_dir.join("media");
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// A message of a person's at Gupshup with a file at `url`.
pub fn at_gupshup(id: &str, kind: &str, url: &str) -> Value {
    json!({"app": "SaludCenter", "timestamp": TUESDAY.0, "version": 2, "type": "message", "payload": {
        "id": id, "source": FROM, "type": kind, "sender": {"phone": FROM, "name": "Ana"},
        "payload": {"url": url, "contentType": "image/jpeg", "urlExpiry": TUESDAY.0 + 604_800_000}}})
}

/// A message of a person's at Zenvia with a file at `url`.
pub fn at_zenvia(id: &str, url: &str) -> Value {
    json!({"id": id, "timestamp": "2026-11-24T13:00:00Z", "type": "MESSAGE", "channel": "whatsapp", "direction": "IN",
        "message": {"id": id, "from": FROM, "to": "5511955550199", "direction": "IN", "channel": "whatsapp",
            "contents": [{"type": "file", "fileUrl": url, "fileMimeType": "image/jpeg", "fileName": "foto.jpg"}],
            "visitor": {"name": "Ana"}, "timestamp": "2026-11-24T13:00:00Z"}})
}

#[tokio::test]
async fn whatever_a_person_sends_is_here_at_once_as_what_its_bytes_are() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        let kinds = ["image", "audio", "video", "document", "sticker"];
        for kind in kinds {
            desk.sends(json!({kind: {"caption": "mire"}})).await;
        }
        let waiting = desk.all().await;
        assert!(waiting.iter().all(|a| a.state == MediaState::Waiting && a.entry_id.is_some()), "{waiting:?}");
        assert_eq!(desk.fetch().await, kinds.len(), "{}", store.name());
        let here = desk.all().await;
        let types: Vec<(&str, &str)> = here.iter().map(|a| (a.kind.as_str(), a.mime_type.as_str())).collect();
        let expected = [
            ("image", "image/jpeg"),
            ("voice", "audio/ogg"),
            ("video", "video/mp4"),
            ("document", "application/pdf"),
            ("sticker", "image/webp"),
        ];
        assert_eq!(types, expected, "{}", store.name());
        for one in &here {
            assert_eq!(one.state, MediaState::Here);
            let bytes = desk.bytes(one).await;
            assert_eq!(one.size, Some(bytes.len() as i64));
            assert_eq!(one.hash.as_deref(), Some(hex_of(&bytes).as_str()));
        }
        assert_eq!(here[3].filename, "paper.pdf");
        assert_eq!(desk.files().len(), kinds.len(), "nothing unfinished is left");
        assert_eq!(desk.fetch().await, 0, "and nothing is fetched twice");
        desk.sends(json!({"image": true})).await;
        desk.fetch().await;
        assert_eq!((desk.all().await.len(), desk.files().len()), (6, 5), "the same bytes lie there once");
    }
}

fn hex_of(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test]
async fn files_at_gupshup_and_zenvia_are_fetched_from_where_they_say() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"image": true})).await;
        let told: Value = serde_json::from_str(&told_of(&store).await).unwrap();
        desk.fetch().await;
        // What Meta's surface keeps is handed out at the other two's addresses as well.
        let url = format!("http://{}/files/{}", desk.sandbox.address, told["id"].as_str().unwrap());
        desk.hears("gupshup", &at_gupshup("g1", "image", &url)).await;
        desk.hears("zenvia", &at_zenvia("z1", &url)).await;
        assert_eq!(desk.fetch().await, 2, "{}", store.name());
        let all = desk.all().await;
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|a| a.state == MediaState::Here && a.mime_type == "image/jpeg"), "{all:?}");
        assert_eq!(all[2].filename, "foto.jpg");
    }
}

async fn told_of(store: &Store) -> String {
    media::due(store, recado::domain::time::UnixMs(i64::MAX), 1)
        .await
        .unwrap()
        .pop()
        .map_or_else(|| panic!("nothing is waiting"), |due| due.told)
}

#[tokio::test]
async fn what_the_provider_does_not_have_is_tried_again_and_then_gone() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"image": true})).await;
        let told: Value = serde_json::from_str(&told_of(&store).await).unwrap();
        desk.sandbox.delete(&format!("/{}", told["id"].as_str().unwrap())).await;
        let mut tries = 0;
        for _ in 0..200 {
            tries += desk.fetch().await;
            if desk.all().await[0].state != MediaState::Waiting {
                break;
            }
            desk.clock.advance(Duration::from_secs(10));
        }
        let gone = desk.all().await.remove(0);
        assert_eq!((tries, gone.state, gone.reason.as_str()), (3, MediaState::Gone, "expired"), "{}", store.name());
        assert!(desk.files().is_empty());
    }
}

#[tokio::test]
async fn a_provider_that_is_away_for_an_hour_loses_no_attachment() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    desk.sends(json!({"audio": true})).await;
    let away = stage::engine(
        store,
        store.dir.path(),
        ("node2", "http://127.0.0.1:9", &accounts(&desk.sandbox)),
        desk.clock.clone(),
    )
    .await;
    let fetcher = Fetcher::new(away);
    let mut tries = 0;
    for _ in 0..60 {
        tries += fetcher.step().await.unwrap();
        desk.clock.advance(Duration::from_mins(1));
    }
    assert!((4..=6).contains(&tries), "with growing pauses: {tries}");
    desk.clock.advance(Duration::from_hours(2));
    desk.fetch().await;
    assert_eq!(desk.all().await[0].state, MediaState::Here);
}

#[tokio::test]
async fn what_goes_with_a_person_or_grows_old_goes_from_the_disk_too() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"image": true})).await;
        desk.fetch().await;
        assert_eq!(desk.files().len(), 1);
        let person = desk.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
        let told = serde_json::to_value(desk.engine.export_person(person).await.unwrap()).unwrap();
        assert_eq!((&told["media"][0]["kind"], &told["media"][0]["state"]), (&json!("image"), &json!("here")));
        desk.engine.erase_person(person).await.unwrap().unwrap();
        assert!(desk.files().is_empty() && desk.all().await.is_empty(), "{}", store.name());

        desk.sends(json!({"video": true})).await;
        desk.fetch().await;
        sweep(&desk, 390).await;
        desk.engine.sweep_media().await.unwrap();
        assert_eq!(desk.files().len(), 1, "kept for thirteen months");
        sweep(&desk, 400).await;
        assert_eq!(desk.engine.sweep_media().await.unwrap(), 1);
        assert!(desk.files().is_empty());
    }
}

#[tokio::test]
async fn another_node_shows_what_one_has_fetched() {
    for store in stores().await.into_iter().filter(|store| !store.is_of_one_node()) {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"document": true})).await;
        desk.fetch().await;
        let one = desk.all().await.remove(0);
        let elsewhere = tempfile::tempdir().unwrap();
        let other =
            stage::engine(&store, elsewhere.path(), ("node2", &desk.sandbox.base_url(), ""), desk.clock.clone()).await;
        let kept = other.media_file(one.hash.as_deref().unwrap()).await.unwrap().unwrap();
        assert_eq!(Some(kept.size as i64), one.size);
    }
}

/// What is kept long enough so many days from now goes.
async fn sweep(desk: &Desk, days: u64) {
    let now = desk.clock.now().plus(Duration::from_hours(days * 24));
    let texts = desk.engine.config.retention.texts.before(now);
    let before = recado::store::retention::Before { texts, ..Default::default() };
    recado::store::retention::sweep(&desk.engine.store, &before, now).await.unwrap();
}
