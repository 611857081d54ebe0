//! Files and everything else that agents send, all the way to the provider.

use axum::body::Bytes;
use futures::stream;
use recado::domain::free::{Attached, Free, ReplyButton};
use recado::domain::id::{ConversationId, EntryId, UserId};
use recado::domain::role::Role;
use recado::engine::media::Brought;
use recado::engine::{AnswerOutcome, Author, Reply, Seen};
use recado::store::entry;
use recado::store::idempotency::Once;
use recado::store::media::Attachment;
use serde_json::{Value, json};

use super::Desk;
use crate::engine::stage::sender_of;
use crate::support::stores;
use crate::web::site::Site;
use crate::web::thread::with_file;

const JPEG: &[u8] = include_bytes!("../../../../src/sandbox/files/photo.jpg");
const OGG: &[u8] = include_bytes!("../../../../src/sandbox/files/voice.ogg");
const PDF: &[u8] = include_bytes!("../../../../src/sandbox/files/paper.pdf");

impl Desk {
    pub async fn agent(&self) -> Author {
        let site = Site::over(&self.engine);
        site.visitor(Role::Agent).await;
        let user = recado::store::user::by_name(&self.engine.store, "agent").await.unwrap().unwrap();
        Author { id: UserId(user.id.0), name: user.name, once: Once::default(), by: None }
    }

    async fn brings(&self, id: i64, name: &str, bytes: &'static [u8], voice: bool) -> Result<Attachment, String> {
        let brought = Brought { filename: name.to_owned(), is_voice: voice, by: "agent".to_owned() };
        let pieces = bytes.chunks(100).map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece)));
        let kept = self.engine.attach(ConversationId(id), brought, stream::iter(pieces)).await.unwrap();
        kept.map_err(|problem| problem.code.clone())
    }

    async fn answers(&self, id: i64, free: Free, quoted: Option<EntryId>) -> Result<(), String> {
        let agent = self.agent().await;
        match self.engine.reply(ConversationId(id), Reply { free, quoted }, &agent, Seen::default()).await.unwrap() {
            AnswerOutcome::Sent(_) => Ok(()),
            AnswerOutcome::Refused(problem) => Err(problem.code.clone()),
            AnswerOutcome::Overtaken => Err("overtaken".to_owned()),
        }
    }

    /// What the provider has taken, in order.
    pub async fn taken(&self, sender: &str) -> Vec<Value> {
        let mut out = sender_of(&self.engine, sender);
        while out.step().await > 0 {}
        self.sandbox.get("/_sandbox/messages").await.1["data"].as_array().unwrap().clone()
    }
}

fn attached(file: &Attachment, caption: Option<&str>) -> Free {
    let caption = caption.map(str::to_owned);
    Free::Attachment(Attached { media: file.id, caption, kind: None, filename: None })
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_named_by_its_id_while_that_holds() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"text": "¿Me manda el plano?"})).await;
        let line = entry::lines(&store, ConversationId(1)).await.unwrap()[0].id;
        let photo = desk.brings(1, "plano.jpg", JPEG, false).await.unwrap();
        desk.answers(1, attached(&photo, Some("Aquí está")), Some(line)).await.unwrap();
        let again = desk.brings(1, "otro nombre.jpg", JPEG, false).await.unwrap();
        desk.answers(1, attached(&again, None), None).await.unwrap();
        let voice = desk.brings(1, "nota.ogg", OGG, true).await.unwrap();
        desk.answers(1, attached(&voice, None), None).await.unwrap();
        let sent = desk.taken("front").await;
        // Answers to one person leave at once, in any order.
        let find = |key: &str| sent.iter().find(|m| !m["params"][key].is_null()).expect("one of them has it");
        let (captioned, spoken) = (find("caption"), find("voice"));
        let uses = |id: &Value| sent.iter().filter(|m| m["params"]["id"] == *id).count();
        assert_eq!(uses(&captioned["params"]["id"]), 2, "the same bytes go up once, {}: {sent:?}", store.name());
        assert_eq!((uses(&spoken["params"]["id"]), sent.len()), (1, 3));
        assert_eq!(captioned["params"]["caption"], "Aquí está");

        assert_eq!(
            desk.answers(1, attached(&photo, None), None).await,
            Err("attachment_gone".to_owned()),
            "sent already"
        );
        let thread = recado::store::conversation::thread(&store, ConversationId(1)).await.unwrap();
        let shown: Vec<Option<&str>> =
            thread.iter().map(|b| b.attachment.as_ref().map(|a| a.mime_type.as_str())).collect();
        assert_eq!(shown, [None, Some("image/jpeg"), Some("image/jpeg"), Some("audio/ogg")]);

        desk.clock.advance(std::time::Duration::from_hours(29 * 24));
        desk.sends(json!({"text": "¿Otra vez?"})).await;
        let late = desk.brings(1, "plano.jpg", JPEG, false).await.unwrap();
        desk.answers(1, attached(&late, None), None).await.unwrap();
        let sent = desk.taken("front").await;
        let before: Vec<&Value> = sent[..3].iter().map(|m| &m["params"]["id"]).collect();
        assert!(!before.contains(&&sent[3]["params"]["id"]), "an id that is about to end is not used again");
    }
}

