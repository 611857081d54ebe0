//! Which message a reply answers, and whose the conversation is.

use serde_json::json;

use super::office::{ANA, Office, REPLIES, typed};
use crate::support::stores;

#[tokio::test]
async fn a_quote_is_certain_even_among_several() {
    for store in stores().await {
        let office = Office::new(&store);
        let first = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let second = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let mut quote = typed("sí");
        quote["context"] = json!({ "id": format!("wamid.{first}") });
        office.reply(ANA, quote).await;
        assert_eq!(office.outcomes(first).await, ["confirmed"], "{}", store.name());
        assert!(office.outcomes(second).await.is_empty());
        assert_eq!(office.words("SELECT certainty FROM entry WHERE direction = 'in'").await, ["certain"]);
    }
}

#[tokio::test]
async fn several_candidates_write_no_outcome_and_ask_a_person() {
    for store in stores().await {
        let office = Office::new(&store);
        let first = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let second = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.writes(ANA, "sí").await;
        assert!(
            office.outcomes(first).await.is_empty() && office.outcomes(second).await.is_empty(),
            "{}",
            store.name()
        );
        assert_eq!(office.words("SELECT certainty FROM entry WHERE direction = 'in'").await, ["ambiguous"]);
        assert!(office.conversations().await[0].waiting_since.is_some());
    }
}

#[tokio::test]
async fn a_message_is_likely_only_within_its_close_after_and_from_that_sender() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "close_after = \"10h\"\ntyped = { \"confirmed\" = [\"sí\"] }").await;
        let message = office.message(run, ANA).await;
        office.reply_to("106540352242923", ANA, typed("sí")).await;
        assert!(office.outcomes(message).await.is_empty(), "{}: written to another sender", store.name());
        office.advance(11);
        office.writes(ANA, "sí").await;
        assert!(office.outcomes(message).await.is_empty(), "{}: too late", store.name());
        let out_of_the_blue = office.conversations().await.pop().unwrap();
        assert_eq!(out_of_the_blue.origin_message_id, None);
    }
}

#[tokio::test]
async fn a_payload_of_another_installation_is_not_ours() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, "5491155550999").await;
        let tap =
            json!({ "type": "button", "button": { "payload": format!("b1.other.{message}.0"), "text": "Confirmo" } });
        office.reply(ANA, tap).await;
        assert!(office.outcomes(message).await.is_empty(), "{}", store.name());
        assert!(office.conversations().await[0].waiting_since.is_some());
    }
}

#[tokio::test]
async fn a_conversation_is_routed_as_the_campaign_says() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let run = office.run("es_AR", "").await;
        for (place, (route, agent, team)) in [
            ("", None, Some("recepcion")),
            ("team:ventas", None, Some("ventas")),
            ("agent:diego", Some(diego), Some("recepcion")),
            ("starter", Some(ana), Some("recepcion")),
            ("agent:nobody", None, Some("recepcion")),
            ("team:gone", None, Some("recepcion")),
        ]
        .into_iter()
        .enumerate()
        {
            let phone = format!("549115556{place:04}");
            let message = office.message_from(run, &phone, "lab", route).await;
            office.taps(&phone, message, "¿Qué?").await;
            let last = office.conversations().await.pop().unwrap();
            assert_eq!((last.assignee, last.team.as_deref()), (agent, team), "{} {route}", store.name());
        }
    }
}
