//! Files that agents attach in Chatwoot go to the person as any other.

use std::sync::Arc;
use std::time::Duration;

use recado::engine::chatwoot as connector;
use recado::store::conversation::{Shown, thread};
use serde_json::json;

use super::settle_all;
use crate::elsewhere::woot::{TOKEN, Woot};
use crate::engine::attachments::Desk;
use crate::support::{TestStore, stores};

const JPEG: &[u8] = include_bytes!("../../../../src/sandbox/files/photo.jpg");
const OGG: &[u8] = include_bytes!("../../../../src/sandbox/files/voice.ogg");

struct There {
    desk: Desk,
    woot: Arc<Woot>,
    url: String,
}

impl There {
    /// A conversation that is shown there as its 100th.
    async fn new(store: &TestStore) -> Self {
        let (woot, url) = Woot::listen().await;
        let more = format!(
            "[chatwoot.clinic]\nbase_url = \"{url}\"\naccount_id = 1\ninbox_id = 5\napi_token = \"{TOKEN}\"\n\
             webhook_secret = \"a_secret_of_some_length_0\"\naccount = \"meta\"\nlanguage = \"es\"\n"
        );
        let desk = Desk::with(store, &more).await;
        connector::begin(&desk.engine).await.unwrap();
        desk.sends(json!({"text": "¿Me manda el plano?"})).await;
        let there = Self { desk, woot, url };
        there.settle().await;
        there
    }

    async fn settle(&self) {
        settle_all(&self.desk.engine, &self.woot).await;
    }

    fn at(&self, name: &str) -> String {
        format!("{}/rails/active_storage/blobs/redirect/x--y/{name}", self.url)
    }

    /// What of ours stands in the thread: its text, and the type of its file.
    async fn ours(&self) -> Vec<(String, Option<String>)> {
        let all = thread(&self.desk.engine.store, recado::domain::id::ConversationId(1)).await.unwrap();
        let ours = all.into_iter().filter(|line| line.author == "Lucía (Chatwoot)");
        ours.map(|line| {
            let text = match line.shown {
                Shown::Free { text, .. } => text.body,
                Shown::Text { body } => body,
                other => panic!("{other:?}"),
            };
            (text, line.attachment.map(|file| file.mime_type))
        })
        .collect()
    }
}

#[tokio::test]
async fn files_of_an_agent_there_are_fetched_and_sent_with_their_words_and_their_status_goes_back() {
    for store in stores().await {
        let there = There::new(&store).await;
        there.woot.keeps("plano%20nuevo.jpg", 302, &there.at("disk.jpg"), b"");
        there.woot.keeps("plano nuevo.jpg", 302, &there.at("disk.jpg"), b"");
        there.woot.keeps("disk.jpg", 200, "", JPEG);
        there.woot.keeps("nota.ogg", 200, "", OGG);
        let photo = there.woot.agent_attaches(100, "Aquí está", &[("image", there.at("plano%20nuevo.jpg"))]);
        there.woot.agent_attaches(100, "Escuche", &[("audio", there.at("nota.ogg"))]);
        // Told twice, sent once.
        let twice = there.woot.said.lock().unwrap().clone();
        there.woot.said.lock().unwrap().extend(twice);
        there.settle().await;
        let expected = [
            ("Aquí está".to_owned(), Some("image/jpeg".to_owned())),
            ("Escuche".to_owned(), None),
            ("nota.ogg".to_owned(), Some("audio/ogg".to_owned())),
        ];
        assert_eq!(there.ours().await, expected, "{}", store.name());
        assert_eq!(*there.woot.told_token.lock().unwrap(), 0, "the token goes with calls, not with files");
        let taken = there.desk.taken("front").await;
        assert_eq!(taken.len(), 3, "{taken:?}");
        assert!(taken.iter().any(|sent| sent["params"]["caption"] == "Aquí está"), "{taken:?}");
        assert_eq!(there.woot.thread(100).len(), 3, "nothing comes back");
        for body in there.desk.sandbox.pass_all() {
            there.desk.hears("meta", &body).await;
        }
        there.settle().await;
        assert!(
            ["delivered", "read"].contains(&there.woot.standing(photo).0.as_str()),
            "{:?}",
            there.woot.standing(photo)
        );
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_or_is_no_file_is_said_there_and_holds_nothing_up() {
    for store in stores().await {
        let there = There::new(&store).await;
        there.woot.keeps("roto.jpg", 500, "", b"");
        there.woot.keeps("afuera.jpg", 302, "http://10.0.0.1/secreto.jpg", b"");
        there.woot.keeps("virus.exe", 200, "", b"MZ\x90\0 not a picture");
        let cases = [
            (
                there.woot.agent_attaches(100, "", &[("image", "http://10.0.0.1/secreto.jpg".to_owned())]),
                "No se pudo traer",
            ),
            (there.woot.agent_attaches(100, "", &[("image", there.at("afuera.jpg"))]), "No se pudo traer"),
            (there.woot.agent_attaches(100, "", &[("image", there.at("no-existe.jpg"))]), "No se pudo traer"),
            (there.woot.agent_attaches(100, "", &[("file", there.at("virus.exe"))]), "WhatsApp no"),
            (
                there.woot.agent_attaches(100, "Aquí", &[("location", "https://maps.example/x".to_owned())]),
                "no se puede enviar desde Chatwoot",
            ),
            (there.woot.agent_attaches(100, "", &[("image", there.at("roto.jpg"))]), "No se pudo traer"),
        ];
        let after = there.woot.agent_writes(100, "Después", false);
        for _ in 0..4 {
            there.settle().await;
            there.desk.clock.advance(Duration::from_secs(30));
        }
        for (message, why) in cases {
            let (status, said) = there.woot.standing(message);
            assert!(status == "failed" && said.contains(why), "{why}: {status} {said}, {}", store.name());
        }
        assert_eq!(there.ours().await, [("Después".to_owned(), None)], "what comes after is not held up");
        assert_eq!(there.woot.standing(after).0, "sent");
    }
}

#[tokio::test]
async fn a_file_that_comes_at_the_second_try_is_sent() {
    let store = stores().await.swap_remove(0);
    let there = There::new(&store).await;
    there.woot.keeps("foto.jpg", 503, "", b"");
    there.woot.agent_attaches(100, "", &[("image", there.at("foto.jpg"))]);
    there.settle().await;
    assert!(there.ours().await.is_empty());
    there.woot.keeps("foto.jpg", 200, "", JPEG);
    there.desk.clock.advance(Duration::from_secs(10));
    there.settle().await;
    assert_eq!(there.ours().await, [("foto.jpg".to_owned(), Some("image/jpeg".to_owned()))]);
}