#[tokio::test]
async fn what_whatsapp_does_not_take_is_refused_before_it_is_sent() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    desk.sends(json!({"text": "hola"})).await;
    for (name, bytes, code) in [
        ("virus.pdf", &b"MZ\x90\0 not a document"[..], "attachment_type"),
        ("page.html", b"<html></html>", "attachment_type"),
        ("sonido.gif", b"GIF89a", "attachment_type"),
        ("vacío.pdf", b"", "attachment_type"),
    ] {
        assert_eq!(desk.brings(1, name, bytes, false).await.unwrap_err(), code, "{name}");
    }
    let voice = desk.brings(1, "nota.ogg", OGG, true).await.unwrap();
    assert_eq!(desk.answers(1, attached(&voice, Some("texto")), None).await, Err("answer_no_caption".to_owned()));
    let reaction = Free::Reaction { emoji: Some("👍".to_owned()) };
    assert_eq!(desk.answers(1, reaction, None).await, Err("answer_quotes_nothing".to_owned()));
    let photo = desk.brings(1, "a.jpg", JPEG, false).await.unwrap();
    desk.clock.advance(std::time::Duration::from_hours(25));
    assert_eq!(desk.answers(1, attached(&photo, None), None).await, Err("window_closed".to_owned()));
    recado::store::retention::sweep(store, &recado::store::retention::Before::default(), desk.clock.now())
        .await
        .unwrap();
    desk.engine.sweep_media().await.unwrap();
    assert!(desk.files().is_empty(), "what was brought and never sent goes after a day");
}

#[tokio::test]
async fn buttons_reactions_and_quotes_reach_the_person_and_taps_come_back() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"text": "hola"})).await;
        let line = entry::lines(&store, ConversationId(1)).await.unwrap()[0].id;
        let yes = ReplyButton { id: "yes".to_owned(), title: "Sí".to_owned() };
        let buttons = Free::Buttons { header: None, body: "¿Viene?".to_owned(), footer: None, buttons: vec![yes] };
        desk.answers(1, buttons, None).await.unwrap();
        desk.answers(1, Free::Reaction { emoji: Some("👍".to_owned()) }, Some(line)).await.unwrap();
        let sent = desk.taken("front").await;
        assert_eq!(sent[0]["params"]["action"]["buttons"][0]["reply"]["id"], "yes", "{}", store.name());
        assert_eq!(sent[1]["params"]["emoji"], "👍");
    }
}

#[tokio::test]
async fn a_person_without_a_number_is_answered_by_their_id() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"text": "BAJA", "hidden": true})).await;
        desk.sends(json!({"text": "¿Siguen abiertos?", "hidden": true})).await;
        desk.answers(1, Free::text("Hasta las 20"), None).await.unwrap();
        let sent = desk.taken("front").await;
        let to: Vec<&str> = sent.iter().map(|m| m["to"].as_str().unwrap()).collect();
        assert_eq!(to.len(), 2, "the opt-out is confirmed, and the agent answers: {sent:?}");
        assert!(to.iter().all(|to| to.starts_with("AR.")), "{to:?} {}", store.name());
        assert!(sent[0]["params"]["body"].as_str().unwrap().contains("promociones"), "in the language of the country");
    }
}

#[tokio::test]
async fn gupshup_and_zenvia_fetch_files_from_an_address_that_ends_by_itself() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.hears("zenvia", &super::at_zenvia("z1", "http://127.0.0.1:9/x")).await;
        desk.sandbox
            .request(reqwest::Method::GET, "/v2/subscriptions")
            .header("X-API-TOKEN", "token")
            .send()
            .await
            .unwrap();
        let paper = desk.brings(1, "orden médica.pdf", PDF, false).await.unwrap();
        desk.answers(1, attached(&paper, Some("Su orden")), None).await.unwrap();
        let file = recado::engine::media::Same {
            hash: paper.hash.as_deref().unwrap(),
            mime_type: "application/pdf",
            filename: "orden médica.pdf",
        };
        let sender = desk.engine.config.senders["mao"].clone();
        let found = desk.engine.placed_file(&sender, file).await.unwrap().unwrap();
        let recado::engine::media::Found::Shared { link, mime_type } = found else { panic!("Zenvia takes no uploads") };
        assert_eq!(mime_type, "application/pdf");
        let path = link.strip_prefix("http://127.0.0.1:9").unwrap().to_owned();
        let site = Site::over(&desk.engine);
        let shown = site.get(&path, None).await;
        assert_eq!((shown.status.as_u16(), shown.body.len()), (200, PDF.len()), "{path}");
        assert_eq!(shown.headers["content-type"], "application/pdf");
        for wrong in [
            path.replace("application%2Fpdf", "text%2Fhtml"),
            path.replacen("/shared/", "/shared/0", 1),
            path.replacen(
                &desk.clock.now().plus(std::time::Duration::from_hours(48)).0.to_string(),
                "9999999999999",
                1,
            ),
        ] {
            assert_ne!(wrong, path);
            assert_eq!(site.get(&wrong, None).await.status.as_u16(), 404, "{wrong}");
        }
        desk.clock.advance(std::time::Duration::from_hours(49));
        assert_eq!(site.get(&path, None).await.status.as_u16(), 404, "{}", store.name());
    }
}

#[tokio::test]
async fn an_answer_with_a_file_repeated_after_a_crash_is_sent_once() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.sends(json!({"text": "hola"})).await;
        let site = Site::over(&desk.engine);
        let ana = site.visitor(Role::Agent).await;
        let fields = [("text", "Su foto"), ("once", "form")];
        let send = || with_file(&site, &ana, "/conversations/1/answer", ("foto.jpg", JPEG), &fields);
        let first = send().await;
        assert_eq!(first.leads_to(), "/conversations/1#answer", "{} {}", store.name(), first.body);
        crate::engine::change(&store, "UPDATE idempotency SET status = NULL, response = NULL").await;
        assert_eq!(send().await.leads_to(), first.leads_to(), "{}", store.name());
        assert_eq!(desk.taken("front").await.len(), 1, "{}", store.name());
    }
}
