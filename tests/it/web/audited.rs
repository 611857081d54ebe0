//! Whatever somebody does to a conversation stands in the audit, without a word of what was written; and what an agent
//! decided stands in the outcome file.

use axum::http::StatusCode;
use recado::domain::id::{ConversationId, RunId};
use recado::domain::role::Role;
use recado::engine::results::Kind;
use recado::store::{audit, run, user};
use serde_json::json;

use super::site::Site;
use super::thread::{TEAMS, says};
use crate::engine::stage::{CAMPAIGN, Stage};
use crate::support::stores;

#[tokio::test]
async fn every_act_of_an_agent_is_in_the_audit_under_their_name_and_none_of_their_words() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        stage.run("one", CAMPAIGN, "id,nombre,telefono\nT-1,Ana,+5491150000000\n").await;
        stage.sender().drain().await;
        says(&stage, "wamid.in1", json!({"type": "text", "text": {"body": "¿a qué hora era?"}})).await;
        let (id, agent) = (ConversationId(1), site.visitor(Role::Agent).await);
        let admin = site.visitor(Role::Admin).await;
        let of = async |name: &str| user::by_name(&store, name).await.unwrap().unwrap().id.to_string();
        let (me, boss) = (of("agent").await, of("admin").await);
        let to_boss = format!("user:{boss}");
        for (name, act, fields, action) in [
            ("agent", "claim", vec![], "conversation.claim"),
            ("agent", "answer", vec![("text", "secreto uno")], "conversation.answer"),
            ("agent", "note", vec![("text", "secreto dos")], "conversation.note"),
            ("agent", "outcome", vec![("outcome", "cancelled")], "conversation.outcome"),
            ("agent", "promotions", vec![("wanted", "no")], "conversation.promotions"),
            ("agent", "ticket", vec![("subject", "secreto tres")], "ticket.open"),
            ("agent", "assign", vec![("to", to_boss.as_str()), ("note", "secreto cuatro")], "conversation.assign"),
            ("agent", "claim", vec![("from", boss.as_str())], "conversation.take_over"),
            ("admin", "claim", vec![("from", me.as_str())], "conversation.take_over"),
            ("admin", "close", vec![], "conversation.close"),
            ("admin", "reopen", vec![], "conversation.reopen"),
        ] {
            let who = if name == "agent" { &agent } else { &admin };
            let done = site.post(&format!("/conversations/{id}/{act}"), who, &fields).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{} {act}: {}", store.name(), done.body);
            let last = audit::page(&store, i64::MAX, "", "", 1).await.unwrap().remove(0);
            assert_eq!((last.actor.as_str(), last.action.as_str()), (name, action), "{} {act}", store.name());
        }
        let all = audit::page(&store, i64::MAX, "", "", 200).await.unwrap();
        let told = format!("{all:?}");
        assert!(!told.contains("secreto") && !told.contains("5491150000000"), "{told}");

        // In one click, and into the file for the clinic's own system.
        let target = store.dir.path().join("outcomes.csv");
        let run = run::get(&store, RunId(1)).await.unwrap().unwrap();
        stage.engine.make_result(&run, Kind::Outcomes, &target).await.unwrap();
        let file = std::fs::read_to_string(&target).unwrap();
        assert!(file.contains("T-1,cancelled"), "{}: {file}", store.name());
    }
}
