//! A picture of a campaign's folder in its template's header, and what people see of our reading.

use std::time::Duration;

use recado::domain::free::Free;
use recado::domain::id::{ConversationId, VersionId};
use recado::engine::planner::Planner;
use recado::engine::reading::Reader;
use recado::engine::{Loaded, Reply, Seen, StartOutcome};
use recado::store::presence::{self, Beat};
use serde_json::json;

use super::Desk;
use crate::support::sandbox::ACCOUNT;
use crate::support::stores;

const JPEG: &[u8] = include_bytes!("../../../../src/sandbox/files/photo.jpg");

const CAMPAIGN: &str = r#"
kind     = "reminder"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "with_picture"
language = "es_AR"
image    = "banner.jpg"
[variables]
1 = "{{ nombre }}"
"#;

impl Desk {
    /// A template with a picture, approved.
    async fn template(&self, category: &str) {
        let body = json!({"name": "with_picture", "language": "es_AR", "category": category, "components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW"]}},
            {"type": "BODY", "text": "Hola {{1}}, le esperamos.", "example": {"body_text": [["Ana"]]}}]});
        let (status, told) = self.sandbox.post(&format!("/{ACCOUNT}/message_templates"), &body).await;
        assert_eq!(status, 200, "{told}");
        let verdict = json!({"name": "with_picture", "language": "es_AR", "status": "APPROVED", "category": category});
        assert_eq!(self.sandbox.post("/_sandbox/template", &verdict).await.0, 200);
    }

    fn puts(&self, name: &str, bytes: &[u8]) {
        let dir = self.engine.config.campaigns_dir.join("foto");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(name), bytes).unwrap();
    }

    async fn loads(&self, people: &str) -> Result<(VersionId, bool), String> {
        let audience = Some(("people.csv", people.as_bytes().to_vec()));
        match self.engine.load_campaign("foto", CAMPAIGN, audience, "ana").await.unwrap() {
            Loaded::Version { version, is_new, .. } => Ok((version, is_new)),
            Loaded::Refused(problems) => Err(problems[0].code.clone()),
        }
    }

    async fn starts(&self, version: VersionId) {
        let started = self.engine.start(version, "ana").await.unwrap();
        assert!(matches!(started, StartOutcome::Started(_)), "{started:?}");
        while Planner::new(self.engine.clone()).step().await.unwrap() {}
    }
}

#[tokio::test]
async fn a_picture_of_the_folder_goes_up_once_for_all_people() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        desk.template("UTILITY").await;
        let people = "nombre,telefono\nAna,+5491155550001\nEva,+5491155550002\nLuz,+5491155550003\n";
        assert_eq!(desk.loads(people).await, Err("file_unreadable".to_owned()), "it is not there");
        desk.puts("banner.jpg", b"<html>");
        assert_eq!(desk.loads(people).await, Err("header_file_type".to_owned()));
        desk.puts("banner.jpg", JPEG);
        let (first, _) = desk.loads(people).await.unwrap();
        assert_eq!(desk.loads(people).await.unwrap(), (first, false), "the same picture is the same version");
        let other = [JPEG, b"another"].concat();
        desk.puts("banner.jpg", &other);
        let (second, is_new) = desk.loads(people).await.unwrap();
        assert!(is_new && second != first, "another picture is another version");
        desk.starts(second).await;
        desk.engine.sweep_media().await.unwrap();
        let sent = {
            let mut all = desk.taken("front").await;
            for _ in 0..5 {
                all = desk.taken("front").await;
            }
            all
        };
        let picture =
            |m: &serde_json::Value| m["params"][0]["parameters"][0]["image"]["id"].as_str().map(str::to_owned);
        let ids: Vec<Option<String>> = sent.iter().map(picture).collect();
        assert_eq!(ids.len(), 3, "{} {sent:?}", store.name());
        assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[tokio::test]
async fn a_promotion_goes_by_the_endpoint_that_takes_it() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    desk.template("MARKETING").await;
    desk.puts("banner.jpg", JPEG);
    desk.sandbox.post("/_sandbox/marketing", &json!({"only_there": true})).await;
    let (version, _) = desk.loads("nombre,telefono\nAna,+5491155550001\n").await.unwrap();
    desk.starts(version).await;
    for _ in 0..4 {
        desk.taken("front").await;
        desk.clock.advance(Duration::from_secs(2));
    }
    let stats = desk.sandbox.stats().await;
    assert_eq!((&stats["accepted"], &stats["duplicates"]), (&json!(1), &json!(0)), "{stats}");
    assert_eq!(stats["rejected"]["131063"], 1, "what was refused there went the other way: {stats}");

    // Its receipt has not come; another file of the same campaign waits for its end.
    crate::engine::change(store, "UPDATE run SET state = 'closed', sent_out_at = 1, closed_at = 1").await;
    desk.sandbox.post("/_sandbox/marketing", &json!({"syncing": true})).await;
    let (version, _) = desk.loads("nombre,telefono\nEva,+5491155550002\n").await.unwrap();
    desk.starts(version).await;
    for _ in 0..4 {
        desk.taken("front").await;
        desk.clock.advance(Duration::from_secs(2));
    }
    let stats = desk.sandbox.stats().await;
    assert_eq!((&stats["accepted"], &stats["rejected"]["134101"]), (&json!(2), &json!(1)), "and back: {stats}");
}

