//! A reply that could belong to several messages: an agent says which one it answers. Notes among agents.

use axum::http::{Method, StatusCode};
use recado::domain::id::MessageId;
use recado::domain::role::Role;
use recado::store::audit;
use recado::store::conversation;
use serde_json::{Value, json};

use super::office::{ANA, Office, REPLIES};
use crate::support::stores;
use crate::web::site::Site;

/// Two reminders wait for an answer, and one comes that could be to either.
async fn unclear(office: &Office) -> (MessageId, MessageId) {
    let first = office.message(office.run("es_AR", REPLIES).await, ANA).await;
    office.advance(1);
    let second = office.message(office.run("es_AR", "close_after = \"10h\"").await, ANA).await;
    office.writes(ANA, "sí").await;
    (first, second)
}

#[tokio::test]
async fn an_unclear_reply_shows_the_messages_it_may_answer_with_their_exact_text() {
    for store in stores().await {
        let office = Office::new(&store);
        let (first, second) = unclear(&office).await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let page = site.get(&format!("/conversations/{id}"), Some(&agent)).await.body;
        assert_eq!(page.matches("data-test=\"choice\"").count(), 2, "{}", store.name());
        assert!(page.contains("Hola Ana, mañana es su turno.") && page.contains("Turnos, row 7"), "{page}");
        let token = site.token(Role::Agent).await;
        let document = site.call(Method::GET, &format!("/api/v1/conversations/{id}"), &token, "", None).await.json();
        let choices = document["choices"].as_array().unwrap();
        let told: Vec<&Value> = choices.iter().map(|c| &c["message"]).collect();
        assert_eq!(told, [&json!(second), &json!(first)]);
        let about = (&choices[1]["campaign"], &choices[1]["row"], &choices[1]["text"]["body"]);
        assert_eq!(about, (&json!("Turnos"), &json!(7), &json!("Hola Ana, mañana es su turno.")));
        assert_eq!(choices[0]["sent_at"].as_i64().unwrap() - choices[1]["sent_at"].as_i64().unwrap(), 3_600_000);
    }
}

#[tokio::test]
async fn while_a_reply_is_unclear_nothing_is_decided_though_the_conversation_is_about_a_message() {
    for store in stores().await {
        let office = Office::new(&store);
        let (first, second) = unclear(&office).await;
        let id = office.conversations().await[0].id;
        office.change(&format!("UPDATE conversation SET origin_message_id = {first}")).await;
        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        let off = "data-test=\"set-confirmed\" disabled";
        let page = site.get(&path, Some(&agent)).await.body;
        assert!(page.contains(off) && page.contains("data-test=\"outcome-waits\""), "{}: {page}", store.name());
        let early = site.post(&format!("{path}/outcome"), &agent, &[("outcome", "confirmed")]).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{}", store.name());
        let (token, body) = (site.token(Role::Agent).await, "{\"outcome\":\"confirmed\"}");
        let early = site.call(Method::POST, &format!("/api/v1{path}/outcome"), &token, body, None).await;
        assert_eq!(
            (early.status, &early.json()["type"]),
            (StatusCode::CONFLICT, &json!("/api/docs#problem-outcome_unclear"))
        );
        assert_eq!((office.outcomes(first).await, office.outcomes(second).await), (vec![], vec![]), "{}", store.name());

        site.post(&format!("{path}/about"), &agent, &[("message", &second.to_string())]).await;
        assert!(!site.get(&path, Some(&agent)).await.body.contains(off), "{}", store.name());
        site.post(&format!("{path}/outcome"), &agent, &[("outcome", "confirmed")]).await;
        assert_eq!(office.outcomes(second).await, ["confirmed"], "{}", store.name());
    }
}

