//! No more promotions: by words, by button, by the provider; and again.

use serde_json::json;

use super::office::{ANA, Office, REPLIES};
use crate::support::stores;

async fn suppressions(office: &Office) -> Vec<String> {
    office.words("SELECT scope FROM suppression WHERE lifted_at IS NULL ORDER BY id").await
}

#[tokio::test]
async fn opt_out_words_suppress_confirm_and_ask_nobody() {
    for store in stores().await {
        for (language, text, confirmation) in [
            ("es_AR", "BAJA", "Entendido: no le enviaremos"),
            ("pt_BR", "Sair!", "Entendido: você não receberá"),
            ("en_US", "Unsubscribe", "Understood: you will get"),
            ("pt_BR", "Chega", "Entendido: você"),
        ] {
            let office = Office::new(&store);
            office.change("DELETE FROM suppression").await;
            office.change("UPDATE message SET state = 'cancelled'").await;
            let phone = format!("5491155{:06}", text.len() * 1000 + language.len());
            let message = office.message(office.run(language, REPLIES).await, &phone).await;
            office.writes(&phone, text).await;
            assert_eq!(suppressions(&office).await, ["marketing"], "{} {text}", store.name());
            assert_eq!(office.outcomes(message).await, ["opted_out"], "{text}");
            let said = office.answers().await.pop().unwrap();
            assert!(said.starts_with(confirmation), "{text}: {said}");
            assert!(office.conversations().await.pop().unwrap().waiting_since.is_none(), "{text}");
        }
    }
}

#[tokio::test]
async fn what_stands_under_a_picture_or_replaces_what_was_typed_counts_as_typed() {
    for store in stores().await {
        for (at, (words, asks)) in [("BAJA", false), ("¿me dan de baja del plan?", true)].into_iter().enumerate() {
            let image = json!({"id": "100", "mime_type": "image/jpeg", "caption": words});
            let text = json!({"type": "text", "text": {"body": words}});
            let edit = json!({"original_message_id": "wamid.before", "message": text});
            for (kind, part) in [("image", image), ("edit", edit)] {
                let office = Office::new(&store);
                office.change("DELETE FROM suppression").await;
                let phone = format!("549115555{}00{at}", if kind == "edit" { 2 } else { 1 });
                office.reply(&phone, json!({"type": kind, kind: part})).await;
                assert_eq!(suppressions(&office).await, ["marketing"], "{} {kind} {words}", store.name());
                let waits = office.conversations().await.pop().unwrap().waiting_since.is_some();
                assert_eq!(waits, asks, "{} {kind} {words}", store.name());
            }
        }
    }
}

#[tokio::test]
async fn a_button_can_be_an_opt_out() {
    for store in stores().await {
        let office = Office::new(&store);
        let replies = r#"buttons = { "Não quero promoções" = { outcome = "opted_out", answer = "Tudo bem!" } }"#;
        let message = office.message(office.run("pt_BR", replies).await, ANA).await;
        office.taps(ANA, message, "Não quero promoções").await;
        assert_eq!(suppressions(&office).await, ["marketing"], "{}", store.name());
        assert_eq!(office.answers().await, ["Tudo bem!"]);
    }
}

#[tokio::test]
async fn the_sample_promotions_own_button_puts_its_person_on_the_do_not_send_list() {
    let sample = recado::intake::sample::SAMPLES.iter().find(|s| s.name == "promo-verao").unwrap();
    let (_, replies) = sample.definition.split_once("[replies.buttons]").unwrap();
    let (replies, _) = replies.split_once("\n[").unwrap_or((replies, ""));
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("pt_BR", &format!("[replies.buttons]{replies}")).await;
        let message = office.message(run, ANA).await;
        office.taps(ANA, message, "Não quero promoções").await;
        assert_eq!(suppressions(&office).await, ["marketing"], "{}", store.name());
        assert_eq!(office.outcomes(message).await, ["opted_out"]);
    }
}

fn preference(value: &str, at: i64) -> serde_json::Value {
    json!({ "user_preferences": [{ "wa_id": ANA, "detail": "…", "category": "marketing_messages", "value": value,
        "timestamp": at }] })
}

#[tokio::test]
async fn resuming_at_the_provider_undoes_only_what_was_told_to_the_provider() {
    for store in stores().await {
        let office = Office::new(&store);
        office.store_body_of("106540352242922", "user_preferences", preference("stop", 1_795_525_200)).await;
        office.read().await;
        assert_eq!(suppressions(&office).await, ["marketing"], "{}", store.name());
        office.writes(ANA, "baja").await;
        office.store_body_of("106540352242922", "user_preferences", preference("resume", 1_795_525_260)).await;
        office.read().await;
        assert_eq!(office.words("SELECT source FROM suppression WHERE lifted_at IS NULL").await, ["reply"]);
    }
}

#[tokio::test]
async fn an_older_resume_that_comes_later_does_not_undo_a_stop() {
    for store in stores().await {
        let office = Office::new(&store);
        for (value, at) in [("stop", 1_795_525_230), ("resume", 1_795_525_205)] {
            office.store_body_of("106540352242922", "user_preferences", preference(value, at)).await;
            office.read().await;
            office.advance(1);
        }
        assert_eq!(suppressions(&office).await, ["marketing"], "{}", store.name());
    }
}