#[tokio::test]
async fn what_an_agent_answers_is_told_as_read_and_writing_is_seen_while_it_lasts() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        let reader = Reader::new(desk.engine.clone());
        desk.sends(json!({"text": "hola"})).await;
        assert_eq!(reader.step().await.unwrap(), 0, "nobody has answered");
        let agent = desk.agent().await;
        let now = desk.clock.now();
        let beat = Beat { conversation: Some(ConversationId(1)), typing: true };
        presence::beat(&store, agent.id, now, beat).await.unwrap();
        assert_eq!(reader.step().await.unwrap(), 1, "somebody writes");
        assert_eq!(reader.step().await.unwrap(), 0, "that is seen for a while");
        let reply = Reply { free: Free::text("Buenas"), quoted: None };
        desk.engine.reply(ConversationId(1), reply, &agent, Seen::default()).await.unwrap();
        desk.sends(json!({"text": "gracias"})).await;
        reader.step().await.unwrap();
        let (_, told) = desk.sandbox.get("/_sandbox/read").await;
        let typing: Vec<bool> = told["data"].as_array().unwrap().iter().map(|r| r["typing"] == true).collect();
        assert!(typing.contains(&true), "{} {told}", store.name());
    }
}

const CARDS: &str = r#"
kind     = "promotion"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "with_cards"
language = "es_AR"
[template.cards.0]
image = "casa.jpg"
[template.cards.1]
image = "casa.jpg"
[template.cards.2]
image = "campo.jpg"
[variables]
1 = "{{ nombre }}"
"#;

#[tokio::test]
async fn the_pictures_of_cards_go_up_once_each_and_their_ids_are_used_again() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        let button = json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Quiero"}]});
        let header = json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW"]}});
        let card = |no: u32| json!({"components": [header, {"type": "BODY", "text": format!("Casa {no}")}, button]});
        let body = json!({"name": "with_cards", "language": "es_AR", "category": "MARKETING", "components": [
            {"type": "BODY", "text": "Hola {{1}}, mire.", "example": {"body_text": [["Ana"]]}},
            {"type": "CAROUSEL", "cards": [card(0), card(1), card(2)]}]});
        let (status, told) = desk.sandbox.post(&format!("/{ACCOUNT}/message_templates"), &body).await;
        assert_eq!(status, 200, "{told}");
        let verdict = json!({"name": "with_cards", "language": "es_AR", "status": "APPROVED", "category": "MARKETING"});
        assert_eq!(desk.sandbox.post("/_sandbox/template", &verdict).await.0, 200);
        let people = "nombre,telefono\nAna,+5491155550001\nEva,+5491155550002\n";
        let loads = async || {
            let audience = Some(("people.csv", people.as_bytes().to_vec()));
            desk.engine.load_campaign("foto", CARDS, audience, "ana").await.unwrap()
        };
        desk.puts("casa.jpg", JPEG);
        desk.puts("campo.jpg", b"<html>");
        let Loaded::Refused(problems) = loads().await else { panic!("a page is no picture") };
        assert_eq!(problems[0].code, "header_file_type", "{}", store.name());
        desk.puts("campo.jpg", &[JPEG, b"another"].concat());
        let Loaded::Version { version, .. } = loads().await else { panic!("both are pictures") };
        desk.starts(version).await;
        desk.engine.sweep_media().await.unwrap();
        let mut sent = desk.taken("front").await;
        for _ in 0..5 {
            sent = desk.taken("front").await;
        }
        assert_eq!(sent.len(), 2, "{} {sent:?}", store.name());
        let ids = |m: &serde_json::Value| {
            let parts = m["params"].as_array().unwrap();
            let cards = parts.iter().find(|part| part["type"] == "carousel").unwrap()["cards"].as_array().unwrap();
            let id =
                |c: &serde_json::Value| c["components"][0]["parameters"][0]["image"]["id"].as_str().unwrap().to_owned();
            cards.iter().map(id).collect::<Vec<String>>()
        };
        let first = ids(&sent[0]);
        assert!(first[0] == first[1] && first[0] != first[2], "{first:?}");
        assert_eq!(ids(&sent[1]), first, "{}", store.name());
    }
}