#[tokio::test]
async fn an_agent_picks_the_one_it_answers_and_can_then_set_what_was_decided() {
    for store in stores().await {
        let office = Office::new(&store);
        let (first, second) = unclear(&office).await;
        let stranger = office.message(office.run("es_AR", REPLIES).await, "5491155550999").await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        let early = site.post(&format!("{path}/outcome"), &agent, &[("outcome", "confirmed")]).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{}", store.name());
        let wrong = site.post(&format!("{path}/about"), &agent, &[("message", &stranger.to_string())]).await;
        assert_eq!(wrong.status, StatusCode::CONFLICT, "another person's message is no choice");

        let picked = site.post(&format!("{path}/about"), &agent, &[("message", &first.to_string())]).await;
        assert_eq!(picked.leads_to(), format!("{path}?done=about"), "{}", picked.body);
        let found = conversation::get(&store, id).await.unwrap().unwrap();
        let run = office.numbers(&format!("SELECT run_id FROM message WHERE id = {first}")).await[0];
        assert_eq!((found.origin_message_id, found.run_id.map(|r| r.0)), (Some(first), Some(run)));
        assert_eq!(office.words("SELECT certainty FROM entry WHERE direction = 'in'").await, ["set"]);
        let thread = conversation::thread(&store, id).await.unwrap();
        assert_eq!(thread[0].message_id, Some(first), "the message stands before its reply");
        assert!(!site.get(&path, Some(&agent)).await.body.contains("data-test=\"choices\""));

        site.post(&format!("{path}/outcome"), &agent, &[("outcome", "cancelled")]).await;
        site.post(&format!("{path}/outcome"), &agent, &[("outcome", "confirmed")]).await;
        assert_eq!(office.outcomes(first).await, ["cancelled", "confirmed"]);
        assert!(office.outcomes(second).await.is_empty());
        let token = site.token(Role::Agent).await;
        let document = site.call(Method::GET, &format!("/api/v1{path}"), &token, "", None).await.json();
        assert_eq!(document["outcome"], "confirmed", "the last one counts");
        let deeds = audit::page(&store, i64::MAX, "", "conversation.about", 10).await.unwrap();
        assert_eq!((deeds.len(), deeds[0].detail.clone()), (1, format!("message {first}")));
    }
}

#[tokio::test]
async fn a_choice_is_made_once_also_through_the_api() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (_, second) = unclear(&office).await;
    let id = office.conversations().await[0].id;
    let site = Site::over(&office.engine);
    let token = site.token(Role::Agent).await;
    let (path, body) = (format!("/api/v1/conversations/{id}/about"), json!({ "message": second }).to_string());
    let picked = site.call(Method::POST, &path, &token, &body, None).await;
    assert_eq!((picked.status, &picked.json()["origin_message_id"]), (StatusCode::OK, &json!(second)));
    assert_eq!(picked.json()["close_after"], 36_000_000, "as the campaign says from now on");
    let again = site.call(Method::POST, &path, &token, &body, None).await;
    assert_eq!((again.status, &again.json()["type"]), (StatusCode::CONFLICT, &json!("/api/docs#problem-choice_gone")));
}

#[tokio::test]
async fn a_note_stands_in_the_thread_and_nothing_is_sent() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        let noted = site.post(&format!("{path}/note"), &agent, &[("text", " viene a las 11 ")]).await;
        assert_eq!(noted.leads_to(), format!("{path}?done=noted"), "{}", noted.body);
        let token = site.token(Role::Agent).await;
        let through =
            site.call(Method::POST, &format!("/api/v1{path}/note"), &token, r#"{"text":"llamó"}"#, None).await;
        assert_eq!(through.status, StatusCode::NO_CONTENT, "{}", through.body);
        let page = site.get(&path, Some(&agent)).await.body;
        assert_eq!(page.matches("data-test=\"bubble-note\"").count(), 2, "{}", store.name());
        assert!(page.contains("Note by agent, not sent") && page.contains(">viene a las 11<"), "{page}");
        let document = site.call(Method::GET, &format!("/api/v1{path}"), &token, "", None).await.json();
        assert_eq!(document["thread"][1]["direction"], "note");
        assert!(office.words("SELECT content FROM message").await.is_empty(), "a note is no message");
        let waits = office.conversations().await[0].waiting_since;
        assert!(waits.is_some(), "a note answers nobody");
        for wrong in ["", "  ", &"x".repeat(4_097)] {
            let refused = site.post(&format!("{path}/note"), &agent, &[("text", wrong)]).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        }
        let deed = audit::page(&store, i64::MAX, "", "conversation.note", 10).await.unwrap();
        assert!(deed.len() == 2 && deed.iter().all(|d| d.detail.is_empty()), "the audit has no copy of the words");
    }
}
