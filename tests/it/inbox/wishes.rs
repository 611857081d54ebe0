//! What people wish about promotions: clear sentences, words that may mean it, and promotions again.

use std::time::Duration;

use serde_json::json;

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

async fn open(office: &Office) -> Vec<String> {
    office.words("SELECT source FROM suppression WHERE lifted_at IS NULL ORDER BY id").await
}

#[tokio::test]
async fn a_clear_sentence_stops_promotions_and_asks_nobody() {
    for store in stores().await {
        let office = Office::new(&store);
        office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.writes(ANA, "Hola, quiero darme de baja, gracias").await;
        assert_eq!(open(&office).await, ["reply"], "{}", store.name());
        assert!(office.conversations().await[0].waiting_since.is_none());
        let scopes = office.words("SELECT scope FROM suppression").await;
        assert_eq!(scopes, ["marketing"], "reminders go on, {}", store.name());
    }
}

#[tokio::test]
async fn a_word_inside_another_sentence_holds_promotions_until_an_agent_decides() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "¿me pueden dar de baja el turno del lunes?").await;
        assert_eq!(open(&office).await, ["word"], "{}", store.name());
        let talk = &office.conversations().await[0];
        assert!(talk.waiting_since.is_some(), "an agent reads it, {}", store.name());
        assert!(office.inbox.set_promotions(talk.id, true, "eva", NOW).await.unwrap().is_done());
        assert_eq!(open(&office).await, [""; 0], "{}", store.name());
        office.writes(ANA, "mejor la baja completa").await;
        assert!(office.inbox.set_promotions(talk.id, false, "eva", NOW).await.unwrap().is_done());
        assert_eq!(open(&office).await, ["person"], "what was only held is decided, {}", store.name());
    }
}

#[tokio::test]
async fn promotions_come_again_when_the_person_asks_for_them_and_only_then() {
    for store in stores().await {
        for (stop, again, said) in
            [("BAJA", "ALTA", "volverá a recibir"), ("Sair", "voltar", "voltará a receber"), ("stop", "START", "")]
        {
            let office = Office::new(&store);
            office.change("DELETE FROM suppression").await;
            office.writes(ANA, stop).await;
            assert_eq!(open(&office).await, ["reply"], "{}", store.name());
            // Of two words of one second it is the stop that counts.
            office.writes(ANA, again).await;
            assert_eq!(open(&office).await, ["reply"], "{} {again}", store.name());
            office.clock.advance(Duration::from_secs(1));
            office.writes(ANA, again).await;
            assert_eq!(open(&office).await, [""; 0], "{} {again}", store.name());
            assert!(office.answers().await.pop().unwrap().contains(said), "{again}");
        }
        let office = Office::new(&store);
        let before = office.answers().await.len();
        office.writes(ANA, "alta").await;
        assert_eq!(office.answers().await.len(), before, "nobody had stopped anything, {}", store.name());
    }
}

#[tokio::test]
async fn what_was_told_to_whatsapp_itself_is_not_undone_by_a_word_and_outlives_a_changed_number() {
    for store in stores().await {
        let office = Office::new(&store);
        let stop = json!({ "user_preferences": [{ "wa_id": ANA, "category": "marketing_messages", "value": "stop", "timestamp": 1_795_525_200 }] });
        office.store_body_of("106540352242922", "user_preferences", stop).await;
        office.read().await;
        office.writes(ANA, "ALTA").await;
        assert_eq!(open(&office).await, ["preference"], "{}", store.name());
        let moved =
            json!({"type": "system", "system": {"type": "user_changed_number", "wa_id": "5491155550999", "body": "…"}});
        office.reply(ANA, moved).await;
        let phones = recado::store::suppression::phones(office.store(), true).await.unwrap();
        assert!(phones.contains("5491155550999"), "{} {phones:?}", store.name());
    }
}
