//! What the house wrote from the phone, and the ad that led a person to write, stand in the conversation.

use recado::domain::event::{Referral, ReplyContent};
use recado::domain::id::ConversationId;
use recado::domain::role::Role;
use recado::store::conversation::{self, Bubble, ConversationState, Shown};
use recado::store::entry::Direction;
use serde_json::{Value, json};

use super::office::{ANA, Office, REPLIES, typed};
use crate::support::stores;
use crate::web::site::Site;

const NUMBER: &str = "106540352242922";

impl Office {
    /// Something written from the number elsewhere comes in and is read.
    async fn echo(&self, field: &str, id: &str, mut content: Value) {
        content["id"] = json!(id);
        content["from"] = json!("5491155550100");
        content["to"] = json!(ANA);
        if content["timestamp"].is_null() {
            content["timestamp"] = json!((self.clock.now().0 / 1000).to_string());
        }
        self.store_body_of(NUMBER, field, json!({ "message_echoes": [content] })).await;
        self.read().await;
    }

    async fn thread(&self, id: ConversationId) -> Vec<Bubble> {
        conversation::thread(self.store(), id).await.unwrap()
    }
}

fn said(line: &Bubble) -> (Direction, &str, String) {
    let words = match &line.shown {
        Shown::Reply { content: ReplyContent::Text { body } } | Shown::Text { body } => body.clone(),
        Shown::Template { text } => text.body.clone(),
        other => format!("{other:?}"),
    };
    (line.direction, line.author.as_str(), words)
}

#[tokio::test]
async fn what_the_house_writes_on_the_phone_stands_in_the_thread_once_and_answers_whoever_waits() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        office.message(run, ANA).await;
        office.writes(ANA, "¿a qué hora?").await;
        assert!(office.conversations().await[0].waiting_since.is_some());
        office.advance(1);
        for _ in 0..2 {
            office.echo("smb_message_echoes", "wamid.echo", typed("A las diez. Traiga la orden.")).await;
        }
        let c = office.conversations().await.remove(0);
        assert_eq!((c.state, c.waiting_since), (ConversationState::Open, None), "{}", store.name());
        let lines = office.thread(c.id).await;
        let told: Vec<_> = lines.iter().map(said).collect();
        assert_eq!(
            told[1..],
            [
                (Direction::In, "", "¿a qué hora?".to_owned()),
                (Direction::Out, "phone app", "A las diez. Traiga la orden.".to_owned()),
            ],
            "{}",
            store.name()
        );
        assert_eq!(lines[2].ticks, None, "nothing was sent from here");
        let ours = office.numbers("SELECT COUNT(*) FROM message").await;
        assert_eq!(ours, [1], "no message is made of it");
        // The person answers what was written on the phone.
        let mut answer = typed("Gracias");
        answer["context"] = json!({ "id": "wamid.echo" });
        office.reply(ANA, answer).await;
        let lines = office.thread(c.id).await;
        assert_eq!(lines[3].quotes, Some(lines[2].id), "{}", store.name());
        let words = office.words("SELECT content FROM entry WHERE direction = 'out' AND message_id IS NULL").await;
        assert_eq!(words.len(), 1);
    }
}

#[tokio::test]
async fn an_echo_asks_nobody_for_anything_and_one_of_our_own_messages_is_none() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        let ours = office.message(run, "5491155550999").await;
        office.echo("message_echoes", &format!("wamid.{ours}"), typed("Hola Ana")).await;
        assert!(office.conversations().await.is_empty(), "{}", store.name());
        office.echo("message_echoes", "wamid.other", typed("Su estudio está listo")).await;
        let c = office.conversations().await.remove(0);
        assert_eq!((c.state, c.waiting_since, c.window_until), (ConversationState::Closed, None, None));
        assert_eq!(said(&office.thread(c.id).await[0]).1, "other system");
        office.writes(ANA, "¿Puedo pasar hoy?").await;
        let all = office.conversations().await;
        assert_eq!(all.len(), 1, "she answers there: {}", store.name());
        let asked = all[0].waiting_since;
        // What was written before she asked is told late: it answers nothing.
        let mut late = typed("Buen día");
        late["timestamp"] = json!((office.clock.now().0 / 1000 - 60).to_string());
        office.echo("smb_message_echoes", "wamid.late", late).await;
        assert_eq!(office.conversations().await[0].waiting_since, asked, "{}", store.name());
        // A group is nobody.
        let mut group = typed("a todos");
        group["group_id"] = json!("g1");
        office.echo("smb_message_echoes", "wamid.group", group).await;
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry").await, [3], "{}", store.name());
    }
}

#[tokio::test]
async fn what_was_written_on_the_phone_is_found_goes_with_its_time_and_with_its_person() {
    for store in stores().await {
        let office = Office::new(&store);
        office.echo("smb_message_echoes", "wamid.echo", typed("Traiga la orden del médico")).await;
        let found = office.numbers("SELECT COUNT(*) FROM entry_words").await;
        assert_eq!(found, [1], "{}", store.name());
        let id = office.engine.person_of(&format!("+{ANA}")).await.unwrap().unwrap().unwrap().id;
        let told = serde_json::to_value(office.engine.export_person(id).await.unwrap()).unwrap();
        assert!(told["entries"][0]["content"].as_str().unwrap().contains("médico"), "{told}");
        office.engine.erase_person(id).await.unwrap().unwrap();
        assert_eq!(office.words("SELECT content FROM entry").await, [r#"{"kind":"text","body":""}"#]);
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry_words").await, [0], "{}", store.name());
    }
}

#[tokio::test]
async fn the_ad_that_led_a_person_to_write_stands_over_their_words() {
    for store in stores().await {
        let office = Office::new(&store);
        let mut first = typed("Quiero más información");
        first["referral"] = json!({ "source_url": "https://fb.example/ad", "source_id": "120", "source_type": "ad",
            "headline": "Chequeo completo", "body": "50 % este mes", "ctwa_clid": "c" });
        office.reply(ANA, first).await;
        let c = office.conversations().await.remove(0);
        let lines = office.thread(c.id).await;
        let expected = Referral {
            kind: "ad".to_owned(),
            id: Some("120".to_owned()),
            headline: Some("Chequeo completo".to_owned()),
            body: Some("50 % este mes".to_owned()),
            url: Some("https://fb.example/ad".to_owned()),
        };
        assert_eq!(lines[0].referral.as_ref(), Some(&expected), "{}", store.name());
        office.echo("smb_message_echoes", "wamid.echo", typed("¡Claro!")).await;
        let site = Site::over(&office.engine);
        let visitor = site.visitor(Role::Admin).await;
        let page = site.get(&format!("/conversations/{}", c.id), Some(&visitor)).await.body;
        for words in ["Chequeo completo", "https://fb.example/ad", "¡Claro!", "From the phone app"] {
            assert!(page.contains(words), "{words} is not shown: {page}");
        }
        let id = office.engine.person_of(&format!("+{ANA}")).await.unwrap().unwrap().unwrap().id;
        office.engine.erase_person(id).await.unwrap().unwrap();
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry WHERE referral IS NOT NULL").await, [0]);
    }
}
