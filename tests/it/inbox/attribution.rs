//! Which message a reply answers, and whose the conversation is.

use recado::store::conversation;
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
async fn a_first_reply_after_its_conversation_would_have_closed_still_answers_what_was_sent() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "close_after = \"1h\"\ntyped = { \"confirmed\" = [\"sí\"] }").await;
        let message = office.message_from(run, ANA, "lab", "team:ventas").await;
        office.reply_to("106540352242923", ANA, typed("sí")).await;
        assert!(office.outcomes(message).await.is_empty(), "{}: written to another sender", store.name());
        office.advance(50);
        office.writes(ANA, "¿a qué hora era?").await;
        let late = office.conversations().await.pop().unwrap();
        assert_eq!((late.origin_message_id, late.team.as_deref()), (Some(message), Some("ventas")), "{}", store.name());
        let thread = conversation::thread(&store, late.id).await.unwrap();
        assert_eq!((thread[0].message_id, thread[0].row, thread.len()), (Some(message), Some(7), 2));
        office.writes(ANA, "sí").await;
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}", store.name());
        office.advance(24 * 7);
        office.writes(ANA, "sí").await;
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}: too late", store.name());
    }
}

#[tokio::test]
async fn what_waits_goes_before_what_waits_no_more_and_what_came_together_stays_open() {
    for store in stores().await {
        let office = Office::new(&store);
        let short = "close_after = \"1h\"\ntyped = { \"confirmed\" = [\"sí\"] }";
        let old = office.message(office.run("es_AR", short).await, ANA).await;
        office.advance(5);
        let new = office.message(office.run("es_AR", short).await, ANA).await;
        office.advance(2);
        office.writes(ANA, "sí").await;
        assert_eq!(office.outcomes(new).await, ["confirmed"], "{}: what came last", store.name());
        assert!(office.outcomes(old).await.is_empty(), "{}", store.name());
        let luz = "5491155550125";
        let long = office.message(office.run("es_AR", &short.replace("1h", "48h")).await, luz).await;
        office.advance(5);
        let passed = office.message(office.run("es_AR", short).await, luz).await;
        office.advance(2);
        office.writes(luz, "sí").await;
        assert_eq!(office.outcomes(long).await, ["confirmed"], "{}: it waits still", store.name());
        assert!(office.outcomes(passed).await.is_empty(), "{}", store.name());
        let bea = "5491155550124";
        let both = [office.run("es_AR", short).await, office.run("es_AR", short).await];
        for run in both {
            office.message(run, bea).await;
        }
        office.advance(2);
        office.writes(bea, "sí").await;
        let last = office.words("SELECT certainty FROM entry WHERE direction = 'in' ORDER BY id DESC LIMIT 1").await;
        assert_eq!(last, ["ambiguous"], "{}: nobody knows which of the two", store.name());
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
