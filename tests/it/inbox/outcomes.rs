//! Outcomes, automatic answers, and what goes to a person.

use recado::store::conversation::ConversationState;
use serde_json::json;

use super::office::{ANA, Office, REPLIES, typed};
use crate::support::stores;

#[tokio::test]
async fn a_tapped_button_records_its_outcome_answers_and_closes_itself() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.taps(ANA, message, "Confirmo").await;
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}", store.name());
        assert_eq!(office.answers().await, ["¡Gracias! Te esperamos."]);
        let all = office.conversations().await;
        assert_eq!((all.len(), all[0].state, all[0].waiting_since), (1, ConversationState::Closed, None));
        assert_eq!(all[0].origin_message_id, Some(message));
    }
}

#[tokio::test]
async fn a_closed_exchange_asks_for_an_agent_when_the_person_writes_more() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.taps(ANA, message, "Confirmo").await;
        office.advance(1);
        office.writes(ANA, "¿Tengo que ir en ayunas?").await;
        let all = office.conversations().await;
        assert_eq!(all.len(), 1, "{}", store.name());
        assert_eq!((all[0].state, all[0].waiting_since), (ConversationState::Open, Some(office.clock.now())));
        assert_eq!(all[0].team.as_deref(), Some("recepcion"));
    }
}

#[tokio::test]
async fn words_that_match_are_an_outcome_and_others_ask_a_person() {
    for store in stores().await {
        let office = Office::new(&store);
        for (place, (language, text, outcome)) in [
            ("es_AR", "SÍ!!", Some("confirmed")),
            ("es_AR", "confirmo", Some("confirmed")),
            ("pt_BR", "👍🏽", Some("confirmed")),
            ("en", "No puedo.", Some("cancelled")),
            ("es_AR", "cancelar", Some("cancelled")),
            ("es_AR", "sí, pero a otra hora", None),
            ("pt_BR", "talvez", None),
        ]
        .into_iter()
        .enumerate()
        {
            let phone = format!("549115555{place:04}");
            let message = office.message(office.run(language, REPLIES).await, &phone).await;
            office.writes(&phone, text).await;
            assert_eq!(office.outcomes(message).await, Vec::from_iter(outcome), "{} {text}", store.name());
            let last = office.conversations().await.pop().unwrap();
            assert_eq!(last.waiting_since.is_none(), outcome.is_some(), "{} {text}", store.name());
            assert_eq!(last.origin_message_id, Some(message), "{text}");
        }
    }
}

#[tokio::test]
async fn the_last_answer_counts_and_all_are_kept() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.taps(ANA, message, "Confirmo").await;
        office.taps(ANA, message, "Cancelar").await;
        assert_eq!(office.outcomes(message).await, ["confirmed", "cancelled"]);
        let current = recado::store::outcome::current(&store, &[message]).await.unwrap();
        assert_eq!(current, [(message, "cancelled".to_owned())], "{}", store.name());
    }
}

#[tokio::test]
async fn the_same_webhook_twice_is_one_reply_and_one_answer() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let mut tap = office.tap(message, "Confirmo");
        for (key, value) in [("id", "wamid.once"), ("from", ANA), ("timestamp", "1795525200")] {
            tap[key] = json!(value);
        }
        for _ in 0..3 {
            office.store_body(json!({ "messages": [tap, tap] })).await;
        }
        office.read().await;
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}", store.name());
        assert_eq!(office.answers().await.len(), 1);
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry WHERE direction = 'in'").await, [1]);
    }
}

#[tokio::test]
async fn a_button_without_outcome_goes_to_a_person_with_the_exact_text_received() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", "").await, ANA).await;
        office.taps(ANA, message, "Confirmo").await;
        let all = office.conversations().await;
        assert!(all[0].waiting_since.is_some(), "{}", store.name());
        let thread = recado::store::conversation::thread(&store, all[0].id).await.unwrap();
        let shown = serde_json::to_value(&thread).unwrap();
        assert_eq!(shown[0]["shown"]["text"]["body"], "Hola Ana, mañana es su turno.");
        assert_eq!(shown[0]["ticks"]["state"], "accepted");
        assert_eq!(shown[1]["shown"]["content"]["text"], "Confirmo");
        assert_eq!(shown[1]["certainty"], "certain");
    }
}

#[tokio::test]
async fn every_kind_of_message_is_kept_and_shown() {
    for store in stores().await {
        let office = Office::new(&store);
        for content in [
            typed("hola"),
            json!({ "type": "audio", "audio": { "id": "100", "mime_type": "audio/ogg", "voice": true } }),
            json!({ "type": "image", "image": { "id": "101", "caption": "receta" } }),
            json!({ "type": "location", "location": { "latitude": -34.6, "longitude": -58.4, "name": "Casa" } }),
            json!({ "type": "contacts", "contacts": [{ "name": { "formatted_name": "Bo" } }] }),
            json!({ "type": "interactive", "interactive": { "type": "button_reply", "button_reply": { "id": "y", "title": "Sí" } } }),
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.x", "emoji": "🎉" } }),
            json!({ "type": "unsupported", "errors": [{ "code": 131_051, "title": "Message type unknown" }] }),
            json!({ "type": "from_the_future", "from_the_future": { "a": 1 } }),
        ] {
            office.reply(ANA, content).await;
        }
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry").await, [9], "{}", store.name());
        let all = office.conversations().await;
        assert_eq!(all.len(), 1);
        let thread = recado::store::conversation::thread(&store, all[0].id).await.unwrap();
        assert_eq!(thread.len(), 9, "{}", store.name());
    }
}

#[tokio::test]
async fn a_reaction_alone_asks_nobody() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let to = format!("wamid.{message}");
        office.reply(ANA, json!({ "type": "reaction", "reaction": { "message_id": to, "emoji": "🎉" } })).await;
        let all = office.conversations().await;
        assert_eq!((all[0].state, all[0].waiting_since), (ConversationState::Closed, None), "{}", store.name());
        office.reply(ANA, json!({ "type": "reaction", "reaction": { "message_id": to, "emoji": "👍" } })).await;
        assert_eq!(office.outcomes(message).await, ["confirmed"]);
    }
}
